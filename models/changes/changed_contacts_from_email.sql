-- One row per contact known by address alone that a changed message is or was sent to.
with

messages as (
    select
        contact_id,
        recipient_contact_id
    from {{ ref('int_messages_measured') }}
    union all
    select
        contact_id,
        recipient_contact_id
    from {{ ref('changed_messages') }}
),

final as (
    select distinct contact_id
    from messages
    where recipient_contact_id is null and {{ is_from_email('contact_id') }}
)

select * from final
