-- One row per metric and arm other than the control: how they compare; the primary metric first, then in the
-- order in which metrics are listed.
select
    results.arm,
    results.metric,
    results.status,
    results.control_contacts,
    results.contacts,
    results.control_mean,
    results.mean,
    results.difference,
    results.difference_low,
    results.difference_high,
    results.relative_lift,
    results.relative_lift_low,
    results.relative_lift_high,
    results.p_value,
    results.always_low,
    results.always_high,
    results.minimum_detectable_effect,
    results.is_primary,
    experiments.control_arm,
    experiments.planned_contacts_per_arm,
    experiments.ended_at
from marts.experiment_results as results
inner join core.dim_experiments as experiments on results.experiment_id = experiments.experiment_id
inner join core.dim_metrics as metrics
    on metrics.metric = case results.metric when 'human_opened' then 'opened' else results.metric end
where results.experiment_id = $id
order by results.is_primary desc, metrics.sort_order asc, results.metric = 'human_opened' asc, results.arm asc
