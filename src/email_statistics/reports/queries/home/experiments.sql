-- One row per experiment, the latest first: what it is, who is in it, how its primary metric ends for each arm.
with

contacts as (
    select
        experiment_id,
        cast(sum(contacts) as bigint) as contacts
    from core.dim_experiment_arms
    group by experiment_id
),

results as (
    select
        experiment_id,
        list(arm order by arm) as arms,
        list(status order by arm) as statuses
    from marts.experiment_results
    where is_primary
    group by experiment_id
)

select
    experiments.experiment_id,
    coalesce(experiments.experiment_name, experiments.experiment_id) as experiment_name,
    experiments.experiment_type,
    experiments.primary_metric,
    coalesce(experiments.started_at, experiments.updated_at) as started_at,
    contacts.contacts,
    results.arms,
    results.statuses
from core.dim_experiments as experiments
left join contacts on experiments.experiment_id = contacts.experiment_id
left join results on experiments.experiment_id = results.experiment_id
order by started_at desc, experiments.experiment_id asc
