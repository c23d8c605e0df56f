-- One row per contact that is known by the address of messages alone: of no contact of the CRM, or of several.
with

messages as (
    select * from {{ affected('int_messages_measured', columns=['contact_id', 'recipient_contact_id']) }}
),

final as (
    select distinct
        contact_id,
        {{ email_of_contact('contact_id') }} as email
    from messages
    where recipient_contact_id is null and {{ is_from_email('contact_id') }}
)

select * from final
