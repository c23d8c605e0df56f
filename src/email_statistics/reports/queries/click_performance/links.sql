-- One row per link of the campaign over its whole life, the most clicked first, and one per URL that was clicked
-- and that no link of the email has. NULL where not measured.
select
    link_key,
    url,
    link_source,
    exclusion_reason,
    tagged_url,
    total_clicks,
    total_unique_clicks,
    link_id is not null as is_in_email
from marts.link_performance
where email_source_id = $id
order by total_clicks desc nulls last, link_key asc
