-- One row per experiment, arm other than the control, and metric: how the arm compares with the control (overview:
-- Experiments). Nothing here adds up.
with

experiments as (
    select * from {{ ref('dim_experiments') }}
),

arms as (
    select * from {{ ref('experiment_arms') }}
),

sizes as (
    select * from {{ ref('dim_experiment_arms') }}
),

checks as (
    select
        experiment_id,
        max(value) filter (where check_name = 'sample_ratio') as sample_ratio_p,
        max(value) filter (where check_name = 'maturity') as immature_contacts
    from {{ ref('experiment_checks') }}
    group by experiment_id
),

paired as (
    select
        arms.experiment_id,
        arms.arm,
        arms.metric,
        arms.contacts,
        control.contacts as control_contacts,
        count(*) over (partition by arms.experiment_id, arms.metric) as comparisons,
        {{ sequence_tuned_at('experiments') }} as tuned_at,
        {{ arm_of('arms') }} as treated,
        {{ arm_of('control') }} as control,
        coalesce(checks.sample_ratio_p < {{ sample_ratio_fails_below() }}, false) as is_mismatched,
        {{ is_plan_reached(
            'experiments', 'sizes.mature_contacts', 'control_sizes.mature_contacts', 'checks.immature_contacts',
            'build.data_through_at',
        ) }} as is_plan_reached,
        arms.metric = experiments.primary_metric as is_primary
    from arms
    inner join experiments on arms.experiment_id = experiments.experiment_id
    inner join arms as control
        on
            arms.experiment_id = control.experiment_id
            and arms.metric = control.metric
            and experiments.control_arm = control.arm
    inner join sizes on arms.experiment_id = sizes.experiment_id and arms.arm = sizes.arm
    inner join sizes as control_sizes
        on control.experiment_id = control_sizes.experiment_id and control.arm = control_sizes.arm
    inner join checks on arms.experiment_id = checks.experiment_id
    cross join {{ ref('build') }} as build
    where arms.arm <> experiments.control_arm
),

compared as (
    select
        *,
        compare_arms(
            metric in ('{{ experiment_proportions() | join("', '") }}'), treated, control, comparisons, tuned_at
        ) as found
    from paired
),

adjusted as (
    select
        experiment_id,
        metric,
        {{ items_of('holm(' ~ sorted_list({'arm': 'arm', 'p_value': 'found.p_value'}, ['arm']) ~ ')') }} as adjusted
    from compared
    group by experiment_id, metric
),

-- What comes of arms that don't match the plan isn't shown: somebody would read it.
final as (
    select
        compared.experiment_id,
        compared.arm,
        compared.metric,
        {{ experiment_status(
            'compared.is_mismatched', 'compared.found', 'compared.is_plan_reached', is_better_lower('compared.metric')
        ) }} as status,
        compared.control_contacts,
        compared.contacts,
        compared.found.control_mean,
        compared.found.mean,
        {%- for name in [
            'difference', 'difference_low', 'difference_high', 'relative_lift', 'relative_lift_low',
            'relative_lift_high', 'always_low', 'always_high', 'minimum_detectable_effect',
        ] %}
        case when not compared.is_mismatched then compared.found.{{ name }} end as {{ name }},
        {%- endfor %}
        case when not compared.is_mismatched then adjusted.adjusted.p_value end as p_value,
        compared.is_primary
    from compared
    inner join adjusted
        on
            compared.experiment_id = adjusted.experiment_id
            and compared.metric = adjusted.metric
            and compared.arm = adjusted.adjusted.arm
)

select * from final
