-- One row per quarantined raw row, the last loaded first.
select
    quarantined.raw_table,
    quarantined.reason,
    quarantined.event_id,
    coalesce(sources.email_source_name, sources.email_source_id) as email_source_name,
    quarantined.raw_row,
    quarantined.loaded_at
from core.fct_quarantined_events as quarantined
left join core.dim_email_sources as sources on quarantined.email_source_id = sources.email_source_id
order by
    quarantined.loaded_at desc nulls last,
    quarantined.raw_table asc,
    quarantined.reason asc,
    quarantined.raw_row asc
