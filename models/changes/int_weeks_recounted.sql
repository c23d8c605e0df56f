-- One row a week (its Monday) of booking whose messages this batch may change. Empty in a full refresh.
{% set recounted = ref('int_messages_recounted') %}
{% set messages = ref('fct_messages') %}
with

{% if is_delta() -%}
final as (
    select {{ week_of('booked_date') }} as week
    from {{ recounted }}
    where booked_date is not null
    union distinct
    select {{ week_of('messages.booked_date') }} as week
    from {{ messages }} as messages
    where messages.message_id in (select recounted.message_id from {{ recounted }} as recounted)
)
{%- else -%}
final as (
    select cast(null as date) as week
    where false
)
{%- endif %}

select * from final
