-- One row per source of the types with messages booked in the period, the most recent first. All numbers are
-- of these messages; recipient_contacts don't add up over sources.
with

summed as (
    select
        email_source_id,
        sum(columns(* exclude (email_source_id, attribution_policy, booked_date))) as "\0"
    from marts.email_performance_daily
    where booked_date between $start and $end
    group by email_source_id
),

described as (
    select
        email_source_id,
        -- As marts.email_performance has it of a source's whole life.
        case
            when bool_and(columns('_availability$') = 'measured') then 'measured'
            when bool_or(columns('_availability$') = 'measured') then 'partly_measured'
            else min(columns('_availability$'))
        end as "\0",
        count(distinct contact_id) as recipient_contacts,
        min(sent_at) as first_sent_at,
        max(sent_at) as last_sent_at
    from core.fct_messages
    where not is_test and booked_date between $start and $end
    group by email_source_id
)

select
    performance.email_source_type,
    performance.email_source_name,
    performance.workflow_name,
    performance.campaign_kind,
    performance.subject,
    performance.sending_domain,
    summed.*,
    described.delivery_availability,
    described.acceptance_availability,
    described.reply_availability,
    described.unsubscribe_availability,
    described.complaint_availability,
    described.open_availability,
    described.click_availability,
    described.link_click_availability,
    described.recipient_contacts,
    described.first_sent_at,
    described.last_sent_at
from summed
inner join described on summed.email_source_id = described.email_source_id
inner join marts.email_performance as performance on summed.email_source_id = performance.email_source_id
where list_contains($types, performance.email_source_type)
order by performance.first_sent_at desc nulls last, performance.email_source_id asc
