-- A source's hours add up to its totals, NULL (not measured) included.
{% set activities = ['sent', 'delivered', 'opened', 'clicked', 'replied', 'bounced', 'unsubscribed', 'complained'] %}
with

hours as (
    select
        email_source_id,
        {%- for activity in activities %}
        sum({{ activity }}) as {{ activity }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('email_activity_hourly') }}
    group by email_source_id
)

select performance.*
from {{ ref('email_performance') }} as performance
inner join hours on performance.email_source_id = hours.email_source_id
where
    {%- for activity in activities %}
    hours.{{ activity }} is distinct from performance.{{ activity }}{{ ' or' if not loop.last }}
    {%- endfor %}
