-- One row per contact that this batch may make, describe differently or remove.
with

final as (
    select contact_id
    from {{ ref('changed_contacts') }}
    union distinct
    select contact_id
    from {{ ref('changed_contacts_from_email') }}
)

select * from final
