-- One row a message that send events of this batch belong to, or belonged to before: with the source that it
-- had. Empty in a full refresh.
{% set send_events = ref('stg_send_events') %}
with

{% if is_delta() -%}
touched as (
    select distinct message_id
    from {{ send_events }}
    where batch_number = {{ batch().number }} and message_id is not null
),

-- Not a reference: the table as this batch finds it.
earlier_messages as (
    select
        message_id,
        email_source_id
    from {{ send_events.replace_path(schema=model.schema, identifier='int_messages_grouped') }}
),

final as (
    select
        touched.message_id,
        earlier_messages.email_source_id
    from touched
    left join earlier_messages on touched.message_id = earlier_messages.message_id
)
{%- else -%}
final as (
    select
        cast(null as varchar) as message_id,
        cast(null as varchar) as email_source_id
    where false
)
{%- endif %}

select * from final
