-- What contacts clicked adds up to the clicks of each link.
with

contacts as (
    select
        email_source_id,
        link_key,
        sum(clicks) as total_clicks
    from {{ ref('link_clicks') }}
    group by email_source_id, link_key
),

links as (
    select * from {{ ref('link_performance') }}
)

select
    coalesce(links.email_source_id, contacts.email_source_id) as email_source_id,
    coalesce(links.link_key, contacts.link_key) as link_key,
    links.total_clicks as link_clicks,
    contacts.total_clicks as contact_clicks
from links
full join contacts on links.email_source_id = contacts.email_source_id and links.link_key = contacts.link_key
where coalesce(links.total_clicks, 0) <> coalesce(contacts.total_clicks, 0)
