-- One row per failing check of an email source, the one that concerns most first.
select
    diagnostics.email_source_id,
    coalesce(sources.email_source_name, sources.email_source_id) as email_source_name,
    sources.email_source_type,
    diagnostics.check_name,
    diagnostics.message,
    diagnostics.affected
from marts.email_diagnostics as diagnostics
inner join core.dim_email_sources as sources on diagnostics.email_source_id = sources.email_source_id
where diagnostics.status = 'fail'
order by diagnostics.affected desc nulls last, diagnostics.sort_order asc, diagnostics.email_source_id asc
