-- One row an email source and check, every source and every check: the guide's troubleshooting list. What
-- is affected (messages, clicks, orders, rows, event types) doesn't add up over checks.
with

sources as (
    select * from {{ ref('dim_email_sources') }}
),

-- One row: the policy that the settings name.
policies as (
    select *
    from {{ ref('dim_attribution_policies') }}
    where is_active
),

sending_domains as (
    select * from {{ ref('dim_sending_domains') }}
),

links as (
    select * from {{ ref('dim_links') }}
),

-- DuckDB only: read by each step anew, not kept in memory.
messages as not materialized (
    select * from {{ ref('fct_messages') }}
),

engagement_events as (
    select * from {{ ref('fct_engagement_events') }}
),

conversions as (
    select * from {{ ref('fct_conversions') }}
),

candidates as (
    select * from {{ ref('fct_conversion_candidates') }}
),

quarantined_events as (
    select * from {{ ref('fct_quarantined_events') }}
),

orphan_counts as (
    select * from {{ ref('fct_orphans') }}
),

performance as (
    select * from {{ ref('email_performance') }}
),

-- What is known of each source: its messages, by the settings of its domain that were in force.
message_totals as (
    select
        email_source_id,
        count(*) filter (where not is_test) as messages,
        count(*) filter (where is_test) as test_messages
    from messages
    group by email_source_id
),

sent_under as (
    select
        email_source_id,
        domain_settings_valid_from,
        count(*) as messages,
        max(booked_at) as last_booked_at
    from messages
    where not is_test
    group by email_source_id, domain_settings_valid_from
),

-- A source that has sent nothing is judged by what its domain is set to now.
in_force as (
    select
        sources.email_source_id,
        sending_domains.sending_domain is not null as has_settings,
        coalesce(sending_domains.sending_service, 'aesthetix') as sending_service,
        sending_domains.webhook_event_types,
        coalesce(sent_under.messages, 0) as messages,
        coalesce(sending_domains.is_dedicated, false) as is_dedicated,
        sending_domains.is_open_tracking_enabled,
        sending_domains.is_click_tracking_enabled,
        sending_domains.is_spf_verified,
        sending_domains.is_dkim_verified,
        sending_domains.is_tracking_cname_verified,
        sent_under.last_booked_at
    from sources
    left join sent_under on sources.email_source_id = sent_under.email_source_id
    left join sending_domains
        on
            sources.sending_domain = sending_domains.sending_domain
            and (
                sent_under.domain_settings_valid_from = sending_domains.valid_from
                or (sent_under.email_source_id is null and sending_domains.valid_to is null)
            )
),

judged as (
    select
        in_force.*,
        in_force.sending_service = 'external_smtp' as is_external,
        in_force.sending_service = 'aesthetix' and in_force.has_settings and not in_force.is_dedicated as is_shared,
        in_force.sending_service = 'aesthetix' and in_force.is_dedicated as is_trackable,
        {{ unverified_records('in_force') }} as unverified_records,
        {{ missing_event_types('in_force') }} as missing_event_types
    from in_force
),

settings as (
    select
        email_source_id,
        max_by(sending_service, last_booked_at) as last_sending_service,
        max(unverified_records) as unverified_records,
        max(missing_event_types) as missing_event_types,
        sum(messages) filter (where not has_settings) as unknown_messages,
        sum(messages) filter (where is_external) as external_messages,
        sum(messages) filter (where is_shared) as shared_messages,
        sum(messages) filter (where is_trackable and not is_open_tracking_enabled) as open_off_messages,
        sum(messages) filter (where is_trackable and not is_click_tracking_enabled) as click_off_messages,
        sum(messages) filter (where unverified_records is not null) as unverified_messages,
        sum(messages) filter (where missing_event_types is not null) as unreported_messages,
        bool_and(has_settings) as has_settings,
        bool_or(is_external) as has_external,
        bool_and(is_external) as is_all_external,
        bool_or(is_shared) as has_shared,
        bool_or(is_trackable and not is_open_tracking_enabled) as has_open_off,
        bool_or(is_trackable and not is_click_tracking_enabled) as has_click_off
    from judged
    group by email_source_id
),

current_settings as (
    select
        sending_domains.sending_domain,
        sending_domains.sending_service,
        sending_domains.webhook_event_types,
        {{ unverified_records('sending_domains') }} as unverified_records,
        {{ missing_event_types('sending_domains') }} as missing_event_types,
        sending_domains.is_dedicated,
        sending_domains.is_open_tracking_enabled,
        sending_domains.is_click_tracking_enabled
    from sending_domains
    where sending_domains.valid_to is null
),

