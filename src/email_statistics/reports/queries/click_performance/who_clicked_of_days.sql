-- One row per link of the campaign and contact who clicked it in a message booked in the period: first the
-- contact with most clicks of each link, then the second, and so on.
with

clicked as (
    select
        events.link_key,
        events.contact_id,
        count(*) as clicks,
        min(events.event_at) as first_clicked_at,
        max(events.event_at) as last_clicked_at
    from core.fct_engagement_events as events
    inner join core.fct_messages as messages on events.message_id = messages.message_id
    where
        events.email_source_id = $id
        and events.event_type = 'clicked'
        and events.is_counted
        and messages.booked_date between $start and $end
    group by events.link_key, events.contact_id
),

ranked as (
    select
        *,
        sum(clicks) over (partition by link_key) as link_clicks,
        row_number() over (partition by link_key order by clicks desc, contact_id asc) as place
    from clicked
)

select
    contacts.full_name,
    contacts.email,
    links.url,
    links.link_source,
    ranked.link_key,
    ranked.place,
    ranked.clicks,
    ranked.link_clicks,
    ranked.first_clicked_at,
    ranked.last_clicked_at
from ranked
inner join core.dim_contacts as contacts on ranked.contact_id = contacts.contact_id
inner join marts.link_performance as links
    on links.email_source_id = $id and ranked.link_key = links.link_key
order by ranked.place asc, ranked.link_clicks desc, ranked.link_key asc
