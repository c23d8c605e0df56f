-- One row per link of a standard campaign with statistics (also one that nobody clicked) and one per URL
-- with counted clicks that no link row has. Clicks add up over links to the campaign's; unique clicks
-- don't.
with

performance as (
    select * from {{ ref('click_performance') }}
),

links as (
    select * from {{ ref('dim_links') }}
),

own_links as (
    select * from {{ affected('dim_links') }}
),

clicks as (
    select
        email_source_id,
        link_key,
        min(link_id) as link_id,
        min(url) as url,
        count(*) as total_clicks,
        count(distinct message_id) as total_unique_clicks
    from {{ affected('fct_engagement_events') }}
    where event_type = 'clicked' and is_counted
    group by email_source_id, link_key
),

listed as (
    select
        performance.email_source_id,
        own_links.link_id as link_key
    from performance
    inner join own_links on performance.email_source_id = own_links.email_source_id
    union distinct
    select
        performance.email_source_id,
        clicks.link_key
    from performance
    inner join clicks on performance.email_source_id = clicks.email_source_id
),

final as (
    select
        listed.email_source_id,
        listed.link_key,
        links.link_id,
        coalesce(links.url, clicks.url) as url,
        links.tagged_url,
        links.link_source,
        links.exclusion_reason,
        case
            when performance.total_clicks is null then null
            when links.exclusion_reason is not null then clicks.total_clicks
            else coalesce(clicks.total_clicks, 0)
        end as total_clicks,
        case
            when performance.total_clicks is null then null
            when links.exclusion_reason is not null then clicks.total_unique_clicks
            else coalesce(clicks.total_unique_clicks, 0)
        end as total_unique_clicks
    from listed
    inner join performance on listed.email_source_id = performance.email_source_id
    left join clicks
        on listed.email_source_id = clicks.email_source_id and listed.link_key = clicks.link_key
    left join links on listed.link_key = links.link_id
)

select * from final
