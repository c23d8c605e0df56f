-- One row per link of the campaign over its whole life, the most clicked first. NULL where not measured.
select
    email_source_id,
    link_key,
    link_id,
    url,
    tagged_url,
    link_source,
    exclusion_reason,
    total_clicks,
    total_unique_clicks
from marts.link_performance
where email_source_id = $id
order by total_clicks desc nulls last, link_key asc
