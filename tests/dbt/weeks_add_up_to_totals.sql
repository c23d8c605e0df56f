-- What deliverability_weekly counts adds up to what the sources' statistics count.
with

weeks as (
    select {{ summed_columns(['sent'] + additive_metric_names(only_measured=true)) }}
    from {{ ref('deliverability_weekly') }}
),

performance as (
    select {{ summed_columns(['sent'] + additive_metric_names(only_measured=true)) }}
    from {{ ref('email_performance') }}
)

select weeks.*
from weeks
cross join performance
where {{ columns_differ('weeks', 'performance', ['sent'] + additive_metric_names(only_measured=true)) }}
