-- One row per email source and check, every source with every check: the guide's troubleshooting list. The words of
-- a finding are in seeds/diagnostics.csv. What is affected (messages, clicks, orders, rows, event types) doesn't add
-- up over checks.
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

messages as {{ not_kept() }} (
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

orphans as (
    select * from {{ ref('fct_orphans') }}
),

performance as (
    select * from {{ ref('email_performance') }}
),

reasons as (
    select * from {{ ref('dim_reasons') }}
),

words as (
    select * from {{ ref('diagnostics') }}
),

-- The messages of a source, by the settings of its domain that were in force.
sent_under as (
    select
        email_source_id,
        domain_settings_valid_from,
        count_if(not is_test) as messages,
        count_if(is_test) as test_messages,
        max(case when not is_test then booked_at end) as last_booked_at
    from messages
    group by email_source_id, domain_settings_valid_from
),

totals as (
    select
        email_source_id,
        sum(messages) as messages,
        sum(test_messages) as test_messages
    from sent_under
    group by email_source_id
),

services as (
    select
        *,
        sending_service = 'external_smtp' as is_external,
        sending_service = 'event_feed' as is_feed,
        sending_service = 'aesthetix' and not coalesce(is_dedicated, false) as is_shared,
        sending_service = 'event_feed' or sending_service = 'aesthetix' and is_dedicated as is_tracking_its_own,
        {{ unverified_records('sending_domains') }} as unverified_records,
        {{ unreported_event_types('sending_domains') }} as unreported_event_types
    from sending_domains
),

domain_settings as (
    select
        *,
        is_tracking_its_own and not is_open_tracking_enabled as is_open_off,
        is_tracking_its_own and not is_click_tracking_enabled as is_click_off
    from services
),

-- A source that has sent nothing is judged by the present settings of its domain.
settings_then as (
    select
        sources.email_source_id,
        max_by(coalesce(domain_settings.sending_service, 'aesthetix'), sent_under.last_booked_at)
            as last_sending_service,
        max(domain_settings.unverified_records) as unverified_before,
        max(domain_settings.unreported_event_types) as unreported_before,
        sum(sent_under.messages) filter (where domain_settings.sending_domain is null) as unknown_messages,
        sum(sent_under.messages) filter (where domain_settings.is_external) as external_messages,
        sum(sent_under.messages) filter (where domain_settings.is_feed) as feed_messages,
        sum(sent_under.messages) filter (where domain_settings.is_shared) as shared_messages,
        sum(sent_under.messages) filter (where coalesce(domain_settings.is_shared, true)) as undedicated_messages,
        sum(sent_under.messages) filter (where domain_settings.is_open_off) as open_off_messages,
        sum(sent_under.messages) filter (where domain_settings.is_click_off) as click_off_messages,
        sum(sent_under.messages) filter (where domain_settings.unverified_records is not null) as unverified_messages,
        sum(sent_under.messages) filter (where domain_settings.unreported_event_types is not null)
            as unreported_messages,
        bool_and(domain_settings.sending_domain is not null) as has_settings,
        bool_or(coalesce(domain_settings.is_external, false)) as has_external,
        bool_and(coalesce(domain_settings.is_external, false)) as is_all_external,
        bool_or(coalesce(domain_settings.is_feed, false)) as has_feed,
        bool_and(coalesce(domain_settings.is_feed, false)) as is_all_feed,
        bool_or(domain_settings.is_shared) as has_shared,
        bool_or(domain_settings.is_open_off) as has_open_off,
        bool_or(domain_settings.is_click_off) as has_click_off
    from sources
    left join sent_under on sources.email_source_id = sent_under.email_source_id and sent_under.messages > 0
    left join domain_settings
        on
            sources.sending_domain = domain_settings.sending_domain
            and (
                sent_under.domain_settings_valid_from = domain_settings.valid_from
                or (sent_under.email_source_id is null and domain_settings.valid_to is null)
            )
    group by sources.email_source_id
),

excluded_events as (
    select
        email_source_id,
        event_type,
        exclusion_reason,
        count(*) as events
    from engagement_events
    where exclusion_reason is not null
    group by email_source_id, event_type, exclusion_reason
),

click_reasons as (
    select
        excluded_events.*,
        {{ begun_small('reasons.label') }} || ': ' || {{ number_in_words('excluded_events.events') }} as words
    from excluded_events
    inner join reasons on excluded_events.exclusion_reason = reasons.reason and reasons.kind = 'exclusion'
    where excluded_events.event_type = 'clicked'
),

excluded_clicks as (
    select
        email_source_id,
        {{ joined_texts('words', 'events desc, exclusion_reason asc') }} as excluded_click_list,
        sum(events) as excluded_clicks,
        bool_or({{ is_mistake('exclusion_reason') }}) as has_mistakes
    from click_reasons
    group by email_source_id
),

source_links as (
    select
        email_source_id,
        count(*) as links,
        count(exclusion_reason) as untracked_links,
        count(*) filter (where {{ is_mistake('exclusion_reason') }}) as mistaken_links
    from links
    group by email_source_id
),

-- Which events came from a sending domain at all, from whichever source: those that count, and the others.
counted_of_domain as (
    select
        sending_domain,
        sum(sent) as sent,
        sum(sent_reported) as sent_reported,
        {%- for family in ['reply', 'unsubscribe', 'complaint'] %}
        sum(sent_reported) filter (where {{ family }}_availability = 'measured') as sent_{{ family }}_reported,
        {%- endfor %}
        sum(sent) filter (where open_availability = 'measured') as sent_open_tracked,
        sum(sent) filter (where click_availability = 'measured') as sent_click_tracked,
        sum(delivered - delivered_inferred) as delivered,
        sum(soft_bounced) as soft_bounced,
        sum(hard_bounced) as hard_bounced,
        sum(opens) as opened,
        sum(clicks) as clicked,
        sum(replied) as replied,
        sum(unsubscribed) as unsubscribed,
        sum(complained) as complained
    from performance
    group by sending_domain
),

excluded_of_domain as (
    select
        sources.sending_domain,
        sum(excluded_events.events) filter (where excluded_events.event_type = 'opened') as opened,
        sum(excluded_events.events) filter (where excluded_events.event_type = 'clicked') as clicked,
        sum(excluded_events.events) filter (where excluded_events.event_type = 'replied') as replied,
        sum(excluded_events.events) filter (where excluded_events.event_type = 'unsubscribed') as unsubscribed,
        sum(excluded_events.events) filter (where excluded_events.event_type = 'complained') as complained
    from excluded_events
    inner join sources on excluded_events.email_source_id = sources.email_source_id
    group by sources.sending_domain
),

domains as (
    select
        counted_of_domain.sending_domain,
        counted_of_domain.sent as domain_sent,
        {{ event_types_never_received('counted_of_domain', 'excluded_of_domain') }} as never_received
    from counted_of_domain
    left join excluded_of_domain on counted_of_domain.sending_domain = excluded_of_domain.sending_domain
),

all_orders as (
    select count(*) as all_orders
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
        {{ joined_texts('distinct currency', 'currency') }} as currencies
    from conversions
    where is_attributed and conversion_type = 'order' and revenue is null
    group by email_source_id
),

-- Conversions that a source may have led to: one of the candidates got it before.
ambiguous as (
    select
        messages.email_source_id,
        count(distinct candidates.conversion_type || ' ' || candidates.conversion_id) as ambiguous_conversions
    from candidates
    inner join messages
        on candidates.contact_id = messages.contact_id and candidates.converted_at >= messages.sent_at
    where not messages.is_test
    group by messages.email_source_id
),

quarantined_reasons as (
    select
        quarantined_events.email_source_id,
        quarantined_events.reason,
        count(*) as quarantined_rows,
        {{ begun_small('coalesce(reasons.label, quarantined_events.reason)') }}
        || ': ' || {{ number_in_words('count(*)') }} as words
    from quarantined_events
    left join reasons on quarantined_events.reason = reasons.reason and reasons.kind = 'quarantine'
    group by quarantined_events.email_source_id, quarantined_events.reason, reasons.label
),

quarantined as (
    select
        email_source_id,
        {{ joined_texts('words', 'quarantined_rows desc, reason asc') }} as quarantined_list,
        sum(quarantined_rows) as quarantined_rows
    from quarantined_reasons
    group by email_source_id
),

-- What is known of each source. Counts and texts have the names that the words use.
evidence as (
    select
        sources.email_source_id,
        sources.email_source_type,
        coalesce(sources.workflow_name, sources.email_source_name, sources.email_source_id) as workflow_name,
        coalesce(sources.campaign_kind, 'none') as campaign_kind,
        coalesce(sources.status, 'none') as status,
        coalesce(sources.sending_domain, '(none named)') as sending_domain,
        sources.is_click_tracking_enabled,
        {{ is_eligible('sources', 'policies') }} as is_eligible,
        replace(policies.source_types, ' ', ', ') as eligible_types,
        case policies.style when 'all_campaigns' then 'All Campaigns' else 'Product Element Specific' end
            as attribution_style,
        policies.window_in_words,
        '{{ var('reporting_currency') }}' as currency,
        {{ var('diagnostics_min_messages') }} as least_messages,
        coalesce(totals.messages, 0) as messages,
        coalesce(totals.test_messages, 0) as test_messages,
        settings_then.last_sending_service,
        settings_then.unverified_before,
        settings_then.unreported_before,
        {{ listed('settings_then.unreported_before') }} as unreported_before_types,
        settings_then.unknown_messages,
        settings_then.external_messages,
        settings_then.feed_messages,
        settings_then.shared_messages,
        settings_then.undedicated_messages,
        settings_then.open_off_messages,
        settings_then.click_off_messages,
        settings_then.unverified_messages,
        settings_then.unreported_messages,
        settings_then.has_settings,
        settings_then.has_external,
        settings_then.is_all_external,
        settings_then.has_feed,
        settings_then.is_all_feed,
        settings_then.has_shared,
        settings_then.has_open_off,
        settings_then.has_click_off,
        settings_now.sending_service,
        settings_now.webhook_event_types,
        settings_now.unverified_records as unverified_now,
        settings_now.unreported_event_types as unreported_now,
        {{ listed('settings_now.unreported_event_types') }} as unreported_now_types,
        coalesce(settings_now.is_dedicated, false) as is_dedicated_now,
        coalesce(settings_now.is_open_tracking_enabled, false) as is_open_tracking_on_now,
        coalesce(settings_now.is_click_tracking_enabled, false) as is_click_tracking_on_now,
        excluded_clicks.excluded_click_list,
        excluded_clicks.excluded_clicks,
        coalesce(excluded_clicks.has_mistakes, false) as has_mistaken_clicks,
        source_links.links,
        source_links.untracked_links,
        source_links.mistaken_links,
        coalesce(domains.domain_sent, 0) as domain_sent,
        domains.never_received,
        {{ listed('domains.never_received') }} as never_received_types,
        all_orders.all_orders,
        late_orders.late_orders,
        coalesce(currencies.currencies, 'a currency') as currencies,
        ambiguous.ambiguous_conversions,
        quarantined.quarantined_list,
        quarantined.quarantined_rows,
        orphans.orphan_messages,
        orphans.orphan_rows,
        performance.email_source_id is not null as is_started,
        performance.recipients,
        performance.sent,
        performance.failed,
        performance.skipped,
        performance.failed + performance.skipped as failed_or_skipped,
        performance.pending,
        performance.delivered,
        performance.delivered_inferred,
        performance.sent_reported,
        performance.sent_reported - performance.delivered as undelivered,
        performance.unsubscribed_reported,
        performance.complained_reported,
        performance.delivered_unsubscribe_reported,
        performance.delivered_complaint_reported,
        performance.hard_bounced,
        performance.opened,
        performance.machine_opened,
        performance.unsubscribed,
        performance.complained,
        performance.orders,
        performance.orders_without_rate,
        coalesce({{ amount_in_words('performance.revenue') }}, 'unknown') as revenue,
        performance.delivered_rate,
        performance.unsubscribe_rate,
        performance.hard_bounce_rate,
        performance.complaint_rate,
        performance.open_availability,
        performance.click_availability,
        cast({{ reporting_date('performance.first_sent_at') }} as string) as first_sent_date,
        cast({{ reporting_date('performance.last_sent_at') }} as string) as last_sent_date
    from sources
    cross join policies
    cross join all_orders
    inner join settings_then on sources.email_source_id = settings_then.email_source_id
    left join totals on sources.email_source_id = totals.email_source_id
    left join domain_settings as settings_now
        on sources.sending_domain = settings_now.sending_domain and settings_now.valid_to is null
    left join excluded_clicks on sources.email_source_id = excluded_clicks.email_source_id
    left join source_links on sources.email_source_id = source_links.email_source_id
    left join domains on sources.sending_domain = domains.sending_domain
    left join late_orders on sources.email_source_id = late_orders.email_source_id
    left join currencies on sources.email_source_id = currencies.email_source_id
    left join ambiguous on sources.email_source_id = ambiguous.email_source_id
    left join quarantined on sources.email_source_id = quarantined.email_source_id
    left join orphans on sources.email_source_id = orphans.email_source_id
    left join performance on sources.email_source_id = performance.email_source_id
),

-- What each check finds, the first that applies.
found as (
    select
        *,
        -- Guide: statistics are stored separately for each sending method.
        email_source_type as how_it_was_sent_finding,
        -- Guide: drafts and scheduled campaigns show no data until they go out.
        case
            when is_started and sent = 0 then 'nothing_sent'
            when is_started and delivered = 0 then 'nothing_delivered'
            when is_started and pending > 0 and status in ('sending', 'active') then 'still_sending'
            when is_started and pending > 0 then 'left_pending'
            when is_started then 'sent'
            when messages > 0 and status in ('draft', 'scheduled', 'sending', 'active') then 'targeted'
            when messages > 0 then 'no_outcome'
            when test_messages > 0 then 'only_tests'
            when status in ('sent', 'sending') then 'no_events'
            else 'not_out_yet'
        end as not_sent_yet_finding,
        -- Guide: an outside SMTP provider cannot report full statistics.
        case
            when not has_settings then 'no_settings'
            when is_all_external then 'all_external'
            when has_external then 'some_external'
            when has_feed then 'event_feed'
            else 'aesthetix'
        end as sending_service_finding,
        -- Guide: a workflow that changed its sending service is to be duplicated.
        case
            when messages = 0 then 'nothing_sent'
            when is_all_external or (not has_external and (is_all_feed or not has_feed)) then 'unchanged'
            when not has_external then 'some_feed'
            when email_source_type <> 'workflow' then 'mixed'
            when last_sending_service = 'external_smtp' then 'workflow_went_external'
            else 'workflow_came_back'
        end as sending_service_changed_finding,
        -- Guide: opens and clicks are tracked on dedicated domains only.
        case
            when has_shared and is_dedicated_now then 'shared_before'
            when has_shared then 'shared'
            when not has_settings then 'no_settings'
            when is_all_external then 'external'
            when has_feed then 'event_feed'
            else 'dedicated'
        end as shared_domain_finding,
        -- Guide: open tracking must be on at the domain level.
        case
            when open_availability = 'not_reported' then 'not_reported'
            when has_open_off and is_open_tracking_on_now then 'off_before'
            when has_open_off then 'off'
            when has_shared or not has_settings then 'not_dedicated'
            when is_all_external then 'external'
            else 'on'
        end as open_tracking_finding,
        -- Guide: click tracking must be on at the domain level.
        case
            when campaign_kind in ('ab_test', 'rss') then 'not_supported'
            when click_availability = 'not_reported' then 'not_reported'
            when has_click_off and is_click_tracking_on_now then 'off_before'
            when has_click_off then 'off'
            when has_shared or not has_settings then 'not_dedicated'
            when is_all_external then 'external'
            else 'on'
        end as click_tracking_finding,
        -- Guide: Track Clicks must be on before the campaign goes out.
        case
            when email_source_type <> 'campaign' then 'not_a_campaign'
            when campaign_kind in ('ab_test', 'rss') then 'not_supported'
            when is_click_tracking_enabled then 'on'
            when messages > 0 then 'off'
            else 'off_before_sending'
        end as track_clicks_toggle_finding,
        -- Guide: known exclusions suppress click data by design.
        case
            when has_mistaken_clicks then 'mistaken_clicks'
            when mistaken_links > 0 then 'mistaken_links'
            when excluded_clicks > 0 then 'clicks_by_design'
            when untracked_links > 0 then 'links_by_design'
            else 'none'
        end as click_exclusions_finding,
        -- Guide: the records of the sending domain, as they are now.
        case
            when sending_service is null then 'no_settings'
            when sending_service = 'external_smtp' then 'external'
            when sending_service = 'event_feed' then 'event_feed'
            when unverified_now is not null then 'unverified'
            when unverified_before is not null then 'unverified_before'
            else 'verified'
        end as domain_records_finding,
        -- Guide: every relevant event type is configured in the webhook.
        case
            when unreported_now is not null then 'missing'
            when unreported_before is not null then 'missing_before'
            when {{ names_event_type('webhook_event_types', 'delivered') }} is null then 'unknown'
            when sending_service = 'event_feed' then 'as_named'
            else 'all'
        end as event_type_not_configured_finding,
        -- An event type that is expected, and never came from the sending domain.
        case
            when never_received like 'delivered%' then 'no_delivered'
            when never_received is not null then 'missing'
            when domain_sent < least_messages then 'too_few'
            else 'all'
        end as event_type_never_received_finding,
        -- Guide: why does my revenue or conversion show $0?
        case
            when not is_started then 'nothing_sent'
            when orders > 0 then 'credited'
            when all_orders = 0 then 'no_orders'
            when not is_eligible then 'not_eligible'
            when open_availability <> 'measured' and click_availability <> 'measured' then 'not_measured'
            when late_orders > 0 then 'too_late'
            else 'no_touch'
        end as no_revenue_finding,
        case when orphan_messages > 0 then 'orphans' else 'none' end as orphans_finding,
        case when quarantined_rows > 0 then 'quarantined' else 'none' end as quarantined_finding,
        case when orders_without_rate > 0 then 'missing' else 'none' end as currency_without_rate_finding,
        case when ambiguous_conversions > 0 then 'ambiguous' else 'none' end as ambiguous_contacts_finding,
        -- Delivered as shown only by what recipients did. One lost event in a hundred needs no action.
        case
            when not is_started then 'nothing_sent'
            when delivered_inferred is null then 'not_reported'
            when delivered_inferred >= 0.01 * delivered and delivered >= least_messages then 'many'
            when delivered_inferred > 0 then 'few'
            else 'none'
        end as delivered_without_event_finding,
        case
            when not is_started then 'nothing_sent'
            when machine_opened is null then 'not_measured'
            when machine_opened = 0 then 'none'
            when not {{ var('count_machine_engagement') }} then 'not_counted'
            when 2 * machine_opened >= opened and opened >= least_messages then 'half'
            else 'counted'
        end as machine_engagement_finding,
        -- Guide: the benchmarks of the Summary page.
        {{ benchmark_finding('delivered_rate') }} as delivered_rate_finding,
        {{ benchmark_finding('unsubscribe_rate') }} as unsubscribe_rate_finding,
        {{ benchmark_finding('hard_bounce_rate') }} as hard_bounce_rate_finding,
        {{ benchmark_finding('complaint_rate') }} as complaint_rate_finding
    from evidence
),

checks as (
    {%- for check in checks() %}
    select
        '{{ check }}' as check_name,
        cast({{ loop.index }} as bigint) as sort_order
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

findings as (
    select
        found.*,
        checks.check_name,
        checks.sort_order,
        case checks.check_name
            {%- for check in checks() %}
            when '{{ check }}' then found.{{ check }}_finding
            {%- endfor %}
        end as finding
    from found
    cross join checks
),

-- The text of a finding in pieces: each but the first is a placeholder and what follows it.
pieces as (
    {%- for place in range(1, most_placeholders() + 2) %}
    select
        check_name,
        finding,
        status,
        affected,
        {{ place }} as place,
        split_part('}' || text, '{', {{ place }}) as piece
    from words
    where length(text) - length(replace(text, '{', '')) >= {{ place - 1 }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

filled as (
    select
        findings.email_source_id,
        findings.check_name,
        findings.finding,
        findings.sort_order,
        pieces.status,
        pieces.place,
        {{ evidence_in_words("split_part(pieces.piece, '}', 1)", 'findings') }}
        || split_part(pieces.piece, '}', 2) as piece,
        {{ affected_count('pieces.affected', 'findings') }} as affected
    from findings
    inner join pieces on findings.check_name = pieces.check_name and findings.finding = pieces.finding
),

final as (
    select
        email_source_id,
        check_name,
        finding,
        status,
        {{ joined_texts('piece', 'place', separator='') }} as message,
        affected,
        sort_order
    from filled
    group by email_source_id, check_name, finding, status, affected, sort_order
)

select * from final
