-- One row per source of the type (of all without one) with messages booked in the period, the most recent
-- first. Counts and money are of these messages; the first send and the availability are of its whole life.
with

summed as (
    select
        email_source_id,
        sum(columns(* exclude (email_source_id, attribution_policy, booked_date))) as "\0"
    from marts.email_performance_daily
    where booked_date between $start and $end
    group by email_source_id
)

select
    coalesce(performance.email_source_name, performance.email_source_id) as email_source_name,
    performance.workflow_name,
    performance.campaign_kind,
    performance.subject,
    performance.delivery_availability,
    performance.acceptance_availability,
    performance.reply_availability,
    performance.unsubscribe_availability,
    performance.complaint_availability,
    performance.open_availability,
    performance.click_availability,
    performance.first_sent_at,
    summed.*
from summed
inner join marts.email_performance as performance on summed.email_source_id = performance.email_source_id
where $type is null or performance.email_source_type = $type
order by performance.first_sent_at desc nulls last, performance.email_source_id asc
