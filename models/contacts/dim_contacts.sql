-- One row per contact: those that survive all merges, described by their latest row, and those that are known by the
-- address of messages alone.
with

contacts as (
    select *
    from {{ affected('stg_contacts') }}
    where is_latest
),

merged as (
    select
        surviving_contact_id,
        count(*) - 1 as merged_contacts
    from {{ affected('int_contacts_merged', by='surviving_contact_id') }}
    group by surviving_contact_id
),

contacts_from_email as (
    select * from {{ affected('int_contacts_from_email') }}
),

final as (
    select
        contacts.contact_id,
        contacts.full_name,
        contacts.email,
        merged.merged_contacts,
        coalesce(contacts.is_do_not_disturb, false) as is_do_not_disturb,
        false as is_from_email,
        contacts.created_at,
        contacts.updated_at
    from contacts
    inner join merged on contacts.contact_id = merged.surviving_contact_id
    union all
    select
        contact_id,
        null as full_name,
        email,
        0 as merged_contacts,
        false as is_do_not_disturb,
        true as is_from_email,
        null as created_at,
        null as updated_at
    from contacts_from_email
)

select * from final
