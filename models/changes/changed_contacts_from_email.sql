-- One row per contact known by address alone that a changed message is or was sent to.
with

final as (
    select contact_id
    from {{ ref('int_messages_measured') }}
    where recipient_contact_id is null and {{ is_from_email('contact_id') }}
    union distinct
    select contact_id
    from {{ before('fct_messages') }}
    where
        recipient_contact_id is null
        and {{ is_from_email('contact_id') }}
        and message_id in (select changed_messages.message_id from {{ ref('changed_messages') }} as changed_messages)
)

select * from final
