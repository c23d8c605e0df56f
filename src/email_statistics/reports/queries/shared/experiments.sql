-- One row per experiment, the latest first.
select
    experiments.experiment_id,
    experiments.experiment_name,
    experiments.experiment_type,
    experiments.control_arm,
    experiments.primary_metric,
    experiments.outcome_days,
    experiments.planned_contacts_per_arm,
    experiments.started_at,
    experiments.ended_at,
    experiments.email_source_id,
    sources.email_source_name,
    experiments.experiment_id in (
        select calibration.experiment_id from marts.attribution_calibration as calibration
    ) as is_calibrated
from core.dim_experiments as experiments
left join core.dim_email_sources as sources on experiments.email_source_id = sources.email_source_id
order by coalesce(experiments.started_at, experiments.updated_at) desc, experiments.experiment_id
