-- One row per address (lower case) that the latest row of a contact has: the contact that all contacts with it are
-- after all merges, NULL where they are several.
with

contacts as (
    select
        contact_id,
        lower(email) as email
    from {{ affected('stg_contacts', by='lower(email)') }}
    where is_latest and email is not null
),

merged as (
    select * from {{ ref('int_contacts_merged') }}
),

final as (
    select
        contacts.email,
        case
            when min(merged.surviving_contact_id) = max(merged.surviving_contact_id)
                then min(merged.surviving_contact_id)
        end as contact_id
    from contacts
    inner join merged on contacts.contact_id = merged.contact_id
    group by contacts.email
)

select * from final
