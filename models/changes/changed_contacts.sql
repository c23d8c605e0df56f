-- One row per contact that this batch has a row of, or that a merge concerns, where the batch has contacts at all: all
-- other contacts stay as they are.
with

contacts as (
    select
        contact_id,
        merged_into_contact_id
    from {{ batch_rows('stg_contacts') }}
    union all
    select
        contact_id,
        merged_into_contact_id
    from {{ ref('stg_contacts') }}
    where
        is_latest
        and merged_into_contact_id is not null
        and exists (select arrived.contact_id from {{ batch_rows('stg_contacts') }} as arrived)
),

final as (
    select contact_id
    from contacts
    where contact_id is not null
    union distinct
    select merged_into_contact_id as contact_id
    from contacts
    where merged_into_contact_id is not null
)

select * from final
