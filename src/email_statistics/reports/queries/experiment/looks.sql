-- One row per day of assignment and arm: sums of the primary metric over the mature contacts assigned up to that day.
with

contacts as (
    select
        contacts.arm,
        contacts.is_control,
        cast(contacts.assigned_at as date) as assigned_on,
        case experiments.primary_metric
            when 'revenue' then contacts.revenue
            when 'orders' then contacts.orders
            when 'ordered' then cast(contacts.is_ordered as integer)
            when 'converted' then cast(contacts.is_converted as integer)
            when 'delivered' then cast(contacts.is_delivered as integer)
            when 'opened' then cast(contacts.is_opened as integer)
            when 'human_opened' then cast(contacts.is_human_opened as integer)
            when 'clicked' then cast(contacts.is_clicked as integer)
            when 'unsubscribed' then cast(contacts.is_unsubscribed as integer)
            when 'complained' then cast(contacts.is_complained as integer)
        end as outcome
    from core.fct_experiment_contacts as contacts
    inner join core.dim_experiments as experiments on contacts.experiment_id = experiments.experiment_id
    where contacts.experiment_id = $id and contacts.is_mature
),

days as (
    select distinct assigned_on from contacts
),

arms as (
    select distinct
        arm,
        is_control
    from contacts
)

select
    days.assigned_on,
    arms.arm,
    arms.is_control,
    count(contacts.outcome) as contacts,
    cast(coalesce(sum(contacts.outcome), 0) as decimal(38, 2)) as total,
    cast(
        coalesce(sum(cast(contacts.outcome as decimal(19, 2)) * cast(contacts.outcome as decimal(19, 2))), 0)
        as decimal(38, 4)
    ) as total_squared
from days
cross join arms
left join contacts on arms.arm = contacts.arm and days.assigned_on >= contacts.assigned_on
group by days.assigned_on, arms.arm, arms.is_control
order by days.assigned_on, arms.arm
