-- One row per source (a campaign, a workflow's email action, a bulk send, a transactional email), described by its
-- latest row; Track Clicks alone as it was at the first send.
with

email_sources as (
    select * from {{ ref('int_email_sources_latest') }}
),

toggles as (
    select * from {{ ref('int_email_sources_toggled') }}
),

final as (
    select
        email_sources.email_source_id,
        email_sources.workflow_id,
        email_sources.email_source_type,
        email_sources.email_source_name,
        email_sources.workflow_name,
        email_sources.campaign_kind,
        email_sources.status,
        email_sources.subject,
        email_sources.from_name,
        email_sources.sending_domain,
        email_sources.has_product_element,
        toggles.is_click_tracking_enabled,
        email_sources.is_utm_tracking_enabled,
        email_sources.scheduled_at,
        email_sources.created_at,
        email_sources.updated_at
    from email_sources
    inner join toggles on email_sources.email_source_id = toggles.email_source_id
)

select * from final
