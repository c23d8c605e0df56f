-- One row: a contact that is known, or that messages were sent to, also under an id that was merged away.
with

messages as (
    select
        count(*) as messages,
        coalesce(cast(sum(orders_without_rate) filter (where not is_test) as bigint), 0) as orders_without_rate,
        list_sort(list(distinct contact_id) filter (where contact_id <> $id)) as merged_into
    from core.fct_messages
    where contact_id = $id or recipient_contact_id = $id
),

conversions as (
    select count(*) as conversions
    from core.fct_conversions
    where contact_id = $id
)

select
    $id as contact_id,
    coalesce(contacts.full_name, engagement.full_name) as full_name,
    coalesce(contacts.email, engagement.email) as email,
    contacts.is_do_not_disturb,
    contacts.is_from_email,
    engagement.segment,
    engagement.sent,
    engagement.delivered,
    engagement.opened,
    engagement.clicked,
    engagement.replied,
    engagement.unsubscribed,
    engagement.complained,
    coalesce(engagement.orders, 0) as orders,
    -- Unknown where no order has an exchange rate; the mart's sum is then 0.
    case
        when engagement.orders = 0 or engagement.orders > messages.orders_without_rate then engagement.revenue
    end as revenue,
    messages.messages,
    messages.merged_into,
    conversions.conversions
from messages
cross join conversions
left join core.dim_contacts as contacts on contacts.contact_id = $id
left join marts.contact_engagement as engagement on engagement.contact_id = $id
where contacts.contact_id is not null or messages.messages > 0
