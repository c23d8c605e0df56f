-- One row per experiment, arm and metric: of its mature contacts the sufficient statistics, exact, which add up over
-- arms. Only metrics that are measured for somebody in every arm that has contacts; they don't add up over metrics.
with

contacts as (
    select * from {{ ref('fct_experiment_contacts') }}
),

counted as (
    select
        experiment_id,
        arm,
        count(*) filter (where not is_mature) as immature_contacts,
        count(*) filter (where is_contaminated) as contaminated_contacts,
        cast(coalesce(sum(orders_without_rate), 0) as bigint) as orders_without_rate,
        {{ experiment_statistics() }}
    from contacts
    group by experiment_id, arm
),

measured as (
    {%- for metric in experiment_metrics() %}
    select
        experiment_id,
        arm,
        '{{ metric }}' as metric,
        {{ metric }}_contacts as contacts,
        {{ metric }}_total as total,
        {{ metric }}_total_squared as total_squared,
        immature_contacts,
        contaminated_contacts,
        orders_without_rate
    from counted
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

compared as (
    select
        *,
        min(contacts) over (partition by experiment_id, metric) as least_contacts
    from measured
),

final as (
    select
        experiment_id,
        arm,
        metric,
        contacts,
        immature_contacts,
        contaminated_contacts,
        orders_without_rate,
        total,
        total_squared,
        cast(total as double) / contacts as mean
    from compared
    where least_contacts > 0
)

select * from final
