-- One row per hour (its start in UTC) with something in it, each event on its own time: how many messages
-- of the type's sources, or of the one with this id. NULL where only unmeasured sources were active.
select
    cast(sum(activity.sent) as bigint) as sent,
    cast(sum(activity.delivered) as bigint) as delivered,
    cast(sum(activity.opened) as bigint) as opened,
    cast(sum(activity.clicked) as bigint) as clicked,
    cast(sum(activity.unsubscribed) as bigint) as unsubscribed,
    cast(sum(activity.conversions) as bigint) as conversions,
    cast(sum(activity.orders) as bigint) as orders,
    cast(sum(activity.revenue) as decimal(18, 2)) as revenue,
    activity.activity_date,
    activity.activity_hour
from marts.email_activity_hourly as activity
inner join marts.email_performance as performance on activity.email_source_id = performance.email_source_id
where
    performance.email_source_type = $type
    and ($id is null or activity.email_source_id = $id)
    and activity.activity_date between $start and $end
group by activity.activity_date, activity.activity_hour
order by activity.activity_hour
