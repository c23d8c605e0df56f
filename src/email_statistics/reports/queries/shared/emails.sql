-- One row per email source, the most recent first by its first send; what was never sent comes last.
select
    sources.email_source_id as id,
    sources.email_source_type as type,
    coalesce(sources.email_source_name, sources.email_source_id) as name,
    performance.first_sent_at as began_at
from core.dim_email_sources as sources
left join marts.email_performance as performance on sources.email_source_id = performance.email_source_id
where sources.email_source_type in ('campaign', 'workflow', 'bulk', 'transactional')
order by performance.first_sent_at desc nulls last, sources.email_source_id asc
