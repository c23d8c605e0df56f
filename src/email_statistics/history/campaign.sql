-- One row: an email source (a campaign, a workflow's email, a bulk send, a transactional email) and what became of its messages.
select
    sources.email_source_type,
    sources.email_source_name,
    sources.workflow_name,
    sources.subject,
    sources.status,
    sources.sending_domain,
    performance.sent,
    performance.delivered,
    performance.opened,
    performance.clicked,
    performance.orders
from core.dim_email_sources as sources
left join marts.email_performance as performance on sources.email_source_id = performance.email_source_id
where sources.email_source_id = $id
