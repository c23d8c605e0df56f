{# What the facts about one message have in common. #}

{# The earliest event that shows that a message left: a send event of these types, or any engagement. #}
{% macro dispatched_at(message, engagement) -%}
    coalesce(
        {{ message }}.first_sent_at,
        least(
            {{ message }}.first_accepted_at,
            {{ message }}.first_rejected_at,
            {{ message }}.first_delivered_at,
            {{ message }}.first_soft_bounced_at,
            {{ message }}.first_hard_bounced_at,
            {{ engagement }}.first_engaged_at
        )
    )
{%- endmacro %}


{# How many messages: NULL where the flag is NULL (not measured) for every message of the group. #}
{% macro messages_where(flag) -%}
    cast(sum(cast({{ flag }} as integer)) as bigint)
{%- endmacro %}


{# A flag that tells only of messages for which every one of these families is measured. #}
{% macro where_measured(flag, families) -%}
    case when {% for family in families %}{{ family }}_availability = 'measured'{{ ' and ' if not loop.last }}{% endfor %} then {{ flag }} end
{%- endmacro %}


{# A group's availability of a family: measured, partly_measured, or the one reason (the first by
   name where several). #}
{% macro group_availability(availability) -%}
    case
        when count(*) = count(*) filter (where {{ availability }} = 'measured') then 'measured'
        when count(*) filter (where {{ availability }} = 'measured') > 0 then 'partly_measured'
        else min({{ availability }})
    end
{%- endmacro %}


{# Why an event isn't counted: machine is the last reason, and one only where machines don't count. #}
{% macro exclusion_reason(other_reason, actor) -%}
    {%- if var('count_machine_engagement') -%}
        {{ other_reason }}
    {%- else -%}
        coalesce({{ other_reason }}, case when {{ actor }} = 'machine' then 'machine' end)
    {%- endif -%}
{%- endmacro %}


{# A counted open: by the pixel, or, where a click implies an open, by a click. #}
{% macro opening_event_types() -%}
    {{ "('opened', 'clicked')" if var('click_implies_open') else "('opened')" }}
{%- endmacro %}
