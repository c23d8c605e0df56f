-- One row per known source: Track Clicks as it stood at the source's first send event (the earliest
-- among its non-test messages), else in its earliest row. Turning it on later recovers nothing.
with

history as (
    select *
    from {{ ref('stg_email_sources') }}
    where row_status = 'accepted'
),

first_sends as (
    select * from {{ ref('int_email_sources_started') }}
),

judged as (
    select
        history.email_source_id,
        history.recency_rank,
        coalesce(history.is_click_tracking_enabled, false) as is_click_tracking_enabled,
        coalesce(history.updated_at <= first_sends.first_send_at, false) as was_in_force
    from history
    left join first_sends on history.email_source_id = first_sends.email_source_id
),

final as (
    select
        email_source_id,
        coalesce(
            min_by(is_click_tracking_enabled, recency_rank) filter (where was_in_force),
            max_by(is_click_tracking_enabled, recency_rank)
        ) as is_click_tracking_enabled
    from judged
    group by email_source_id
)

select * from final
