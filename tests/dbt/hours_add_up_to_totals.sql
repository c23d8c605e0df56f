-- A source's hours add up to its totals, NULL (not measured) included.
with

hours as (
    select
        email_source_id,
        {{ summed_columns(activities()) }}
    from {{ ref('email_activity_hourly') }}
    group by email_source_id
)

select performance.*
from {{ ref('email_performance') }} as performance
left join hours on performance.email_source_id = hours.email_source_id
where {{ activities_differ('hours', 'performance') }}
