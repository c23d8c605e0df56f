-- One row per email source that messages name while their contact, or the source itself, is unknown.
select
    orphans.email_source_id,
    coalesce(sources.email_source_name, sources.email_source_id) as email_source_name,
    orphans.orphan_messages,
    orphans.orphan_rows
from core.fct_orphans as orphans
left join core.dim_email_sources as sources on orphans.email_source_id = sources.email_source_id
order by orphans.orphan_messages desc, orphans.email_source_id asc
