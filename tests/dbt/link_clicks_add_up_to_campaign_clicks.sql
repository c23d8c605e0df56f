-- The clicks of a campaign's links add up to the campaign's clicks. (A campaign of which nothing is
-- measured has NULL on both sides; one without links has no rows, and no clicks.)
with

links as (
    select
        email_source_id,
        sum(total_clicks) as total_clicks
    from {{ ref('link_performance') }}
    group by email_source_id
)

select campaigns.*
from {{ ref('click_performance') }} as campaigns
left join links on campaigns.email_source_id = links.email_source_id
where
    coalesce(links.total_clicks, 0) is distinct from coalesce(campaigns.total_clicks, 0)
    or (campaigns.total_clicks is null and links.total_clicks is not null)
