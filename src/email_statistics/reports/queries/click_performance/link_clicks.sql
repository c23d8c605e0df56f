-- One row per link of the campaign and contact who clicked it: over the whole life those of the mart, else the
-- counted clicks in the messages booked in the period.
select
    link_key,
    contact_id,
    clicks,
    first_clicked_at,
    last_clicked_at
from marts.link_clicks
where email_source_id = $id and $is_whole_life
union all
select
    events.link_key,
    events.contact_id,
    count(*) as clicks,
    min(events.event_at) as first_clicked_at,
    max(events.event_at) as last_clicked_at
from core.fct_engagement_events as events
inner join core.fct_messages as messages on events.message_id = messages.message_id
where
    not $is_whole_life
    and events.email_source_id = $id
    and events.event_type = 'clicked'
    and events.is_counted
    and messages.booked_date between $start and $end
group by events.link_key, events.contact_id
