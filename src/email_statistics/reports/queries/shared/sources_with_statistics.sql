-- One row per source of the type that has statistics, the most recent first, with its first and last day.
select
    performance.email_source_id,
    coalesce(performance.email_source_name, performance.email_source_id) as email_source_name,
    performance.workflow_name,
    min(daily.booked_date) as first_booked_date,
    max(daily.booked_date) as last_booked_date,
    performance.first_sent_at
from marts.email_performance as performance
inner join marts.email_performance_daily as daily on performance.email_source_id = daily.email_source_id
where performance.email_source_type = $type
group by
    performance.email_source_id,
    performance.email_source_name,
    performance.workflow_name,
    performance.first_sent_at
order by performance.first_sent_at desc nulls last, performance.email_source_id asc
