-- One row per message of a source that ended as one of the outcomes, the latest first: who got it. Picks
-- messages by the day on which they were booked; revenue is 0 where no order has an exchange rate.
select
    outcomes.message_id,
    outcomes.contact_id,
    outcomes.full_name,
    outcomes.email,
    outcomes.status,
    contacts.segment,
    outcomes.reason,
    messages.orders,
    messages.orders_without_rate,
    outcomes.revenue,
    outcomes.booked_date,
    outcomes.outcome_at,
    outcomes.last_updated_at
from marts.message_outcomes as outcomes
inner join marts.contact_engagement as contacts on outcomes.contact_id = contacts.contact_id
inner join core.fct_messages as messages on outcomes.message_id = messages.message_id
where
    outcomes.email_source_id = $id
    and list_contains($outcomes, outcomes.outcome)
    and outcomes.booked_date between $start and $end
order by outcomes.outcome_at desc, outcomes.message_id asc
