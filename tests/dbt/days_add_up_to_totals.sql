-- A source's days add up to its totals, metric by metric.
with

days as (
    select
        email_source_id,
        {{ summed_columns(additive_metric_names()) }}
    from {{ ref('email_performance_daily') }}
    group by email_source_id
),

performance as (
    select * from {{ ref('email_performance') }}
)

select coalesce(performance.email_source_id, days.email_source_id) as email_source_id
from performance
full join days on performance.email_source_id = days.email_source_id
where {{ columns_differ('performance', 'days', additive_metric_names()) }}
