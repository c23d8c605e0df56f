-- One row per address (lower case) whose contact this batch may change: by rows of contacts that have it or had it, or
-- by a merge of one that has it.
with

contacts as (
    select contact_id
    from {{ changed('int_contacts_merged', ['contact_id', 'surviving_contact_id']) }}
),

final as (
    select lower(email) as email
    from {{ batch_rows('stg_contacts') }}
    where email is not null
    union distinct
    select lower(email) as email
    from {{ ref('stg_contacts') }}
    where email is not null and contact_id in (select contacts.contact_id from contacts)
)

select * from final
