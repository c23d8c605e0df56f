{# What email_diagnostics is made with: its checks, and the evidence that the words of a finding can name. #}

{# Every check, in the order of the guide's troubleshooting. #}
{% macro checks() %}
    {% do return([
        'how_it_was_sent', 'not_sent_yet', 'sending_service', 'sending_service_changed', 'shared_domain',
        'open_tracking', 'click_tracking', 'track_clicks_toggle', 'click_exclusions', 'domain_records',
        'event_type_not_configured', 'event_type_never_received', 'no_revenue', 'orphans', 'quarantined',
        'currency_without_rate', 'ambiguous_contacts', 'delivered_without_event', 'machine_engagement',
    ] + judged_rates()) %}
{% endmacro %}


{# The rates with a benchmark: each is a check of its own. #}
{% macro judged_rates() %}
    {% do return(['delivered_rate', 'unsubscribe_rate', 'hard_bounce_rate', 'complaint_rate']) %}
{% endmacro %}


{# The counts that words can name ({messages}), and that a finding can affect. #}
{% macro evidence_counts() %}
    {% do return([
        'messages', 'test_messages', 'recipients', 'sent', 'failed', 'skipped', 'failed_or_skipped', 'pending',
        'delivered', 'delivered_inferred', 'sent_reported', 'undelivered', 'hard_bounced', 'opened', 'machine_opened',
        'unsubscribed_reported', 'complained_reported', 'delivered_unsubscribe_reported',
        'delivered_complaint_reported', 'unknown_messages', 'external_messages', 'feed_messages', 'shared_messages',
        'undedicated_messages', 'open_off_messages', 'click_off_messages', 'unverified_messages',
        'unreported_messages', 'unreported_before_types', 'unreported_now_types', 'excluded_clicks', 'links',
        'untracked_links', 'mistaken_links', 'domain_sent', 'least_messages', 'never_received_types', 'orders',
        'late_orders', 'orders_without_rate', 'ambiguous_conversions', 'quarantined_rows', 'orphan_messages',
        'orphan_rows',
    ]) %}
{% endmacro %}


{# The texts that words can name ({sending_domain}). #}
{% macro evidence_texts() %}
    {% do return([
        'first_sent_date', 'last_sent_date', 'unverified_now', 'unverified_before', 'unreported_now',
        'unreported_before', 'excluded_click_list', 'never_received', 'revenue', 'currency', 'currencies',
        'eligible_types', 'attribution_style', 'window_in_words', 'quarantined_list', 'status', 'sending_domain',
        'workflow_name',
    ]) %}
{% endmacro %}


{# What stands for the placeholder of this name: a count, a rate or its benchmark, or a text. #}
{% macro evidence_in_words(name, evidence) -%}
    case {{ name }}
        when '' then ''
        {%- for count in evidence_counts() %}
        when '{{ count }}' then {{ number_in_words(evidence ~ '.' ~ count) }}
        {%- endfor %}
        {%- for rate in judged_rates() %}
        when '{{ rate }}' then {{ percentage_in_words(evidence ~ '.' ~ rate) }}
        when '{{ rate }}_benchmark' then {{ percentage_in_words(var('metrics')[rate].benchmark) }}
        {%- endfor %}
        {%- for text in evidence_texts() %}
        when '{{ text }}' then {{ evidence }}.{{ text }}
        {%- endfor %}
    end
{%- endmacro %}


{# Every placeholder that a text can have; the piece before the first one has none. #}
{% macro evidence_names() %}
    {% set names = [''] + evidence_counts() + evidence_texts() %}
    {% for rate in judged_rates() %}
        {% do names.extend([rate, rate ~ '_benchmark']) %}
    {% endfor %}
    {% do return(names) %}
{% endmacro %}


{# The most placeholders that a text can have. #}
{% macro most_placeholders() %}
    {% do return(5) %}
{% endmacro %}


{# How many a finding affects: the count of this name, 0 without a name. #}
{% macro affected_count(name, evidence) -%}
    cast(
        case {{ name }}
            {%- for count in evidence_counts() %}
            when '{{ count }}' then coalesce({{ evidence }}.{{ count }}, 0)
            {%- endfor %}
            else 0
        end as bigint
    )
{%- endmacro %}


{# What the check of a rate with a benchmark finds: it is judged from enough messages on. #}
{% macro benchmark_finding(rate) -%}
    {%- set metric = var('metrics')[rate] -%}
    case
        when not is_started then 'nothing_sent'
        when {{ metric.denominator }} is null then 'not_reported'
        when {{ metric.denominator }} < least_messages then 'too_few'
        when {{ rate }} {{ '>=' if metric.benchmark_direction == 'at_least' else '<' }} {{ metric.benchmark }} then 'good'
        else 'bad'
    end
{%- endmacro %}


{# A link or click that can't be tracked because of a mistake in the link, not by design. #}
{% macro is_mistake(reason) -%}
    {{ reason }} in ('unresolved_merge_field', 'malformed_url')
{%- endmacro %}


{# The texts of some conditions that hold, as one text; NULL where none does. #}
{% macro texts_where(conditions) -%}
    nullif(
        concat_ws(
            ', ',
            {%- for text, condition in conditions %}
            case when {{ condition }} then '{{ text }}' end{{ ',' if not loop.last }}
            {%- endfor %}
        ),
        ''
    )
{%- endmacro %}


{# How many such a text lists; NULL for NULL. #}
{% macro listed(text) -%}
    1 + length({{ text }}) - length(replace({{ text }}, ',', ''))
{%- endmacro %}


{# The records of a sending domain that aren't verified. #}
{% macro unverified_records(settings) -%}
    {{ texts_where([
        ('SPF', 'not ' ~ settings ~ '.is_spf_verified'),
        ('DKIM', 'not ' ~ settings ~ '.is_dkim_verified'),
        ('tracking CNAME', 'not ' ~ settings ~ '.is_tracking_cname_verified'),
    ]) }}
{%- endmacro %}


{# The event types that a sending service should report and isn't set up to. An outside provider reports only opens
   and clicks; an event feed what it names, but with deliveries come bounces. Where the set-up is unknown, none is
   missing. #}
{% macro unreported_event_types(settings) -%}
    {%- set conditions = [] -%}
    {%- for event_type in [
        'accepted', 'rejected', 'delivered', 'soft_bounced', 'hard_bounced', 'opened', 'clicked', 'replied',
        'unsubscribed', 'complained',
    ] -%}
        {%- set is_missing = 'not ' ~ names_event_type(settings ~ '.webhook_event_types', event_type) -%}
        {%- set services = ["'aesthetix'"] -%}
        {%- if event_type in ('opened', 'clicked') -%}
            {%- do services.append("'external_smtp'") -%}
        {%- endif -%}
        {%- set is_asked = settings ~ '.sending_service in (' ~ services | join(', ') ~ ')' -%}
        {%- if event_type in ('soft_bounced', 'hard_bounced') -%}
            {%- set is_asked = '(' ~ is_asked ~ ' or ' ~ is_feed_without_bounces(settings) ~ ')' -%}
        {%- endif -%}
        {%- do conditions.append((event_type, is_missing ~ ' and ' ~ is_asked)) -%}
    {%- endfor -%}
    {{ texts_where(conditions) }}
{%- endmacro %}


{# Whether an event feed reports deliveries, and neither kind of bounce. #}
{% macro is_feed_without_bounces(settings) -%}
    {%- set types = settings ~ '.webhook_event_types' -%}
    (
        {{ settings }}.sending_service = 'event_feed'
        and {{ names_event_type(types, 'delivered') }}
        and not {{ names_event_type(types, 'soft_bounced') }}
        and not {{ names_event_type(types, 'hard_bounced') }}
    )
{%- endmacro %}


{# The event types that never came from a sending domain, neither counted nor excluded. A type is missed only among
   many messages for which it is measured; rare ones need more messages. #}
{% macro event_types_never_received(counted, excluded) -%}
    {%- set conditions = [] -%}
    {%- for event_type, messages, factor in [
        ('delivered', 'sent_reported', 1), ('opened', 'sent_open_tracked', 1), ('clicked', 'sent_click_tracked', 1),
        ('soft_bounced', 'sent_reported', 10), ('hard_bounced', 'sent_reported', 10),
        ('unsubscribed', 'sent_unsubscribe_reported', 10), ('replied', 'sent_reply_reported', 100),
        ('complained', 'sent_complaint_reported', 100),
    ] -%}
        {%- set received = 'coalesce(' ~ counted ~ '.' ~ event_type ~ ', 0)' -%}
        {%- if event_type in ('opened', 'clicked', 'unsubscribed', 'replied', 'complained') -%}
            {%- set received = received ~ ' + coalesce(' ~ excluded ~ '.' ~ event_type ~ ', 0)' -%}
        {%- endif -%}
        {%- do conditions.append((
            event_type,
            counted ~ '.' ~ messages ~ ' >= ' ~ factor * var('diagnostics_min_messages') ~ ' and ' ~ received ~ ' = 0'
        )) -%}
    {%- endfor -%}
    {{ texts_where(conditions) }}
{%- endmacro %}


{# A reason's label as it stands within a sentence: its first letter small. #}
{% macro begun_small(label) -%}
    lower(substr({{ label }}, 1, 1)) || substr({{ label }}, 2)
{%- endmacro %}
