-- One row per message whose source or contact isn't known: how many accepted send events wait with it.
with

messages as (
    select * from {{ affected('int_messages_grouped') }}
),

known as (
    select * from {{ affected('int_messages_measured') }}
),

final as (
    select
        messages.message_id,
        messages.email_source_id,
        messages.recipient_contact_id,
        messages.send_events
    from messages
    anti join known on messages.message_id = known.message_id
)

select * from final
