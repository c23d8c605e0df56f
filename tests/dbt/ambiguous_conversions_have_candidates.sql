-- A conversion is contact_ambiguous exactly where two or more contacts could have made it.
with

candidates as (
    select
        conversion_type,
        conversion_id,
        count(*) as contacts
    from {{ ref('fct_conversion_candidates') }}
    group by conversion_type, conversion_id
),

conversions as (
    select * from {{ ref('fct_conversions') }}
)

select
    coalesce(conversions.conversion_id, candidates.conversion_id) as conversion_id,
    conversions.unattributed_reason,
    candidates.contacts
from conversions
full join candidates
    on
        conversions.conversion_type = candidates.conversion_type
        and conversions.conversion_id = candidates.conversion_id
where
    coalesce(conversions.unattributed_reason = 'contact_ambiguous', false)
    is distinct from coalesce(candidates.contacts > 1, false)
    or candidates.contacts = 1
