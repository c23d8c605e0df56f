-- One row per contact with a message of the source that was booked in the period and ended as one of the
-- outcomes, the latest first: when and why the latest of them did.
with

latest as (
    select
        contact_id,
        case
            when outcome in ('soft_bounced', 'hard_bounced', 'failed', 'skipped') then concat_ws(': ', outcome, reason)
            else outcome
        end as reason,
        outcome_at
    from marts.message_outcomes
    where
        email_source_id = $id
        and list_contains($outcomes, outcome)
        and booked_date between $start and $end
    qualify row_number() over (partition by contact_id order by outcome_at desc, message_id asc, outcome asc) = 1
)

select
    contacts.contact_id,
    contacts.full_name,
    contacts.email,
    latest.reason,
    latest.outcome_at as last_at,
    contacts.is_do_not_disturb,
    contacts.unsubscribed > 0 as is_unsubscribed
from latest
inner join marts.contact_engagement as contacts on latest.contact_id = contacts.contact_id
order by last_at desc, contacts.contact_id asc
