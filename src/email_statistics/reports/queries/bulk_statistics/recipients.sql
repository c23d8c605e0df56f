-- One row per message of the bulk send, the last updated first. One without any outcome is pending.
with

statuses as (
    select
        message_id,
        min(status) as status
    from marts.message_outcomes
    where email_source_id = $id and booked_date between $start and $end
    group by message_id
)

select
    contacts.contact_id,
    contacts.full_name,
    contacts.email,
    coalesce(statuses.status, 'pending') as status,
    messages.reason,
    messages.opens,
    messages.clicks,
    messages.sent_at,
    messages.last_updated_at
from core.fct_messages as messages
inner join core.dim_contacts as contacts on messages.contact_id = contacts.contact_id
left join statuses on messages.message_id = statuses.message_id
where
    messages.email_source_id = $id
    and not messages.is_test
    and messages.booked_date between $start and $end
order by messages.last_updated_at desc, messages.message_id asc