events as (
    select
        email_source_id,
        event_type,
        exclusion_reason,
        count(*) as events
    from engagement_events
    group by email_source_id, event_type, exclusion_reason
),

excluded_clicks as (
    select
        email_source_id,
        string_agg(
            format('{:,} ', events) || {{ exclusion_in_words('exclusion_reason') }},
            ', ' order by events desc, exclusion_reason asc
        ) as excluded_click_list,
        sum(events) as excluded_clicks,
        bool_or({{ is_mistake('exclusion_reason') }}) as has_mistaken_clicks
    from events
    where event_type = 'clicked' and exclusion_reason is not null
    group by email_source_id
),

untracked_links as (
    select
        email_source_id,
        count(*) as links,
        count(*) filter (where exclusion_reason is not null) as untracked_links,
        count(*) filter (where {{ is_mistake('exclusion_reason') }}) as mistaken_links
    from links
    group by email_source_id
),

-- What came from a sending domain at all, by whichever source.
received as (
    select
        performance.sending_domain,
        sum(performance.sent) as sent,
        sum(performance.sent_reported) as sent_reported,
        sum(performance.sent) filter (where performance.open_availability = 'measured') as sent_open_tracked,
        sum(performance.sent) filter (where performance.click_availability = 'measured') as sent_click_tracked,
        sum(performance.delivered - performance.delivered_inferred) as delivered,
        sum(performance.soft_bounced) as soft_bounced,
        sum(performance.hard_bounced) as hard_bounced
    from performance
    group by performance.sending_domain
),

engaged as (
    select
        sources.sending_domain,
        sum(events.events) filter (where events.event_type = 'opened') as opened,
        sum(events.events) filter (where events.event_type = 'clicked') as clicked,
        sum(events.events) filter (where events.event_type = 'replied') as replied,
        sum(events.events) filter (where events.event_type = 'unsubscribed') as unsubscribed,
        sum(events.events) filter (where events.event_type = 'complained') as complained
    from events
    inner join sources on events.email_source_id = sources.email_source_id
    group by sources.sending_domain
),

domain_events as (
    select
        received.*,
        coalesce(engaged.opened, 0) as opened,
        coalesce(engaged.clicked, 0) as clicked,
        coalesce(engaged.replied, 0) as replied,
        coalesce(engaged.unsubscribed, 0) as unsubscribed,
        coalesce(engaged.complained, 0) as complained
    from received
    left join engaged on received.sending_domain = engaged.sending_domain
),

never_received as (
    select
        sending_domain,
        sent,
        {{ event_types_never_received('domain_events') }} as event_types
    from domain_events
),

all_orders as (
    select count(*) as orders
    from conversions
    where conversion_type = 'order'
),

late_orders as (
    select
        messages.email_source_id,
        count(*) as late_orders
    from conversions
    inner join messages on conversions.last_touch_message_id = messages.message_id
    where conversions.conversion_type = 'order' and conversions.unattributed_reason = 'outside_window'
    group by messages.email_source_id
),

currencies as (
    select
        email_source_id,
        string_agg(distinct currency, ', ' order by currency) as currencies
    from conversions
    where is_attributed and conversion_type = 'order' and revenue is null
    group by email_source_id
),

-- Who may have converted because of a source: it came to one of the candidates before.
ambiguous_conversions as (
    select distinct
        messages.email_source_id,
        candidates.conversion_type,
        candidates.conversion_id
    from candidates
    inner join messages
        on candidates.contact_id = messages.contact_id and candidates.converted_at >= messages.sent_at
    where messages.is_sent and not messages.is_test
),

ambiguous as (
    select
        email_source_id,
        count(*) as ambiguous_conversions
    from ambiguous_conversions
    group by email_source_id
),

quarantined_reasons as (
    select
        email_source_id,
        reason,
        count(*) as quarantined_rows
    from quarantined_events
    group by email_source_id, reason
),

quarantined_counts as (
    select
        email_source_id,
        string_agg(
            format('{:,} ', quarantined_rows) || reason, ', ' order by quarantined_rows desc, reason asc
        ) as quarantined_list,
        sum(quarantined_rows) as quarantined_rows
    from quarantined_reasons
    group by email_source_id
),

