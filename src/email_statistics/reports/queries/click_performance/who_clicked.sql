-- One row per link of the campaign and contact who clicked it: first the contact with most clicks of each
-- link, then the second, and so on.
with

ranked as (
    select
        *,
        sum(clicks) over (partition by link_key) as link_clicks,
        row_number() over (partition by link_key order by clicks desc, contact_id asc) as place
    from $link_clicks
)

select
    contacts.contact_id,
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
