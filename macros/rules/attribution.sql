{# Attribution: what is a touch by a policy, which touch wins, whether it still counts, and how a
   conversion is shared. A policy is a row of dim_attribution_policies. #}

{# No touch is considered for longer than this before a conversion. #}
{% macro longest_window() -%}
    interval 60 day
{%- endmacro %}


{# For how many hours this kind of touch can earn credit; NULL where it isn't a touch. #}
{% macro window_hours(touch, policy) -%}
    case {{ touch }}.touch_type
        when 'opened' then {{ policy }}.opened_window_hours
        when 'clicked' then {{ policy }}.clicked_window_hours
        when 'delivered' then {{ policy }}.delivered_window_hours
    end
{%- endmacro %}


{# No type's name is a part of another's. #}
{% macro is_eligible_source_type(source, policy) -%}
    {{ policy }}.source_types like '%' || {{ source }}.email_source_type || '%'
{%- endmacro %}


{% macro is_eligible_style(source, policy) -%}
    ({{ policy }}.style = 'all_campaigns' or {{ source }}.has_product_element)
{%- endmacro %}


{# A source whose emails can earn credit. #}
{% macro is_eligible(source, policy) -%}
    ({{ is_eligible_source_type(source, policy) }} and {{ is_eligible_style(source, policy) }})
{%- endmacro %}


{% macro is_machine_left_out(touch, policy) -%}
    ({{ touch }}.is_machine and not {{ policy }}.count_machines)
{%- endmacro %}


{# A touch that can earn credit by a policy, whenever it was. Eligibility is applied before the touch is
   chosen: a later ineligible email doesn't block an earlier eligible one. #}
{% macro can_earn_credit(touch, policy) -%}
    (
        {{ window_hours(touch, policy) }} is not null
        and {{ is_eligible(touch, policy) }}
        and not {{ is_machine_left_out(touch, policy) }}
    )
{%- endmacro %}


{# Of several touches the last one is the last in this order: by time; a click beats an open, which beats
   a delivery; then the later sent_at, then the greater message_id (and event_id, of one message's events).
   int_touches numbers each contact's touches by it. #}
{% macro touch_order(touch) -%}
    {{ touch }}.touch_at,
    case {{ touch }}.touch_type when 'clicked' then 2 when 'opened' then 1 else 0 end,
    {{ touch }}.sent_at,
    {{ touch }}.message_id,
    {{ touch }}.event_id
{%- endmacro %}


{# Of several touches in their windows the greatest is the first to be credited: the last one, but for
   a policy by which a click outranks whatever came later: more touches than the number added has no contact. #}
{% macro credit_order(touch, policy) -%}
    case
        when {{ policy }}.click_outranks_open and {{ touch }}.touch_type = 'clicked'
            then {{ touch }}.touch_number + 1000000000000
        else {{ touch }}.touch_number
    end
{%- endmacro %}


{# An exact interval of so many hours, both ends included: never a count of clock boundaries. #}
{% macro is_within_window(touch, converted_at, policy) -%}
    (
        {{ touch }}.touch_at <= {{ converted_at }}
        and {{ converted_at }} - {{ touch }}.touch_at <= {{ longest_window() }}
        and {{ converted_at }} - case {{ policy }}.anchor when 'send' then {{ touch }}.sent_at else {{ touch }}.touch_at end
        <= {{ window_hours(touch, policy) }} * interval 1 hour
    )
{%- endmacro %}


{# Policies that credit one email; all others share a conversion, or credit it several times over. #}
{% macro single_credit_rules() -%}
    ('last', 'first')
{%- endmacro %}


{# A touched message's part of a conversion, of the sum of all messages' parts (none: 0). Messages share,
   each once, however often it was touched. By position: 40 % are the first touch's, 40 % the last
   one's, 20 % are the others'; two share by halves, and what is first and last has both. #}
{% macro credit_weight(credit_rule, messages, is_first, is_last) -%}
    case
        when {{ credit_rule }} = 'last' then cast({{ is_last }} as bigint)
        when {{ credit_rule }} = 'first' then cast({{ is_first }} as bigint)
        when {{ credit_rule }} in ('linear', 'every_touched_email') or {{ messages }} = 1 then 1
        when {{ is_first }} and {{ is_last }} then 4 * ({{ messages }} - 1)
        when ({{ is_first }} or {{ is_last }}) and {{ messages }} > 2 then 2 * ({{ messages }} - 2)
        else 1
    end
{%- endmacro %}


{# What is kept of a touch that was chosen. #}
{% macro touched(touch) -%}
    {{ struct_of({
        'message_id': touch ~ '.message_id', 'email_source_id': touch ~ '.email_source_id',
        'touch_type': touch ~ '.touch_type', 'touch_at': touch ~ '.touch_at',
    }) }}
{%- endmacro %}


{# Why nobody is credited with a conversion. #}
{% macro unattributed_reason(conversion, has_touch) -%}
    case
        when {{ conversion }}.is_ambiguous then 'contact_ambiguous'
        when {{ conversion }}.contact_id is null then 'contact_unknown'
        when {{ has_touch }} then 'outside_window'
        else 'no_touch'
    end
{%- endmacro %}


{% macro unattributed_reasons() %}
    {% do return(['contact_ambiguous', 'contact_unknown', 'no_touch', 'outside_window']) %}
{% endmacro %}


{# The policy by which this build credits. #}
{% macro active_attribution_policy() -%}
    '{{ var('attribution_policy') }}'
{%- endmacro %}


{# The hours for which the settings let this kind of touch earn credit; NULL where they don't name it. #}
{% macro settings_window_hours(touch_type) -%}
    {%- if touch_type in var('attribution_touches') -%}
        cast({{ 24 * var('attribution_window_days') }} as integer)
    {%- else -%}
        cast(null as integer)
    {%- endif -%}
{%- endmacro %}
