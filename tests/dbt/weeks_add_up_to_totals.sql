-- What deliverability_weekly counts adds up to what the sources' statistics count. But for accepted: that counts
-- messages that weren't sent, too.
{% set counts = ['sent'] + (additive_metric_names(only_measured=true) | reject('equalto', 'accepted') | list) %}
with

weeks as (
    select {{ summed_columns(counts) }}
    from {{ ref('deliverability_weekly') }}
),

performance as (
    select {{ summed_columns(counts) }}
    from {{ ref('email_performance') }}
)

select weeks.*
from weeks
cross join performance
where {{ columns_differ('weeks', 'performance', counts) }}
