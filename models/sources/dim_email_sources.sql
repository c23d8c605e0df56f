-- One row a source (a campaign, a workflow's email action, a bulk send), as its latest row tells;
-- Track Clicks alone as it stood at the first send.
{{ config(pre_hook="{{ keep_earlier() }}") }}
with

email_sources as (
    select *
    from {{ ref('stg_email_sources') }}
    where is_latest
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
        case
            when email_sources.email_source_type = 'campaign' then coalesce(email_sources.campaign_kind, 'standard')
        end as campaign_kind,
        email_sources.status,
        email_sources.subject,
        email_sources.from_name,
        email_sources.sending_domain,
        coalesce(email_sources.has_product_element, false) as has_product_element,
        toggles.is_click_tracking_enabled,
        email_sources.is_utm_tracking_enabled,
        email_sources.scheduled_at,
        email_sources.created_at,
        email_sources.updated_at
    from email_sources
    inner join toggles on email_sources.email_source_id = toggles.email_source_id
)

select * from final
