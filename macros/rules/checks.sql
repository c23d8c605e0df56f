{# The checks of email_diagnostics, one a macro: check_<name> is what it finds about a source, the first
   finding that applies, from a row of evidence (email_diagnostics gathers it). Their list and the words
   they share are in macros/diagnostics.sql. #}


{# Guide: statistics are stored separately for each sending method. #}
{% macro check_how_it_was_sent() -%}
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
    end
{%- endmacro %}


{# Guide: drafts and scheduled campaigns show no data until they go out. #}
{% macro check_not_sent_yet() -%}
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
    end
{%- endmacro %}


{# Guide: an outside SMTP provider cannot report full statistics. #}
{% macro check_sending_service() -%}
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
    end
{%- endmacro %}


{# Guide: a workflow that changed its sending service is to be duplicated. #}
{% macro check_sending_service_changed() -%}
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
    end
{%- endmacro %}


{# Engagement is tracked on dedicated domains only. #}
{% macro check_shared_domain() -%}
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
    end
{%- endmacro %}


{# Guide: open tracking must be on at the domain level. #}
{% macro check_open_tracking() -%}
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
    end
{%- endmacro %}


{# Guide: click tracking must be on at the domain level. #}
{% macro check_click_tracking() -%}
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
    end
{%- endmacro %}


{# Guide: Track Clicks must be on before the campaign goes out. #}
{% macro check_track_clicks_toggle() -%}
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
    end
{%- endmacro %}


{# Guide: known exclusions suppress click data by design. #}
{% macro check_click_exclusions() -%}
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
    end
{%- endmacro %}


{# Guide: the records of the sending domain, as they are now. #}
{% macro check_domain_records() -%}
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
    end
{%- endmacro %}


{# Guide: every relevant event type is to be configured in the webhook. #}
{% macro check_event_type_not_configured() -%}
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
    end
{%- endmacro %}


{# An event type that is to be expected and never came from the sending domain. #}
{% macro check_event_type_never_received() -%}
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
    end
{%- endmacro %}


{# Guide: why does my revenue or conversion show $0? #}
{% macro check_no_revenue() -%}
    case
        when not evidence.is_started
            then {{ finding('info', 0, 'Nothing was sent yet: there is nothing to credit.') }}
        when evidence.orders > 0
            then
                {{ finding(
                    'ok', 0, '{} credited, {} ' ~ var('reporting_currency') ~ '.',
                    [counted('evidence.orders', 'order'), "coalesce(format('{:,.2f}', cast(evidence.revenue as double)), 'unknown')"]
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
                    'By the settings it earns no credit: only emails of type {} do (attribution style {}).',
                    ['evidence.eligible_source_types', 'evidence.attribution_style']
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
                    'No order is credited; {} came later than {} of it. Review the length of the attribution '
                    ~ 'window.',
                    [counted('evidence.late_orders', 'order'), 'evidence.window_in_words']
                ) }}
        else
            {{ finding(
                'info', 0,
                'There are orders, but none by a contact whose last open or click before was of this email.'
            ) }}
    end
{%- endmacro %}


{# Messages that wait for their contact. #}
{% macro check_orphans() -%}
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
    end
{%- endmacro %}


{# Raw rows set aside. #}
{% macro check_quarantined() -%}
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
    end
{%- endmacro %}


{# Credited orders whose money is unknown. #}
{% macro check_currency_without_rate() -%}
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
    end
{%- endmacro %}


{# Conversions that are one of several contacts'. #}
{% macro check_ambiguous_contacts() -%}
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
    end
{%- endmacro %}


{# Messages delivered by what recipients did alone. A lost event in a hundred is nothing to act upon. #}
{% macro check_delivered_without_event() -%}
    case
        when not evidence.is_started
            then {{ finding('info', 0, 'Nothing was sent yet.') }}
        when evidence.delivered_inferred is null
            then {{ finding('info', 0, 'Delivery is not reported for it (see sending_service).') }}
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
    end
{%- endmacro %}


{# Messages opened by machines alone. #}
{% macro check_machine_engagement() -%}
    case
        when not evidence.is_started
            then {{ finding('info', 0, 'Nothing was sent yet.') }}
        when evidence.machine_opened is null
            then {{ finding('info', 0, 'Its opens are not measured (see open_tracking).') }}
        {%- if var('count_machine_engagement') %}
        when
            2 * evidence.machine_opened >= evidence.opened
            and evidence.opened >= {{ var('diagnostics_min_messages') }}
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
    end
{%- endmacro %}


{# Guide: 90% or higher. #}
{% macro check_delivered_rate() -%}
    {{ benchmark_finding(
        'delivered_rate', 'evidence.sent_reported - evidence.delivered',
        'Look at the reasons of its bounces, and clean the contact list.'
    ) }}
{%- endmacro %}


{# Guide: under 1% is normal. #}
{% macro check_unsubscribe_rate() -%}
    {{ benchmark_finding(
        'unsubscribe_rate', 'evidence.unsubscribed',
        'Send less often, or to those whom it concerns.'
    ) }}
{%- endmacro %}


{# Guide: keep it below 2%. #}
{% macro check_hard_bounce_rate() -%}
    {{ benchmark_finding(
        'hard_bounce_rate', 'evidence.hard_bounced',
        'Remove the bounced addresses: the segment hygiene in contact_engagement lists them.'
    ) }}
{%- endmacro %}


{# Guide: as low as possible. #}
{% macro check_complaint_rate() -%}
    {{ benchmark_finding(
        'complaint_rate', 'evidence.complained',
        'Send only to those who expect to hear from you, and avoid language that triggers spam filters.'
    ) }}
{%- endmacro %}
