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
        compare_arms({{ is_proportion('metric') }}, treated, control, comparisons, tuned_at) as found
    from paired
),

tested as (
    select
        experiment_id,
        metric,
        {{ sorted_list({'arm': 'arm', 'p_value': 'found.p_value'}, ['arm']) }} as arms
    from compared
    group by experiment_id, metric
),

adjusted as (
    select
        experiment_id,
        metric,
        {{ items_of('holm(arms)') }} as adjusted_arm
    from tested
),

p_values as (
    select
        experiment_id,
        metric,
        adjusted_arm.arm,
        adjusted_arm.p_value
    from adjusted
),

joined as (
    select
        compared.*,
        p_values.p_value
    from compared
    inner join p_values
        on
            compared.experiment_id = p_values.experiment_id
            and compared.arm = p_values.arm
            and compared.metric = p_values.metric
),

-- What comes of arms that don't match the plan isn't shown: somebody would read it.
final as (
    select
        experiment_id,
        arm,
        metric,
        {{ experiment_status('is_mismatched', 'found', 'is_plan_reached', is_better_lower('metric')) }} as status,
        control_contacts,
        contacts,
        found.control_mean,
        found.mean,
        {%- for name in [
            'difference', 'difference_low', 'difference_high', 'relative_lift', 'relative_lift_low',
            'relative_lift_high', 'always_low', 'always_high', 'minimum_detectable_effect',
        ] %}
        case when not is_mismatched then found.{{ name }} end as {{ name }},
        {%- endfor %}
        case when not is_mismatched then p_value end as p_value,
        is_primary
    from joined
)

select * from final
