-- One row per contact that survives all merges, described by its latest row.
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

final as (
    select
        contacts.contact_id,
        contacts.full_name,
        contacts.email,
        merged.merged_contacts,
        coalesce(contacts.is_do_not_disturb, false) as is_do_not_disturb,
        contacts.created_at,
        contacts.updated_at
    from contacts
    inner join merged on contacts.contact_id = merged.surviving_contact_id
)

select * from final
