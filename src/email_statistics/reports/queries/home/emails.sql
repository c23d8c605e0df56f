-- One row per email source, the most recent first: what it is, and the numbers of its whole life. Orders and
-- their money are NULL where the settings let the email earn no credit.
select
    sources.email_source_id,
    coalesce(sources.email_source_name, sources.email_source_id) as email_source_name,
    sources.email_source_type,
    sources.workflow_name,
    sources.status,
    performance.sent,
    performance.delivered_rate,
    performance.open_rate,
    performance.click_rate,
    case when not_eligible.email_source_id is null then performance.orders end as orders,
    performance.orders_without_rate,
    case when not_eligible.email_source_id is null then performance.revenue end as revenue,
    performance.first_sent_at
from core.dim_email_sources as sources
left join marts.email_performance as performance on sources.email_source_id = performance.email_source_id
left join marts.email_diagnostics as not_eligible
    on
        sources.email_source_id = not_eligible.email_source_id
        and not_eligible.check_name = 'no_revenue'
        and not_eligible.finding = 'not_eligible'
order by performance.first_sent_at desc nulls last, sources.email_source_id asc
