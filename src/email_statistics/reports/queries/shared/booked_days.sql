-- One row: the first and the last day with messages of the type's sources; NULL without any.
select
    min(daily.booked_date) as first_day,
    max(daily.booked_date) as last_day
from marts.email_performance_daily as daily
inner join marts.email_performance as performance on daily.email_source_id = performance.email_source_id
where performance.email_source_type = $type
