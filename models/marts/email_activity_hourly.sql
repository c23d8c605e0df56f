-- One row per source with statistics and hour of the reporting time zone in which something happened:
-- each event on its own time. Every column adds up over hours and sources to the totals.
with

-- Each step reads them again; kept in memory they would be too many.
messages as {{ not_kept() }} (
    select *
    from {{ affected('fct_messages') }}
    where not is_test
),

performance as (
    select * from {{ ref('email_performance') }}
),

conversions as (
    select *
    from {{ affected('fct_conversions') }}
    where is_attributed
),

message_activities as (
    {%- for activity in activities() %}
    select
        email_source_id,
        '{{ activity }}' as activity,
        {{ reporting_hour(activity ~ '_at') }} as activity_hour,
        count(*) as messages
    from messages
    where {{ activity }}_at is not null
    group by email_source_id, activity_hour
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

message_hours as (
    select
        email_source_id,
        activity_hour,
        {{ pivoted_activities() }}
    from message_activities
    group by email_source_id, activity_hour
),

conversion_hours as (
    select
        email_source_id,
        {{ reporting_hour('converted_at') }} as activity_hour,
        count(*) as conversions,
        count(*) filter (where conversion_type = 'order') as orders,
        {{ cents('sum(revenue)') }} as revenue,
        {{ cents('sum(net_revenue)') }} as net_revenue
    from conversions
    group by email_source_id, activity_hour
),

hours as (
    select
        email_source_id,
        activity_hour
    from message_hours
    union distinct
    select
        email_source_id,
        activity_hour
    from conversion_hours
),

final as (
    select
        hours.email_source_id,
        {{ active_attribution_policy() }} as attribution_policy,
        {{ measured_activities('message_hours', 'performance') }},
        coalesce(conversion_hours.conversions, 0) as conversions,
        coalesce(conversion_hours.orders, 0) as orders,
        coalesce(conversion_hours.revenue, 0) as revenue,
        coalesce(conversion_hours.net_revenue, 0) as net_revenue,
        {{ reporting_date('hours.activity_hour') }} as activity_date,
        hours.activity_hour
    from hours
    inner join performance on hours.email_source_id = performance.email_source_id
    left join message_hours
        on
            hours.email_source_id = message_hours.email_source_id
            and hours.activity_hour = message_hours.activity_hour
    left join conversion_hours
        on
            hours.email_source_id = conversion_hours.email_source_id
            and hours.activity_hour = conversion_hours.activity_hour
)

select * from final
