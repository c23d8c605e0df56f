-- One row per email source and policy that credits it with orders placed in the period.
select
    credited.email_source_id,
    coalesce(sources.email_source_name, credited.email_source_id) as name,
    sources.email_source_type,
    credited.attribution_policy,
    cast(sum(credited.revenue) as decimal(18, 2)) as revenue
from core.fct_attribution_credits as credited
inner join $placed as placed
    on
        credited.conversion_type = placed.conversion_type
        and credited.conversion_id = placed.conversion_id
inner join core.dim_email_sources as sources on credited.email_source_id = sources.email_source_id
where list_contains($policies, credited.attribution_policy)
group by
    credited.email_source_id,
    sources.email_source_name,
    sources.email_source_type,
    credited.attribution_policy
