-- One row per message of the campaign with this outcome, the last updated first. Revenue is 0 where no
-- order has an exchange rate.
select
    outcomes.contact_id,
    outcomes.full_name,
    outcomes.email,
    outcomes.status,
    outcomes.reason,
    messages.orders,
    messages.orders_without_rate,
    outcomes.revenue,
    outcomes.last_updated_at
from marts.message_outcomes as outcomes
inner join core.fct_messages as messages on outcomes.message_id = messages.message_id
where
    outcomes.email_source_id = $id
    and outcomes.outcome = $outcome
    and outcomes.booked_date between $start and $end
order by outcomes.last_updated_at desc, outcomes.message_id asc
