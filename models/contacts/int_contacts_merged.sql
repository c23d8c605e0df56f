-- One row per known contact: the contact that it is after all merges. The work grows with the length of the chains
-- (each contact meets every later one of its chain once).
{{ with_recursion() }}

contacts as (
    select contact_id
    from {{ affected('stg_contacts') }}
    where is_latest
),

-- A pointer to an unknown contact ends the chain.
pointers as (
    {{ merge_pointers(ref('stg_contacts')) }}
),

-- Whom a contact meets on its way.
followed as (
    {{ followed_contacts() }}
),

in_cycles as (
    select contact_id
    from followed
    where contact_id = met_contact_id
),

steps as (
    select
        contact_id,
        contact_id as met_contact_id
    from pointers
    union all
    select
        contact_id,
        met_contact_id
    from followed
),

chains as (
    select steps.*
    from steps
    where steps.contact_id not in (select in_cycles.contact_id from in_cycles)
),

chain_ends as (
    select
        chains.contact_id,
        chains.met_contact_id as surviving_contact_id
    from chains
    left join pointers on chains.met_contact_id = pointers.contact_id
    where pointers.contact_id is null
    union all
    -- A chain that runs into a cycle ends at the first of its contacts that it meets.
    select
        chains.contact_id,
        pointers.merged_into_contact_id as surviving_contact_id
    from chains
    inner join pointers on chains.met_contact_id = pointers.contact_id
    inner join in_cycles as entered on pointers.merged_into_contact_id = entered.contact_id
    where chains.met_contact_id not in (select in_cycles.contact_id from in_cycles)
),

final as (
    select
        contacts.contact_id,
        coalesce(chain_ends.surviving_contact_id, contacts.contact_id) as surviving_contact_id
    from contacts
    left join chain_ends on contacts.contact_id = chain_ends.contact_id
)

select * from final
