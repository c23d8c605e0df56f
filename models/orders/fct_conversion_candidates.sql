-- One row per conversion that several contacts could have made and a contact of them (after all merges).
-- Conversions don't add up over contacts.
with

conversions as (
    select *
    from {{ ref('int_conversions_identified') }}
    where is_ambiguous
),

final as (
    select
        conversion_type,
        conversion_id,
        {{ items_of('candidate_contact_ids') }} as contact_id,
        converted_at
    from conversions
)

select * from final
