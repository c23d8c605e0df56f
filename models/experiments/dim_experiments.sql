-- One row per experiment (a holdout or an A/B test), described by its latest row.
with

experiments as (
    select *
    from {{ ref('stg_experiments') }}
    where is_latest
),

assignments as (
    select distinct experiment_id
    from {{ ref('stg_experiment_assignments') }}
    where row_status = 'accepted'
),

final as (
    select
        experiments.experiment_id,
        experiments.email_source_id,
        experiments.experiment_type,
        experiments.experiment_name,
        experiments.control_arm,
        coalesce(experiments.primary_metric, 'revenue') as primary_metric,
        experiments.planned_shares,
        coalesce(experiments.outcome_days, 14) as outcome_days,
        experiments.planned_contacts_per_arm,
        -- An A/B test of one email, to which nobody is assigned by events, is assigned by the variants sent.
        experiments.experiment_type = 'ab_test'
        and experiments.email_source_id is not null
        and assignments.experiment_id is null as is_assigned_by_variant,
        experiments.started_at,
        experiments.ended_at,
        experiments.updated_at
    from experiments
    left join assignments on experiments.experiment_id = assignments.experiment_id
)

select * from final
