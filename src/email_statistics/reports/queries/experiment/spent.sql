-- One row per arm and whole days since the assignment: what its mature contacts had spent by then, per contact.
with

arms as (
    select
        arm,
        count(*) as contacts
    from core.fct_experiment_contacts
    where experiment_id = $id and is_mature
    group by arm
),

spent as (
    select
        contacts.arm,
        cast(floor(epoch(conversions.converted_at - contacts.assigned_at) / 86400) as bigint) as days,
        sum(conversions.revenue) as revenue
    from core.fct_experiment_contacts as contacts
    inner join core.fct_conversions as conversions
        on
            contacts.contact_id = conversions.contact_id
            and conversions.converted_at between contacts.assigned_at and contacts.window_ends_at
    where contacts.experiment_id = $id and contacts.is_mature
    group by all
),

days as (
    select unnest(range(0, outcome_days + 1)) as days
    from core.dim_experiments
    where experiment_id = $id
)

select
    days.days,
    arms.arm,
    cast(
        round(coalesce(sum(spent.revenue) filter (where spent.days <= days.days), 0) / arms.contacts, 2)
        as decimal(18, 2)
    ) as revenue_per_contact
from days
cross join arms
left join spent on arms.arm = spent.arm
group by days.days, arms.arm, arms.contacts
order by days.days, arms.arm
