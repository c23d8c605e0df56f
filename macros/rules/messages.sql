{# What the facts about one message have in common. #}

{# How many messages: NULL where the flag is NULL (not measured) for every message of the group. #}
{% macro messages_where(flag) -%}
    cast(sum(cast({{ flag }} as integer)) as bigint)
{%- endmacro %}


{# The families of what is measured; each has a column <family>_availability. #}
{% macro families() %}
    {% do return(service_families().keys() | list + ['open', 'click', 'link_click']) %}
{% endmacro %}


{# The families that a sending service reports or doesn't, each by an event type that its set-up names. #}
{% macro service_families() %}
    {% do return({
        'delivery': 'delivered', 'acceptance': 'accepted', 'reply': 'replied', 'unsubscribe': 'unsubscribed',
        'complaint': 'complained',
    }) %}
{% endmacro %}


{# Whether a family that a service reports is measured, by the settings of a sending domain. #}
{% macro service_availability(settings, event_type) -%}
    case
        when {{ settings }}.sending_service = 'external_smtp' then 'not_reported'
        when {{ feed_lacks(settings, event_type) }} then 'not_reported'
        else 'measured'
    end
{%- endmacro %}


{# Whether opens or clicks are measured, by the settings of a sending domain. #}
{% macro tracking_availability(settings, event_type, is_tracked) -%}
    case
        when {{ settings }}.sending_service = 'external_smtp' then 'measured'
        when {{ feed_lacks(settings, event_type) }} then 'not_reported'
        when not {{ settings }}.{{ is_tracked }} then 'not_tracked'
        when {{ settings }}.sending_service = 'event_feed' or {{ settings }}.is_dedicated then 'measured'
        else 'not_tracked'
    end
{%- endmacro %}


{# Whether an event feed isn't set up to report an event type; NULL where its set-up is unknown. #}
{% macro feed_lacks(settings, event_type) -%}
    {{ settings }}.sending_service = 'event_feed'
    and not {{ names_event_type(settings ~ '.webhook_event_types', event_type) }}
{%- endmacro %}


{# Whether a comma-separated list names an event type, in whatever case and with whatever spaces; NULL for a list that
   names nothing. #}
{% macro names_event_type(event_types, event_type) -%}
    {%- set comma -%} [{{ white_space() }}\x{feff}]*,[{{ white_space() }}\x{feff}]* {%- endset -%}
    {%- set listed -%} {{ replace_matches("',' || lower(" ~ event_types ~ ") || ','", comma, ',') }} {%- endset -%}
    case when replace({{ listed }}, ',', '') <> '' then {{ listed }} like '%,{{ event_type }},%' end
{%- endmacro %}


{# A flag that tells only of messages for which every one of these families is measured. #}
{% macro where_measured(flag, families) -%}
    case when {% for family in families %}{{ family }}_availability = 'measured'{{ ' and ' if not loop.last }}{% endfor %} then {{ flag }} end
{%- endmacro %}


{# Every count of messages, named as in `metrics` of dbt_project.yml: the one place that counts them, whatever
   they are grouped by. The rows (of fct_messages, without tests) are called messages. #}
{% macro message_counts() -%}
    count(*) as recipients,
    count(*) filter (where messages.is_sent) as sent,
    count(*) filter (where messages.is_failed) as failed,
    count(*) filter (where messages.is_skipped) as skipped,
    count(*) filter (where messages.is_pending) as pending,
    count(*) filter (where messages.is_sent or messages.is_failed) as total_attempts,
    {{ messages_where('messages.is_accepted') }} as accepted,
    {{ messages_where('messages.is_rejected') }} as rejected,
    {{ messages_where('messages.is_deferred') }} as deferred,
    {{ messages_where('messages.is_delivered') }} as delivered,
    {{ messages_where('messages.is_delivered_inferred') }} as delivered_inferred,
    {{ messages_where('messages.is_soft_bounced') }} as soft_bounced,
    {{ messages_where('messages.is_hard_bounced') }} as hard_bounced,
    {{ messages_where('messages.is_bounced') }} as bounced,
    {{ messages_where('messages.is_opened') }} as opened,
    {{ messages_where('messages.is_pixel_opened') }} as pixel_opened,
    {{ messages_where('messages.is_machine_opened') }} as machine_opened,
    {{ messages_where('messages.is_clicked') }} as clicked,
    {{ messages_where('messages.is_replied') }} as replied,
    {{ messages_where('messages.is_unsubscribed') }} as unsubscribed,
    {{ messages_where('messages.is_complained') }} as complained,
    count(*) filter (where messages.is_converted) as converted,
    count(*) filter (where messages.is_ordered) as ordered,
    {{ messages_where(where_measured('messages.is_sent', ['delivery'])) }} as sent_reported,
    {{ messages_where(where_measured('messages.is_opened', ['delivery', 'open'])) }} as opened_reported,
    {{ messages_where(where_measured('messages.is_clicked', ['delivery', 'click'])) }} as clicked_reported,
    {{ messages_where(where_measured('messages.is_converted', ['delivery'])) }} as converted_reported,
    {{ messages_where(where_measured('messages.is_unsubscribed', ['delivery', 'unsubscribe'])) }}
        as unsubscribed_reported,
    {{ messages_where(where_measured('messages.is_delivered', ['delivery', 'unsubscribe'])) }}
        as delivered_unsubscribe_reported,
    {{ messages_where(where_measured('messages.is_complained', ['delivery', 'complaint'])) }} as complained_reported,
    {{ messages_where(where_measured('messages.is_delivered', ['delivery', 'complaint'])) }}
        as delivered_complaint_reported,
    {{ messages_where(where_measured('messages.is_sent', ['open'])) }} as sent_open_tracked,
    {{ messages_where(where_measured('messages.is_sent', ['click'])) }} as sent_click_tracked,
    {{ messages_where(where_measured('messages.is_delivered', ['delivery', 'open'])) }} as delivered_open_tracked,
    {{ messages_where(where_measured('messages.is_delivered', ['delivery', 'click'])) }} as delivered_click_tracked,
    {{ messages_where(where_measured('messages.is_opened', ['open', 'click'])) }} as opened_click_tracked,
    {{ messages_where(where_measured('messages.is_opened and messages.is_clicked', ['open', 'click'])) }}
        as opened_and_clicked,
    {{ messages_where(where_measured('messages.is_ordered', ['click'])) }} as ordered_click_tracked,
    cast(sum(messages.opens) as bigint) as opens,
    cast(sum(messages.clicks) as bigint) as clicks,
    cast(sum(messages.conversions) as bigint) as conversions,
    cast(sum(messages.orders) as bigint) as orders,
    cast(sum(messages.orders_without_rate) as bigint) as orders_without_rate,
    cast(sum(messages.orders - messages.orders_without_rate) as bigint) as orders_with_rate,
    {{ cents('sum(messages.revenue)') }} as revenue,
    {{ cents('sum(messages.net_revenue)') }} as net_revenue
{%- endmacro %}


{# A group's availability of a family: measured, partly_measured, or the one reason (the first by
   name where several). #}
{% macro group_availability(availability) -%}
    case
        when count(*) = count_if({{ availability }} = 'measured') then 'measured'
        when count_if({{ availability }} = 'measured') > 0 then 'partly_measured'
        else min(nullif({{ availability }}, 'measured'))
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


{# What can become of a message, from the furthest state to the least; each is a flag is_… and a time
   …_at of fct_messages. Details lists have a tab for each. #}
{% macro outcomes() %}
    {% do return([
        'complained', 'unsubscribed', 'ordered', 'replied', 'clicked', 'opened', 'delivered', 'hard_bounced',
        'soft_bounced', 'sent', 'failed', 'skipped',
    ]) %}
{% endmacro %}


{# The furthest state of a message. #}
{% macro furthest_outcome(message) -%}
    case
        {%- for outcome in outcomes() %}
        when {{ message }}.is_{{ outcome }} then '{{ outcome }}'
        {%- endfor %}
    end
{%- endmacro %}


{% macro is_no_outcome(name) -%}
    coalesce({{ name }} not in ('{{ outcomes() | join("', '") }}'), true)
{%- endmacro %}


{# The domain of an address: the text after its last @, in lower case; NULL where there is none. #}
{% macro email_domain(email) -%}
    lower(nullif({{ extracted(email, '@([^@]+)\\z', 1) }}, ''))
{%- endmacro %}


{# What is counted of a message's send events. event_times maps first_<type>_event_at to min, last_… to max: a case in
   the aggregate costs two thirds of a filter on it. #}
{% macro send_event_counts(event_times) -%}
    count(*) as send_events,
        coalesce(bool_or(is_test), false) as is_test,
        min(event_at) as first_send_event_at,
        max(event_at) as last_send_event_at
    {%- for name, aggregate in event_times.items() -%}
        {%- set event_type = name.split('_')[1:-2] | join('_') -%},
        {{ aggregate }}(case when event_type = '{{ event_type }}' then event_at end) as {{ name }}
    {%- endfor -%}
{%- endmacro %}
