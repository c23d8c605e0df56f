-- One row per arm of an experiment, the control first.
select
    arms.arm,
    arms.is_control,
    arms.contacts,
    arms.mature_contacts,
    arms.contacts - arms.mature_contacts as immature_contacts,
    count(contacts.contact_id) filter (where contacts.is_contaminated) as contaminated_contacts,
    cast(coalesce(sum(contacts.orders_without_rate), 0) as bigint) as orders_without_rate
from core.dim_experiment_arms as arms
left join core.fct_experiment_contacts as contacts
    on arms.experiment_id = contacts.experiment_id and arms.arm = contacts.arm
where arms.experiment_id = $id
group by all
order by arms.is_control desc, arms.arm asc
