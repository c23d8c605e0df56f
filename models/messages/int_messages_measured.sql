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
    select * from {{ ref('dim_sending_domains') }}
),

in_force as (
    select
        messages.*,
        toggles.is_click_tracking_enabled as has_click_toggle,
        sending_domains.valid_from as domain_settings_valid_from,
        coalesce(sending_domains.sending_service, 'aesthetix') as sending_service,
        coalesce(sending_domains.is_dedicated and sending_domains.is_open_tracking_enabled, false)
            as has_open_tracking,
        coalesce(sending_domains.is_dedicated and sending_domains.is_click_tracking_enabled, false)
            as has_click_tracking
    from messages
    inner join toggles on messages.email_source_id = toggles.email_source_id
    left join sending_domains
        on
            messages.sending_domain = sending_domains.sending_domain
            and (messages.first_send_event_at >= sending_domains.valid_from or sending_domains.is_first)
            and (messages.first_send_event_at < sending_domains.valid_to or sending_domains.valid_to is null)
),

measured as (
    select
        *,
        case when sending_service = 'external_smtp' then 'not_reported' else 'measured' end as delivery_availability,
        case
            when sending_service = 'external_smtp' or has_open_tracking then 'measured'
            else 'not_tracked'
        end as open_availability,
        case
            when email_source_type = 'campaign' and campaign_kind in ('ab_test', 'rss') then 'not_supported'
            when email_source_type = 'campaign' and not has_click_toggle then 'not_tracked'
            when sending_service = 'external_smtp' or has_click_tracking then 'measured'
            else 'not_tracked'
        end as click_availability
    from in_force
),

final as (
    select
        message_id,
        email_source_id,
        email_source_type,
        contact_id,
        recipient_contact_id,
        recipient_email,
        hard_bounced_reason,
        soft_bounced_reason,
        failed_reason,
        skipped_reason,
        delivery_availability,
        open_availability,
        click_availability,
        case
            when email_source_type = 'campaign' and coalesce(campaign_kind, 'standard') = 'standard'
                then click_availability
            else 'not_supported'
        end as link_click_availability,
        send_events,
        is_test,
        domain_settings_valid_from,
        first_send_event_at,
        last_send_event_at,
        first_skipped_event_at,
        first_failed_event_at,
        first_sent_event_at,
        first_accepted_event_at,
        first_rejected_event_at,
        first_delivered_event_at,
        last_delivered_event_at,
        first_soft_bounced_event_at,
        first_hard_bounced_event_at,
        last_hard_bounced_event_at
    from measured
)

select * from final
