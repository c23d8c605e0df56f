-- One row per experiment and arm: its control, each arm that is planned, each to which somebody is assigned.
with

experiments as (
    select * from {{ ref('dim_experiments') }}
),

shares as (
    select
        experiment_id,
        {{ items_of(text_parts('planned_shares', ',')) }} as planned_share
    from experiments
    where planned_shares is not null
),

planned as (
    select
        experiment_id,
        {{ as_text("split_part(planned_share, '=', 1)") }} as arm,
        sum(cast({{ as_text("split_part(planned_share, '=', 2)") }} as decimal(18, 6))) as weight
    from shares
    group by experiment_id, {{ as_text("split_part(planned_share, '=', 1)") }}
),

assigned as (
    select
        experiment_id,
        arm,
        count(*) as contacts,
        count(*) filter (where is_mature) as mature_contacts
    from {{ ref('fct_experiment_contacts') }}
    group by experiment_id, arm
),

arms as (
    select
        experiment_id,
        control_arm as arm
    from experiments
    union distinct
    select
        experiment_id,
        arm
    from planned
    union distinct
    select
        experiment_id,
        arm
    from assigned
),

final as (
    select
        arms.experiment_id,
        arms.arm,
        coalesce(assigned.contacts, 0) as contacts,
        coalesce(assigned.mature_contacts, 0) as mature_contacts,
        -- Equal where nothing is planned.
        cast(
            coalesce(planned.weight, case when experiments.planned_shares is null then 1 else 0 end) as decimal(18, 6)
        ) as planned_weight,
        arms.arm = experiments.control_arm as is_control
    from arms
    inner join experiments on arms.experiment_id = experiments.experiment_id
    left join planned on arms.experiment_id = planned.experiment_id and arms.arm = planned.arm
    left join assigned on arms.experiment_id = assigned.experiment_id and arms.arm = assigned.arm
)

select * from final
