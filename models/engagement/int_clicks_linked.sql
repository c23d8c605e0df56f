-- One row per click of a known message: the link that it names, by link_id, else by source and URL
-- (the smallest link_id where several match), else none; and the URL to judge, its own or its link's.
with

clicks as (
    select *
    from {{ affected('stg_engagement_events') }}
    where
        row_status = 'accepted'
        and event_type = 'clicked'
),

messages as (
    select *
    from {{ affected('int_messages_measured') }}
),

links as (
    select *
    from {{ ref('stg_links') }}
    where is_latest
),

links_by_url as (
    select
        email_source_id,
        url,
        min(link_id) as link_id
    from links
    where url is not null
    group by email_source_id, url
),

found as (
    select
        clicks.event_id,
        clicks.message_id,
        messages.email_source_id,
        clicks.event_at,
        clicks.url,
        clicks.link_id as raw_link_id,
        coalesce(links.link_id, links_by_url.link_id) as link_id
    from clicks
    inner join messages on clicks.message_id = messages.message_id
    left join links on clicks.link_id = links.link_id
    left join links_by_url
        on messages.email_source_id = links_by_url.email_source_id and clicks.url = links_by_url.url
),

final as (
    select
        found.event_id,
        found.message_id,
        found.link_id,
        coalesce(found.link_id, found.url, found.raw_link_id) as link_key,
        coalesce(found.url, links.url) as url,
        coalesce(links.link_type, 'standard') as link_type,
        found.email_source_id,
        found.raw_link_id,
        found.url as raw_url,
        found.event_at
    from found
    left join links on found.link_id = links.link_id
)

select * from final
