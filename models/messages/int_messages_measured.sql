-- One row per message of a known source and contact: what is measured of it, by the domain settings in
-- force at its first send event and by its source. The settings before a domain's first row are
-- those of that row; a source whose domain has no row counts as aesthetix, not dedicated.
with

messages as (
    select *
    from {{ affected('int_messages_known') }}
),

toggles as (
    select * from {{ ref('int_email_sources_toggled') }}
),

sending_domains as (
    select
        sending_domain,
        is_first,
        valid_from,
        valid_to,
        {%- for family, event_type in service_families().items() %}
        {{ service_availability('domain_settings', event_type) }} as {{ family }}_availability,
        {%- endfor %}
        {{ tracking_availability('domain_settings', 'opened', 'is_open_tracking_enabled') }} as open_availability,
        {{ tracking_availability('domain_settings', 'clicked', 'is_click_tracking_enabled') }} as click_availability
    from {{ ref('dim_sending_domains') }} as domain_settings
),

measured as (
    select
        messages.*,
        sending_domains.valid_from as domain_settings_valid_from,
        {%- for family in service_families() %}
        coalesce(sending_domains.{{ family }}_availability, 'measured') as {{ family }}_availability,
        {%- endfor %}
        coalesce(sending_domains.open_availability, 'not_tracked') as open_availability,
        case
            when messages.email_source_type = 'campaign' and messages.campaign_kind in ('ab_test', 'rss')
                then 'not_supported'
            when messages.email_source_type = 'campaign' and not toggles.is_click_tracking_enabled then 'not_tracked'
            else coalesce(sending_domains.click_availability, 'not_tracked')
        end as click_availability
    from messages
    inner join toggles on messages.email_source_id = toggles.email_source_id
    left join sending_domains
        on
            messages.sending_domain = sending_domains.sending_domain
            and (messages.first_send_event_at >= sending_domains.valid_from or sending_domains.is_first)
            and (messages.first_send_event_at < sending_domains.valid_to or sending_domains.valid_to is null)
),

final as (
    select
        message_id,
        email_source_id,
        email_source_type,
        contact_id,
        recipient_contact_id,
        recipient_email,
        variant,
        hard_bounced_reason,
        soft_bounced_reason,
        failed_reason,
        skipped_reason,
        {%- for family in service_families() %}
        {{ family }}_availability,
        {%- endfor %}
        open_availability,
        click_availability,
        case
            when email_source_type = 'campaign' and coalesce(campaign_kind, 'standard') = 'standard'
                then click_availability
            else 'not_supported'
        end as link_click_availability,
        send_events,
        is_test,
        is_winner_rollout,
        domain_settings_valid_from,
        first_send_event_at,
        last_send_event_at,
        first_skipped_event_at,
        first_failed_event_at,
        first_sent_event_at,
        first_accepted_event_at,
        first_deferred_event_at,
        first_rejected_event_at,
        first_delivered_event_at,
        last_delivered_event_at,
        first_soft_bounced_event_at,
        first_hard_bounced_event_at,
        last_hard_bounced_event_at
    from measured
)

select * from final
