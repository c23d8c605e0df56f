-- One row: the email source of this id; without an id, the most recent of the type (and kind, if given).
-- The days are those of its messages, the availability that of its whole life; NULL without messages.
with

booked as (
    select
        email_source_id,
        min(booked_date) as first_day,
        max(booked_date) as last_day
    from marts.email_performance_daily
    group by email_source_id
)

select
    sources.email_source_id,
    sources.email_source_type,
    coalesce(sources.email_source_name, sources.email_source_id) as name,
    sources.workflow_name,
    sources.campaign_kind,
    sources.status,
    sources.subject,
    coalesce(sources.sending_domain, '(none named)') as sending_domain,
    performance.delivery_availability,
    performance.acceptance_availability,
    performance.reply_availability,
    performance.unsubscribe_availability,
    performance.complaint_availability,
    performance.open_availability,
    performance.click_availability,
    performance.link_click_availability,
    booked.first_day,
    booked.last_day,
    performance.first_sent_at,
    performance.last_sent_at
from core.dim_email_sources as sources
left join marts.email_performance as performance on sources.email_source_id = performance.email_source_id
left join booked on sources.email_source_id = booked.email_source_id
where
    sources.email_source_type = $type
    and (sources.email_source_id = $id or ($id = '' and $kind in ('', sources.campaign_kind)))
order by performance.first_sent_at desc nulls last, sources.email_source_id asc
limit 1
