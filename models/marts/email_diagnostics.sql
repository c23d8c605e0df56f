-- One row an email source and check, every source and every check: the guide's troubleshooting list. What
-- is affected (messages, clicks, orders, rows, event types) doesn't add up over checks.
with

sources as (
    select * from {{ ref('dim_email_sources') }}
),

sending_domains as (
    select * from {{ ref('dim_sending_domains') }}
),

links as (
    select * from {{ ref('dim_links') }}
),

messages as (
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
            ', ' order by events desc, exclusion_reason
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
ambiguous as (
    select
        messages.email_source_id,
        count(distinct (candidates.conversion_type, candidates.conversion_id)) as ambiguous_conversions
    from candidates
    inner join messages
        on candidates.contact_id = messages.contact_id and candidates.converted_at >= messages.sent_at
    where messages.is_sent and not messages.is_test
    group by messages.email_source_id
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
            format('{:,} ', quarantined_rows) || reason, ', ' order by quarantined_rows desc, reason
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
        {{ is_eligible('sources') }} as is_eligible,
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

-- The checks, one a step: the first finding that applies.
how_it_was_sent as (
    select
        evidence.email_source_id,
        case evidence.email_source_type
            when 'campaign'
                then {{ finding('ok', 0, 'It is a campaign: look at the campaign dashboard and at its Summary page.') }}
            when 'workflow'
                then
                    {{ finding(
                        'info', 'evidence.messages',
                        'It is an email action of the workflow "{}": its statistics are on the email step of the '
                        ~ 'workflow, not in the campaign dashboard.',
                        ['evidence.workflow_name']
                    ) }}
            else
                {{ finding(
                    'info', 'evidence.messages',
                    'It is a bulk send: its statistics are in Contacts > Bulk Actions, not in the campaign dashboard.'
                ) }}
        end as finding
    from evidence
),

not_sent_yet as (
    select
        evidence.email_source_id,
        case
            when evidence.is_started and evidence.sent = 0
                then
                    {{ finding(
                        'warn', 'evidence.failed + evidence.skipped',
                        'Nothing was sent: {} failed and {} skipped. Look at the reasons in its Failed and Skipped lists.',
                        ["format('{:,}', evidence.failed)", "format('{:,}', evidence.skipped)"]
                    ) }}
            when evidence.is_started and evidence.delivered = 0
                then
                    {{ finding(
                        'warn', 'evidence.sent',
                        'It was sent ({}), but nothing was delivered so far. Look at its bounces, and check that '
                        ~ 'delivered events arrive.',
                        [counted('evidence.sent', 'message')]
                    ) }}
            when evidence.is_started and evidence.pending > 0 and evidence.status in ('sending', 'active')
                then
                    {{ finding(
                        'info', 'evidence.pending',
                        'It is being sent: {} of {} still to go. The numbers are not final.',
                        ["format('{:,}', evidence.pending)", counted('evidence.recipients', 'message')]
                    ) }}
            when evidence.is_started and evidence.pending > 0
                then
                    {{ finding(
                        'warn', 'evidence.pending',
                        'Neither sent, failed nor skipped so far: {} of {}. If the send is over, contact support with '
                        ~ 'the name, the date range and how it was sent.',
                        ["format('{:,}', evidence.pending)", counted('evidence.recipients', 'message')]
                    ) }}
            when evidence.is_started
                then
                    {{ finding(
                        'ok', 0, 'It was sent: {} from {} to {}.',
                        [counted('evidence.sent', 'message'), 'evidence.first_sent_date', 'evidence.last_sent_date']
                    ) }}
            when evidence.messages > 0 and evidence.status in ('draft', 'scheduled', 'sending', 'active')
                then
                    {{ finding(
                        'info', 'evidence.messages',
                        'Targeted ({}), but not sent yet ({}): statistics begin when it goes out.',
                        ['evidence.extent', 'evidence.status']
                    ) }}
            when evidence.messages > 0
                then
                    {{ finding(
                        'warn', 'evidence.messages',
                        'Targeted ({}), but none sent, failed or skipped ({}): check that send events arrive, else '
                        ~ 'contact support.',
                        ['evidence.extent', 'evidence.status']
                    ) }}
            when evidence.test_messages > 0
                then
                    {{ finding(
                        'info', 'evidence.test_messages',
                        'Only tests were sent ({}): they count nowhere. Statistics begin with the first real send.',
                        [counted('evidence.test_messages', 'message')]
                    ) }}
            when evidence.status in ('sent', 'sending')
                then
                    {{ finding(
                        'fail', 0,
                        'The CRM calls it {}, but no send event of it arrived: deliver its send events to the raw lake.',
                        ['evidence.status']
                    ) }}
            else
                {{ finding(
                    'info', 0, 'It has not gone out yet ({}): there are no statistics before.', ['evidence.status']
                ) }}
        end as finding
    from evidence
),

sending_service as (
    select
        evidence.email_source_id,
        case
            when not evidence.has_settings
                then
                    {{ finding(
                        'fail', 'evidence.unknown_messages',
                        'The sending domain {} has no settings in the data ({}), so it counts as a shared one and opens '
                        ~ 'and clicks are not measured. Deliver its row of sending_domains.',
                        ['evidence.sending_domain', 'evidence.extent']
                    ) }}
            when evidence.is_all_external
                then
                    {{ finding(
                        'warn', 'evidence.external_messages',
                        'It goes through an outside SMTP provider ({}), which reports only opens and clicks, not '
                        ~ 'delivered or bounced. For complete statistics send through Aesthetix CRM email with a '
                        ~ 'dedicated sending domain.',
                        ['evidence.extent']
                    ) }}
            when evidence.has_external
                then
                    {{ finding(
                        'warn', 'evidence.external_messages',
                        '{} of {} went through an outside SMTP provider, which reports only opens and clicks: delivery '
                        ~ 'numbers and rates count the others alone. Send through Aesthetix CRM email.',
                        ["format('{:,}', evidence.external_messages)", 'evidence.extent']
                    ) }}
            else {{ finding('ok', 0, 'It goes through Aesthetix CRM email, which reports every statistic.') }}
        end as finding
    from evidence
),

sending_service_changed as (
    select
        evidence.email_source_id,
        case
            when evidence.messages = 0
                then {{ finding('info', 0, 'Nothing was sent yet, so the sending service cannot have changed.') }}
            when not evidence.has_external or evidence.is_all_external
                then {{ finding('ok', 0, 'All of it went through the same sending service.') }}
            when evidence.email_source_type = 'workflow' and evidence.last_sending_service = 'aesthetix'
                then
                    {{ finding(
                        'fail', 'evidence.external_messages',
                        'The workflow sent {} of {} through an outside SMTP provider before, so its statistics are '
                        ~ 'partial. Duplicate the workflow, send from the fresh copy, and confirm that its statistics '
                        ~ 'populate.',
                        ["format('{:,}', evidence.external_messages)", 'evidence.extent']
                    ) }}
            when evidence.email_source_type = 'workflow'
                then
                    {{ finding(
                        'fail', 'evidence.external_messages',
                        'The workflow went over to an outside SMTP provider ({} of {}), so its statistics are partial. '
                        ~ 'Go back to Aesthetix CRM email, and send from a duplicate of the workflow.',
                        ["format('{:,}', evidence.external_messages)", 'evidence.extent']
                    ) }}
            else
                {{ finding(
                    'warn', 'evidence.external_messages',
                    'The sending service changed on the way: {} of {} went through an outside SMTP provider. Compare '
                    ~ 'rates, which count only what is measured, rather than counts.',
                    ["format('{:,}', evidence.external_messages)", 'evidence.extent']
                ) }}
        end as finding
    from evidence
),

shared_domain as (
    select
        evidence.email_source_id,
        case
            when evidence.has_shared and evidence.is_dedicated_now
                then
                    {{ finding(
                        'info', 'evidence.shared_messages',
                        '{} is a dedicated domain now; {} went out while it was shared, without opens and clicks.',
                        ['evidence.sending_domain', counted('evidence.shared_messages', 'message')]
                    ) }}
            when evidence.has_shared
                then
                    {{ finding(
                        'warn', 'evidence.shared_messages',
                        'It goes out from the shared domain {} ({}): opens and clicks are not tracked there, and others '
                        ~ 'share its reputation. Set up a dedicated domain in Settings > Email Services.',
                        ['evidence.sending_domain', 'evidence.extent']
                    ) }}
            when not evidence.has_settings
                then
                    {{ finding(
                        'info', 'evidence.unknown_messages',
                        'Whether {} is a dedicated domain is not known (see sending_service).',
                        ['evidence.sending_domain']
                    ) }}
            when evidence.is_all_external
                then {{ finding('info', 0, 'It goes through an outside SMTP provider, which has domains of its own.') }}
            else {{ finding('ok', 0, '{} is a dedicated sending domain.', ['evidence.sending_domain']) }}
        end as finding
    from evidence
),

open_tracking as (
    select
        evidence.email_source_id,
        case
            when evidence.has_open_off and evidence.is_open_tracking_on_now
                then
                    {{ finding(
                        'warn', 'evidence.open_off_messages',
                        'Open tracking was off when {} went out from {}: their opens cannot be recovered. It is on now.',
                        [counted('evidence.open_off_messages', 'message'), 'evidence.sending_domain']
                    ) }}
            when evidence.has_open_off
                then
                    {{ finding(
                        'fail', 'evidence.open_off_messages',
                        'Open tracking is off for {} ({} without it): what is not tracked cannot be recovered. Turn it on '
                        ~ 'in Settings > Email Services > Domain Settings.',
                        ['evidence.sending_domain', counted('evidence.open_off_messages', 'message')]
                    ) }}
            when evidence.has_shared or not evidence.has_settings
                then
                    {{ finding(
                        'warn', 'evidence.shared_messages + evidence.unknown_messages',
                        'Opens are not tracked without a dedicated sending domain ({} so far). Set one up in Settings > '
                        ~ 'Email Services.',
                        [counted('evidence.shared_messages + evidence.unknown_messages', 'message')]
                    ) }}
            when evidence.is_all_external
                then {{ finding('ok', 0, 'Opens are measured: the outside SMTP provider reports them.') }}
            else {{ finding('ok', 0, 'Open tracking is on for {}.', ['evidence.sending_domain']) }}
        end as finding
    from evidence
),

click_tracking as (
    select
        evidence.email_source_id,
        case
            when evidence.campaign_kind in ('ab_test', 'rss')
                then
                    {{ finding(
                        'info', 'evidence.messages',
                        'Clicks of A/B and RSS campaigns are not tracked, however the domain is set.'
                    ) }}
            when evidence.has_click_off and evidence.is_click_tracking_on_now
                then
                    {{ finding(
                        'warn', 'evidence.click_off_messages',
                        'Click tracking was off when {} went out from {}: their clicks cannot be recovered. It is on now.',
                        [counted('evidence.click_off_messages', 'message'), 'evidence.sending_domain']
                    ) }}
            when evidence.has_click_off
                then
                    {{ finding(
                        'fail', 'evidence.click_off_messages',
                        'Click tracking is off for {} ({} without it): what is not tracked cannot be recovered. Turn it '
                        ~ 'on in Settings > Email Services > Domain Settings.',
                        ['evidence.sending_domain', counted('evidence.click_off_messages', 'message')]
                    ) }}
            when evidence.has_shared or not evidence.has_settings
                then
                    {{ finding(
                        'warn', 'evidence.shared_messages + evidence.unknown_messages',
                        'Clicks are not tracked without a dedicated sending domain ({} so far). Set one up in Settings > '
                        ~ 'Email Services.',
                        [counted('evidence.shared_messages + evidence.unknown_messages', 'message')]
                    ) }}
            when evidence.is_all_external
                then {{ finding('ok', 0, 'Clicks are reported by the outside SMTP provider.') }}
            else {{ finding('ok', 0, 'Click tracking is on for {}.', ['evidence.sending_domain']) }}
        end as finding
    from evidence
),

track_clicks_toggle as (
    select
        evidence.email_source_id,
        case
            when evidence.email_source_type <> 'campaign'
                then {{ finding('info', 0, 'Only campaigns have the Track Clicks toggle.') }}
            when evidence.campaign_kind in ('ab_test', 'rss')
                then
                    {{ finding(
                        'info', 'evidence.messages',
                        'Track Clicks does nothing in A/B and RSS campaigns: their clicks are not collected. Send a '
                        ~ 'standard campaign where clicks matter.'
                    ) }}
            when evidence.is_click_tracking_enabled
                then {{ finding('ok', 0, 'Track Clicks is on.') }}
            when evidence.messages > 0
                then
                    {{ finding(
                        'fail', 'evidence.messages',
                        'Track Clicks was off when it was sent ({}): no clicks were collected, and they cannot be '
                        ~ 'recovered. Turn it on before you schedule or send the next one.',
                        ['evidence.extent']
                    ) }}
            else
                {{ finding(
                    'warn', 0,
                    'Track Clicks is off: turn it on before this campaign goes out; afterwards clicks cannot be recovered.'
                ) }}
        end as finding
    from evidence
),

click_exclusions as (
    select
        evidence.email_source_id,
        case
            when evidence.has_mistaken_clicks
                then
                    {{ finding(
                        'warn', 'evidence.excluded_clicks',
                        '{} not counted: {}. Correct malformed URLs and merge fields that do not resolve; the rest is '
                        ~ 'by design.',
                        [counted('evidence.excluded_clicks', 'click'), 'evidence.excluded_click_list']
                    ) }}
            when evidence.mistaken_links > 0
                then
                    {{ finding(
                        'warn', 'evidence.mistaken_links',
                        '{} of {} cannot be tracked: a malformed URL, or a merge field that does not resolve. Correct '
                        ~ 'the URL, and test it with a small send.',
                        ["format('{:,}', evidence.mistaken_links)", counted('evidence.links', 'link')]
                    ) }}
            when evidence.excluded_clicks > 0
                then
                    {{ finding(
                        'info', 'evidence.excluded_clicks', '{} not counted: {}.',
                        [counted('evidence.excluded_clicks', 'click'), 'evidence.excluded_click_list']
                    ) }}
            when evidence.untracked_links > 0
                then
                    {{ finding(
                        'info', 'evidence.untracked_links',
                        '{} of {} cannot be tracked, by design: trigger and system links, and what is not http or https.',
                        ["format('{:,}', evidence.untracked_links)", counted('evidence.links', 'link')]
                    ) }}
            else {{ finding('ok', 0, 'No click was left out, and every link can be tracked.') }}
        end as finding
    from evidence
),

domain_records as (
    select
        evidence.email_source_id,
        case
            when evidence.current_sending_service is null
                then
                    {{ finding(
                        'warn', 'evidence.messages',
                        'The records of {} are not known: it has no settings in the data (see sending_service).',
                        ['evidence.sending_domain']
                    ) }}
            when evidence.current_sending_service = 'external_smtp'
                then
                    {{ finding(
                        'info', 0, 'The records of {} are with the outside SMTP provider: verify them there.',
                        ['evidence.sending_domain']
                    ) }}
            when evidence.current_unverified_records is not null
                then
                    {{ finding(
                        'warn', 'evidence.unverified_messages',
                        'Not verified for {}: {}. Links may be rewritten wrongly or not tracked, and unsubscribes lost: '
                        ~ 'verify the sending domain again in Settings > Email Services.',
                        ['evidence.sending_domain', 'evidence.current_unverified_records']
                    ) }}
            when evidence.unverified_records is not null
                then
                    {{ finding(
                        'info', 'evidence.unverified_messages',
                        '{} went out while not verified for {}: {}. It is verified now.',
                        [
                            counted('evidence.unverified_messages', 'message'), 'evidence.sending_domain',
                            'evidence.unverified_records'
                        ]
                    ) }}
            else
                {{ finding(
                    'ok', 0, 'SPF, DKIM and tracking CNAME of {} are verified.', ['evidence.sending_domain']
                ) }}
        end as finding
    from evidence
),

event_type_not_configured as (
    select
        evidence.email_source_id,
        case
            when evidence.current_missing_event_types is not null
                then
                    {{ finding(
                        'fail', listed('evidence.current_missing_event_types'),
                        'The sending service of {} is not set up to report {}: these numbers are too low. Add the event '
                        ~ 'types to its webhook.',
                        ['evidence.sending_domain', 'evidence.current_missing_event_types']
                    ) }}
            when evidence.missing_event_types is not null
                then
                    {{ finding(
                        'warn', listed('evidence.missing_event_types'),
                        'When {} went out, the sending service of {} was not set up to report {}: these numbers stay too '
                        ~ 'low. It is set up now.',
                        [
                            counted('evidence.unreported_messages', 'message'), 'evidence.sending_domain',
                            'evidence.missing_event_types'
                        ]
                    ) }}
            when evidence.current_webhook_event_types is null
                then
                    {{ finding(
                        'info', 0,
                        'Which event types the sending service of {} reports is not known: confirm in its webhook that '
                        ~ 'every relevant one is set up.',
                        ['evidence.sending_domain']
                    ) }}
            else
                {{ finding(
                    'ok', 0, 'The sending service of {} is set up to report every relevant event type.',
                    ['evidence.sending_domain']
                ) }}
        end as finding
    from evidence
),

event_type_never_received as (
    select
        evidence.email_source_id,
        case
            when regexp_matches(evidence.event_types_never_received, '(^|, )delivered')
                then
                    {{ finding(
                        'fail', listed('evidence.event_types_never_received'),
                        'Of {} from {} no event ever came of type {}: delivered is wrong without. Confirm that the webhook '
                        ~ 'of the sending service reports it.',
                        [
                            counted('evidence.domain_sent', 'message'), 'evidence.sending_domain',
                            'evidence.event_types_never_received'
                        ]
                    ) }}
            when evidence.event_types_never_received is not null
                then
                    {{ finding(
                        'warn', listed('evidence.event_types_never_received'),
                        'Of {} from {} no event ever came of type {}. Confirm that the webhook of the sending service '
                        ~ 'reports it.',
                        [
                            counted('evidence.domain_sent', 'message'), 'evidence.sending_domain',
                            'evidence.event_types_never_received'
                        ]
                    ) }}
            when evidence.domain_sent < {{ var('diagnostics_min_messages') }}
                then
                    {{ finding(
                        'info', 0, 'Too few messages from {} to tell ({}).',
                        ['evidence.sending_domain', "format('{:,}', evidence.domain_sent)"]
                    ) }}
            else
                {{ finding(
                    'ok', 0, 'Every event type that is to be expected came from {}.', ['evidence.sending_domain']
                ) }}
        end as finding
    from evidence
),

no_revenue as (
    select
        evidence.email_source_id,
        case
            when not evidence.is_started
                then {{ finding('info', 0, 'Nothing was sent yet: there is nothing to credit.') }}
            when evidence.orders > 0
                then
                    {{ finding(
                        'ok', 0, '{} credited, {} ' ~ var('reporting_currency') ~ '.',
                        [counted('evidence.orders', 'order'), "format('{:,.2f}', cast(evidence.revenue as double))"]
                    ) }}
            when evidence.all_orders = 0
                then
                    {{ finding(
                        'warn', 0,
                        'There are no orders at all: revenue tracking is not set up. Connect the shop, and deliver its '
                        ~ 'order events.'
                    ) }}
            when not evidence.is_eligible
                then
                    {{ finding(
                        'info', 'evidence.messages',
                        'By the settings it earns no credit: only emails of type ' ~ var('attribution_source_types')
                        | join(', ') ~ ' do (attribution style ' ~ var('attribution_style') ~ ').'
                    ) }}
            when evidence.open_availability <> 'measured' and evidence.click_availability <> 'measured'
                then
                    {{ finding(
                        'warn', 'evidence.messages',
                        'Neither its opens nor its clicks are fully measured, so few orders can be credited: see '
                        ~ 'open_tracking and track_clicks_toggle.'
                    ) }}
            when evidence.late_orders > 0
                then
                    {{ finding(
                        'info', 'evidence.late_orders',
                        'No order is credited; {} came later than ' ~ var('attribution_window_days')
                        ~ ' days after an open or click of it. Review the length of the attribution window.',
                        [counted('evidence.late_orders', 'order')]
                    ) }}
            else
                {{ finding(
                    'info', 0,
                    'There are orders, but none by a contact whose last open or click before was of this email.'
                ) }}
        end as finding
    from evidence
),

orphans as (
    select
        evidence.email_source_id,
        case
            when evidence.orphan_messages > 0
                then
                    {{ finding(
                        'fail', 'evidence.orphan_messages',
                        'In no number, for the contact is not in the data: {} ({}). Deliver the contacts; the next build '
                        ~ 'takes the messages in.',
                        [counted('evidence.orphan_messages', 'message'), counted('evidence.orphan_rows', 'event')]
                    ) }}
            else {{ finding('ok', 0, 'The contact of every message is known.') }}
        end as finding
    from evidence
),

quarantined as (
    select
        evidence.email_source_id,
        case
            when evidence.quarantined_rows > 0
                then
                    {{ finding(
                        'fail', 'evidence.quarantined_rows',
                        'Set aside, and in no number: {} ({}). Correct and deliver again; core.fct_quarantined_events '
                        ~ 'has each with its reason.',
                        [counted('evidence.quarantined_rows', 'raw row'), 'evidence.quarantined_list']
                    ) }}
            else {{ finding('ok', 0, 'No raw row of it was set aside.') }}
        end as finding
    from evidence
),

currency_without_rate as (
    select
        evidence.email_source_id,
        case
            when evidence.orders_without_rate > 0
                then
                    {{ finding(
                        'fail', 'evidence.orders_without_rate',
                        'Credited, but with unknown money: {}. The exchange rate of {} is missing: deliver it in '
                        ~ 'exchange_rates.',
                        [counted('evidence.orders_without_rate', 'order'), "coalesce(evidence.currencies, 'a currency')"]
                    ) }}
            else {{ finding('ok', 0, 'Every credited order has its money in ' ~ var('reporting_currency') ~ '.') }}
        end as finding
    from evidence
),

ambiguous_contacts as (
    select
        evidence.email_source_id,
        case
            when evidence.ambiguous_conversions > 0
                then
                    {{ finding(
                        'warn', 'evidence.ambiguous_conversions',
                        '{} credited to nobody: several contacts bear the e-mail address, and one of them got this email '
                        ~ 'before. Merge the duplicate contacts in the CRM.',
                        [counted('evidence.ambiguous_conversions', 'conversion')]
                    ) }}
            else {{ finding('ok', 0, 'No conversion of its recipients could be that of several contacts.') }}
        end as finding
    from evidence
),

delivered_without_event as (
    select
        evidence.email_source_id,
        case
            when not evidence.is_started
                then {{ finding('info', 0, 'Nothing was sent yet.') }}
            when evidence.delivered_inferred is null
                then {{ finding('info', 0, 'Delivery is not reported for it (see sending_service).') }}
            -- A lost event in a hundred is nothing to act upon.
            when
                evidence.delivered_inferred >= 0.01 * evidence.delivered
                and evidence.delivered >= {{ var('diagnostics_min_messages') }}
                then
                    {{ finding(
                        'warn', 'evidence.delivered_inferred',
                        'Delivered without a delivered event: {} of {}. Only what recipients did shows these, so delivered '
                        ~ 'is likely too low. Confirm that the webhook reports delivered events.',
                        ["format('{:,}', evidence.delivered_inferred)", counted('evidence.delivered', 'message')]
                    ) }}
            when evidence.delivered_inferred > 0
                then
                    {{ finding(
                        'info', 'evidence.delivered_inferred',
                        'Delivered without a delivered event: {} of {}. That is too few to matter.',
                        ["format('{:,}', evidence.delivered_inferred)", counted('evidence.delivered', 'message')]
                    ) }}
            else {{ finding('ok', 0, 'Every delivered message has a delivered event.') }}
        end as finding
    from evidence
),

machine_engagement as (
    select
        evidence.email_source_id,
        case
            when not evidence.is_started
                then {{ finding('info', 0, 'Nothing was sent yet.') }}
            when evidence.machine_opened is null
                then {{ finding('info', 0, 'Its opens are not measured (see open_tracking).') }}
            {%- if var('count_machine_engagement') %}
            when evidence.machine_opened > 0 and 2 * evidence.machine_opened >= evidence.opened
                then
                    {{ finding(
                        'warn', 'evidence.machine_opened',
                        'Opened by machines alone (prefetchers, scanners): {} of {}. The open rate tells little: judge by '
                        ~ 'clicks, or leave machines out (count_machine_engagement: false).',
                        ["format('{:,}', evidence.machine_opened)", counted('evidence.opened', 'message')]
                    ) }}
            when evidence.machine_opened > 0
                then
                    {{ finding(
                        'info', 'evidence.machine_opened',
                        'Opened by machines alone (prefetchers, scanners), and counted as opened: {} of {}.',
                        ["format('{:,}', evidence.machine_opened)", counted('evidence.opened', 'message')]
                    ) }}
            {%- else %}
            when evidence.machine_opened > 0
                then
                    {{ finding(
                        'info', 'evidence.machine_opened',
                        'Opened by machines alone (prefetchers, scanners), and by the settings not counted: {}.',
                        [counted('evidence.machine_opened', 'message')]
                    ) }}
            {%- endif %}
            else {{ finding('ok', 0, 'No message was opened by machines alone.') }}
        end as finding
    from evidence
),

delivered_rate as (
    select
        evidence.email_source_id,
        {{ benchmark_finding(
            'delivered_rate', 'evidence.sent_reported - evidence.delivered',
            'Look at the reasons of its bounces, and clean the contact list.'
        ) }} as finding
    from evidence
),

unsubscribe_rate as (
    select
        evidence.email_source_id,
        {{ benchmark_finding(
            'unsubscribe_rate', 'evidence.unsubscribed',
            'Send less often, or to those whom it concerns.'
        ) }} as finding
    from evidence
),

hard_bounce_rate as (
    select
        evidence.email_source_id,
        {{ benchmark_finding(
            'hard_bounce_rate', 'evidence.hard_bounced',
            'Remove the bounced addresses: the segment hygiene in contact_engagement lists them.'
        ) }} as finding
    from evidence
),

complaint_rate as (
    select
        evidence.email_source_id,
        {{ benchmark_finding(
            'complaint_rate', 'evidence.complained',
            'Send only to those who expect to hear from you, and avoid language that triggers spam filters.'
        ) }} as finding
    from evidence
),

findings as (
    {%- for check in checks() %}
    select
        email_source_id,
        '{{ check }}' as check_name,
        finding,
        {{ loop.index }} as sort_order
    from {{ check }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        email_source_id,
        check_name,
        finding.status as status,
        finding.message as message,
        finding.affected as affected,
        cast(sort_order as bigint) as sort_order
    from findings
)

select * from final
