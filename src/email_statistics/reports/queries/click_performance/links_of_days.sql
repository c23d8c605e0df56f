-- One row per link of the campaign, with the counted clicks on the messages booked in the period, the most
-- clicked first. NULL where not measured.
with

counted as (
    select
        events.link_key,
        count(*) as total_clicks,
        count(distinct events.message_id) as total_unique_clicks
    from core.fct_engagement_events as events
    inner join core.fct_messages as messages on events.message_id = messages.message_id
    where
        events.email_source_id = $id
        and events.event_type = 'clicked'
        and events.is_counted
        and messages.booked_date between $start and $end
    group by events.link_key
)

select
    links.link_key,
    links.url,
    links.link_source,
    links.exclusion_reason,
    links.tagged_url,
    case when links.total_clicks is not null then coalesce(counted.total_clicks, 0) end as total_clicks,
    case when links.total_clicks is not null then coalesce(counted.total_unique_clicks, 0) end
        as total_unique_clicks,
    links.link_id is not null as is_in_email
from marts.link_performance as links
left join counted on links.link_key = counted.link_key
where links.email_source_id = $id
order by total_clicks desc nulls last, links.link_key asc
