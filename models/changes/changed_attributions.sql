-- One row per conversion whose attribution this batch may change, with the contact that it belongs to now: one that
-- may itself have changed, or one of a contact whose touches may have.
with

conversions as (
    select * from {{ ref('int_conversions_identified') }}
),

changed as (
    select
        conversion_type,
        conversion_id
    from {{ ref('changed_conversions') }}
),

contacts as (
    select contact_id
    from {{ ref('int_messages_measured') }}
    union distinct
    select contact_id
    from {{ before('fct_messages') }}
    where message_id in (select changed_messages.message_id from {{ ref('changed_messages') }} as changed_messages)
),

final as (
    select
        changed.conversion_type,
        changed.conversion_id,
        conversions.contact_id
    from changed
    left join conversions
        on changed.conversion_type = conversions.conversion_type and changed.conversion_id = conversions.conversion_id
    union distinct
    select
        conversion_type,
        conversion_id,
        contact_id
    from conversions
    where
        contact_id in (select contacts.contact_id from contacts)
)

select * from final
