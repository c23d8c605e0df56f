-- One row per email source, the most recent first: what it is, and the numbers of its whole life; money is
-- NULL where no order has an exchange rate.
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
    performance.orders,
    performance.orders_without_rate,
    performance.revenue,
    performance.first_sent_at
from core.dim_email_sources as sources
left join marts.email_performance as performance on sources.email_source_id = performance.email_source_id
order by performance.first_sent_at desc nulls last, sources.email_source_id asc
