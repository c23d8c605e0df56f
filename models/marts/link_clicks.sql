-- One row per link of a standard campaign (link_key as in link_performance) and contact who clicked it.
-- Clicks add up over contacts to the link's; contacts don't add up over links.
-- A change of a campaign's kind or first send changes all its messages, so its rows are recomputed for all who clicked.
with

campaigns as (
    select * from {{ ref('click_performance') }}
),

clicks as (
    select *
    from {{ affected('fct_engagement_events') }}
    where
        event_type = 'clicked'
        and is_counted
),

contacts as (
    select *
    from {{ affected('dim_contacts') }}
),

clicked as (
    select
        clicks.email_source_id,
        clicks.link_key,
        clicks.contact_id,
        count(*) as clicks,
        min(clicks.event_at) as first_clicked_at,
        max(clicks.event_at) as last_clicked_at
    from clicks
    inner join campaigns on clicks.email_source_id = campaigns.email_source_id
    group by clicks.email_source_id, clicks.link_key, clicks.contact_id
),

final as (
    select
        clicked.email_source_id,
        clicked.link_key,
        clicked.contact_id,
        contacts.full_name,
        contacts.email,
        clicked.clicks,
        clicked.first_clicked_at,
        clicked.last_clicked_at
    from clicked
    inner join contacts on clicked.contact_id = contacts.contact_id
)

select * from final
