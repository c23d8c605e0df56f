{# Last-touch attribution: what is a touch, which one wins, and whether it still counts. #}

{# A source whose emails can earn credit. #}
{% macro is_eligible(source) -%}
    (
        {{ source }}.email_source_type in ('{{ var('attribution_source_types') | join("', '") }}')
        {%- if var('attribution_style') == 'product_element' %}
        and {{ source }}.has_product_element
        {%- endif %}
    )
{%- endmacro %}


{# A counted engagement event that can earn credit. Eligibility is applied before the last touch is
   chosen: a later ineligible email doesn't block an earlier eligible one. #}
{% macro is_touch(event, source) -%}
    (
        {{ event }}.is_counted
        and {{ event }}.event_type in ('{{ var('attribution_touches') | join("', '") }}')
        and {{ is_eligible(source) }}
    )
{%- endmacro %}


{# Of several touches before a conversion the greatest is the last: by time; a click beats an open;
   then the later sent_at, then the greater message_id. #}
{% macro touch_order(touch) -%}
    struct_pack(
        touch_at := {{ touch }}.touch_at,
        is_click := {{ touch }}.touch_type = 'clicked',
        sent_at := {{ touch }}.sent_at,
        message_id := {{ touch }}.message_id
    )
{%- endmacro %}


{# An exact interval of n x 24 hours, both ends included: never a count of clock boundaries. #}
{% macro is_within_window(touch_at, converted_at) -%}
    ({{ touch_at }} <= {{ converted_at }} and {{ converted_at }} - {{ touch_at }} <= interval {{ var('attribution_window_days') }} day)
{%- endmacro %}
