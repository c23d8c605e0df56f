-- One row per link of the campaign and contact who clicked it, over its whole life: first the contact with
-- most clicks of each link, then the second, and so on.
with

ranked as (
    select
        *,
        sum(clicks) over (partition by link_key) as link_clicks,
        row_number() over (partition by link_key order by clicks desc, contact_id asc) as place
    from marts.link_clicks
    where email_source_id = $id
)

select
    ranked.full_name,
    ranked.email,
    links.url,
    links.link_source,
    ranked.link_key,
    ranked.place,
    ranked.clicks,
    ranked.link_clicks,
    ranked.first_clicked_at,
    ranked.last_clicked_at
from ranked
inner join marts.link_performance as links
    on ranked.email_source_id = links.email_source_id and ranked.link_key = links.link_key
order by ranked.place asc, ranked.link_clicks desc, ranked.link_key asc
