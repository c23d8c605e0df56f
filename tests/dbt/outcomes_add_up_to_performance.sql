-- A source's rows of an outcome are as many as its messages of that metric.
with

counted as (
    select
        email_source_id,
        outcome,
        count(*) as messages
    from {{ ref('message_outcomes') }}
    group by email_source_id, outcome
),

outcomes as (
    select
        email_source_id,
        {{ pivoted_outcomes() }}
    from counted
    group by email_source_id
),

performance as (
    select *
    from {{ ref('email_performance') }}
)

select coalesce(performance.email_source_id, outcomes.email_source_id) as email_source_id
from performance
full join outcomes on performance.email_source_id = outcomes.email_source_id
where {{ columns_differ('performance', 'outcomes', outcomes()) }}
