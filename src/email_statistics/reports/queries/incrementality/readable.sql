-- One row per experiment that says what the email caused, the latest first.
select experiments.experiment_id
from core.dim_experiments as experiments
where
    experiments.experiment_id in (
        select calibration.experiment_id
        from marts.attribution_calibration as calibration
        where calibration.status not in ('sample_ratio_mismatch', 'no_data')
    )
order by coalesce(experiments.started_at, experiments.updated_at) desc, experiments.experiment_id