evidence as (
    select
        sources.email_source_id,
        sources.email_source_type,
        coalesce(sources.workflow_name, sources.email_source_name, sources.email_source_id) as workflow_name,
        coalesce(sources.campaign_kind, 'none') as campaign_kind,
        coalesce(sources.status, 'no status') as status,
        coalesce(sources.sending_domain, '(none named)') as sending_domain,
        sources.is_click_tracking_enabled,
        {{ is_eligible('sources', 'policies') }} as is_eligible,
        replace(policies.source_types, ' ', ', ') as eligible_source_types,
        policies.style as attribution_style,
        policies.window_in_words,
        coalesce(message_totals.messages, 0) as messages,
        coalesce(message_totals.test_messages, 0) as test_messages,
        case
            when coalesce(message_totals.messages, 0) = 0 then 'nothing sent yet'
            else {{ counted('message_totals.messages', 'message') }}
        end as extent,
        settings.last_sending_service,
        settings.unverified_records,
        settings.missing_event_types,
        coalesce(settings.unknown_messages, 0) as unknown_messages,
        coalesce(settings.external_messages, 0) as external_messages,
        coalesce(settings.shared_messages, 0) as shared_messages,
        coalesce(settings.open_off_messages, 0) as open_off_messages,
        coalesce(settings.click_off_messages, 0) as click_off_messages,
        coalesce(settings.unverified_messages, 0) as unverified_messages,
        coalesce(settings.unreported_messages, 0) as unreported_messages,
        settings.has_settings,
        settings.has_external,
        settings.is_all_external,
        settings.has_shared,
        settings.has_open_off,
        settings.has_click_off,
        current_settings.sending_service as current_sending_service,
        current_settings.webhook_event_types as current_webhook_event_types,
        current_settings.unverified_records as current_unverified_records,
        current_settings.missing_event_types as current_missing_event_types,
        coalesce(current_settings.is_dedicated, false) as is_dedicated_now,
        coalesce(current_settings.is_open_tracking_enabled, false) as is_open_tracking_on_now,
        coalesce(current_settings.is_click_tracking_enabled, false) as is_click_tracking_on_now,
        excluded_clicks.excluded_click_list,
        coalesce(excluded_clicks.excluded_clicks, 0) as excluded_clicks,
        coalesce(excluded_clicks.has_mistaken_clicks, false) as has_mistaken_clicks,
        coalesce(untracked_links.links, 0) as links,
        coalesce(untracked_links.untracked_links, 0) as untracked_links,
        coalesce(untracked_links.mistaken_links, 0) as mistaken_links,
        coalesce(never_received.sent, 0) as domain_sent,
        never_received.event_types as event_types_never_received,
        all_orders.orders as all_orders,
        coalesce(late_orders.late_orders, 0) as late_orders,
        currencies.currencies,
        coalesce(ambiguous.ambiguous_conversions, 0) as ambiguous_conversions,
        quarantined_counts.quarantined_list,
        coalesce(quarantined_counts.quarantined_rows, 0) as quarantined_rows,
        coalesce(orphan_counts.orphan_messages, 0) as orphan_messages,
        coalesce(orphan_counts.orphan_rows, 0) as orphan_rows,
        performance.email_source_id is not null as is_started,
        performance.recipients,
        performance.sent,
        performance.failed,
        performance.skipped,
        performance.pending,
        performance.delivered,
        performance.delivered_inferred,
        performance.hard_bounced,
        performance.opened,
        performance.machine_opened,
        performance.unsubscribed,
        performance.complained,
        performance.sent_reported,
        performance.orders,
        performance.orders_without_rate,
        performance.revenue,
        performance.delivered_rate,
        performance.unsubscribe_rate,
        performance.hard_bounce_rate,
        performance.complaint_rate,
        performance.open_availability,
        performance.click_availability,
        {{ reporting_date('performance.first_sent_at') }} as first_sent_date,
        {{ reporting_date('performance.last_sent_at') }} as last_sent_date
    from sources
    cross join policies
    cross join all_orders
    left join message_totals on sources.email_source_id = message_totals.email_source_id
    left join settings on sources.email_source_id = settings.email_source_id
    left join current_settings on sources.sending_domain = current_settings.sending_domain
    left join excluded_clicks on sources.email_source_id = excluded_clicks.email_source_id
    left join untracked_links on sources.email_source_id = untracked_links.email_source_id
    left join never_received on sources.sending_domain = never_received.sending_domain
    left join late_orders on sources.email_source_id = late_orders.email_source_id
    left join currencies on sources.email_source_id = currencies.email_source_id
    left join ambiguous on sources.email_source_id = ambiguous.email_source_id
    left join quarantined_counts on sources.email_source_id = quarantined_counts.email_source_id
    left join orphan_counts on sources.email_source_id = orphan_counts.email_source_id
    left join performance on sources.email_source_id = performance.email_source_id
),

findings as (
    {%- for check in checks() %}
    select
        email_source_id,
        '{{ check }}' as check_name,
        {{ context['check_' ~ check]() }} as finding,
        {{ loop.index }} as sort_order
    from evidence
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        email_source_id,
        check_name,
        finding.status,
        finding.message,
        finding.affected,
        cast(sort_order as bigint) as sort_order
    from findings
)

select * from final
