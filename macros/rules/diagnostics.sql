{# What email_diagnostics is written with: the list of checks, and how a finding is put into words. #}

{# Every check, in the order of the guide's troubleshooting; each has a macro check_<name> (macros/checks.sql). #}
{% macro checks() %}
    {% do return([
        'how_it_was_sent', 'not_sent_yet', 'sending_service', 'sending_service_changed', 'shared_domain',
        'open_tracking', 'click_tracking', 'track_clicks_toggle', 'click_exclusions', 'domain_records',
        'event_type_not_configured', 'event_type_never_received', 'no_revenue', 'orphans', 'quarantined',
        'currency_without_rate', 'ambiguous_contacts', 'delivered_without_event', 'machine_engagement',
        'delivered_rate', 'unsubscribe_rate', 'hard_bounce_rate', 'complaint_rate',
    ]) %}
{% endmacro %}


{# What a check finds: ok, info (by design, or nothing to do), warn (look) or fail (numbers are incomplete
   or wrong); how many it is about; a sentence. The sentence is a text with {} for each of values.
   -- DuckDB only: struct_pack, format() #}
{% macro finding(status, affected, sentence, values=[]) -%}
    struct_pack(
        status := '{{ status }}',
        affected := cast({{ affected }} as bigint),
        message := format({{ ([quote_text(sentence)] + values) | join(', ') }})
    )
{%- endmacro %}


{# "1 message", "2,000 messages" -- DuckDB only: format() #}
{% macro counted(number, noun) -%}
    (format('{:,} ', {{ number }}) || case when {{ number }} = 1 then '{{ noun }}' else '{{ noun }}s' end)
{%- endmacro %}


{# "12.5%", two decimals at most -- DuckDB only: format() #}
{% macro as_percent(fraction) -%}
    format('{:g}%', round(100 * cast({{ fraction }} as double), 2))
{%- endmacro %}


{# A setting's or a reason's name in words. #}
{% macro exclusion_in_words(reason) -%}
    case {{ reason }}
        when 'test_send' then 'in test sends'
        when 'not_tracked' then 'while tracking was off'
        when 'not_supported' then 'in a kind of email that isn''t supported'
        when 'trigger_link' then 'on trigger links'
        when 'system_link' then 'on preview, unsubscribe or affiliate links'
        when 'unresolved_merge_field' then 'on links with an unresolved merge field'
        when 'not_http' then 'on links that are not http or https'
        when 'malformed_url' then 'on malformed URLs'
        when 'machine' then 'by machines'
        else {{ reason }}
    end
{%- endmacro %}


{# Links that can't be tracked because of a mistake in them, not by design. #}
{% macro is_mistake(reason) -%}
    {{ reason }} in ('unresolved_merge_field', 'malformed_url')
{%- endmacro %}


{# The records of a sending domain that aren't verified, as a text; NULL where all are. #}
{% macro unverified_records(settings) -%}
    nullif(
        concat_ws(
            ', ',
            case when not {{ settings }}.is_spf_verified then 'SPF' end,
            case when not {{ settings }}.is_dkim_verified then 'DKIM' end,
            case when not {{ settings }}.is_tracking_cname_verified then 'tracking CNAME' end
        ),
        ''
    )
{%- endmacro %}


{# The event types that a sending service should report and isn't set up to, as a text; NULL where none is
   missing or the set-up is unknown. An outside provider reports only opens and clicks. #}
{% macro missing_event_types(settings) -%}
    nullif(
        concat_ws(
            ', ',
            {%- for event_type in [
                'accepted', 'rejected', 'delivered', 'soft_bounced', 'hard_bounced', 'opened', 'clicked', 'replied',
                'unsubscribed', 'complained',
            ] %}
            case
                when
                    not regexp_matches(lower({{ settings }}.webhook_event_types), '(^|,)\s*{{ event_type }}\s*(,|$)')
                    {%- if event_type not in ('opened', 'clicked') %}
                    and {{ settings }}.sending_service = 'aesthetix'
                    {%- endif %}
                    then '{{ event_type }}'
            end{{ ',' if not loop.last }}
            {%- endfor %}
        ),
        ''
    )
{%- endmacro %}


{# How many items a text of unverified records or event types lists. #}
{% macro listed(text) -%}
    (1 + length({{ text }}) - length(replace({{ text }}, ',', '')))
{%- endmacro %}


{# The event types that never came from a sending domain, as a text; NULL where none is missing. A type is
   missed only among many messages: rare ones need more. #}
{% macro event_types_never_received(domain) -%}
    nullif(
        concat_ws(
            ', ',
            {%- for event_type, messages, factor in [
                ('delivered', 'sent_reported', 1), ('opened', 'sent_open_tracked', 1),
                ('clicked', 'sent_click_tracked', 1), ('soft_bounced', 'sent_reported', 10),
                ('hard_bounced', 'sent_reported', 10), ('unsubscribed', 'sent_reported', 10),
                ('replied', 'sent_reported', 100), ('complained', 'sent_reported', 100),
            ] %}
            case
                when
                    {{ domain }}.{{ messages }} >= {{ factor * var('diagnostics_min_messages') }}
                    and {{ domain }}.{{ event_type }} = 0
                    then '{{ event_type }}'
            end{{ ',' if not loop.last }}
            {%- endfor %}
        ),
        ''
    )
{%- endmacro %}


{# What a rate with a benchmark finds: its verdict is one only from enough messages on. bad_messages are
   those that make it bad. The benchmark and the parts of the rate are macros/metrics.sql's. #}
{% macro benchmark_finding(name, bad_messages, advice) -%}
    {%- for metric in metrics() if metric.metric == name -%}
    {%- set denominator = 'evidence.' ~ metric.denominator -%}
    {%- set rate = 'evidence.' ~ name -%}
    {%- set target = ('at least ' if metric.benchmark_direction == 'at_least' else 'below ') ~ '{}' -%}
    case
        when not evidence.is_started
            then {{ finding('info', 0, 'Nothing was sent yet: there is no rate to judge.') }}
        when {{ denominator }} is null
            then {{ finding('info', 0, 'Delivery is not reported for it, so this rate is unknown (see sending_service).') }}
        when {{ denominator }} < {{ var('diagnostics_min_messages') }}
            then
                {{ finding(
                    'info', 0, 'Too few messages to judge: {} of the {} that are needed.',
                    ["format('{:,}', " ~ denominator ~ ')', "format('{:,}', " ~ var('diagnostics_min_messages') ~ ')']
                ) }}
        when {{ rate }} {{ '>=' if metric.benchmark_direction == 'at_least' else '<' }} {{ metric.benchmark }}
            then
                {{ finding(
                    'ok', 0, metric.label ~ ' {}: good (' ~ target ~ ').',
                    [as_percent(rate), as_percent(metric.benchmark)]
                ) }}
        else
            {{ finding(
                'warn', bad_messages, metric.label ~ ' {} ({} of {}): it should be ' ~ target ~ '. ' ~ advice,
                [
                    as_percent(rate), "format('{:,}', evidence." ~ metric.numerator ~ ')',
                    counted(denominator, 'message'), as_percent(metric.benchmark),
                ]
            ) }}
    end
    {%- endfor -%}
{%- endmacro %}
