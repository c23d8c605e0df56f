-- One row per source, described by its latest row, and how often its Track Clicks setting was changed.
with

history as (
    select *
    from {{ ref('stg_email_sources') }}
    where row_status = 'accepted'
),

toggles as (
    select
        email_source_id,
        count(distinct coalesce(is_click_tracking_enabled, false)) as click_toggles
    from history
    group by email_source_id
),

final as (
    select
        history.email_source_id,
        history.workflow_id,
        history.email_source_type,
        history.email_source_name,
        history.workflow_name,
        case
            when history.email_source_type = 'campaign' then coalesce(history.campaign_kind, 'standard')
        end as campaign_kind,
        history.status,
        history.subject,
        history.from_name,
        history.sending_domain,
        coalesce(history.has_product_element, false) as has_product_element,
        coalesce(history.is_click_tracking_enabled, false) as last_click_toggle,
        toggles.click_toggles,
        history.is_utm_tracking_enabled,
        history.scheduled_at,
        history.created_at,
        history.updated_at
    from history
    inner join toggles on history.email_source_id = toggles.email_source_id
    where history.is_latest
)

select * from final
