-- One row per standard campaign with statistics: its clicks as Click Performance shows them. NULL where
-- not measured. Clicks add up over campaigns; the rate doesn't.
with

performance as (
    select * from {{ ref('email_performance') }}
),

final as (
    select
        email_source_id,
        link_click_availability,
        clicks as total_clicks,
        clicked as total_unique_clicks,
        clicked as unique_engagements,
        clicks_per_unique_open
    from performance
    where email_source_type = 'campaign' and campaign_kind = 'standard'
)

select * from final
