-- One row per reason why clicks aren't counted: those on the messages booked in the period, and those in
-- test sends, which are in no period's numbers. Messages don't add up over reasons.
select
    events.exclusion_reason,
    count(*) as clicks,
    count(distinct events.message_id) as messages
from core.fct_engagement_events as events
inner join core.fct_messages as messages on events.message_id = messages.message_id
where
    events.email_source_id = $id
    and events.event_type = 'clicked'
    and not events.is_counted
    and (messages.is_test or messages.booked_date between $start and $end)
group by events.exclusion_reason
order by clicks desc, events.exclusion_reason asc
