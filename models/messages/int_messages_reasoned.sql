-- One row per message that bounced, failed or was skipped, at least for a while: the first reason given
-- for each.
with

send_events as (
    select *
    from {{ affected('stg_send_events') }}
    where
        row_status = 'accepted'
        and event_type in ('hard_bounced', 'soft_bounced', 'failed', 'skipped')
        and reason is not null
),

final as (
    select
        message_id,
        min_by(reason, (event_at, event_id)) filter (where event_type = 'hard_bounced') as hard_bounced_reason,
        min_by(reason, (event_at, event_id)) filter (where event_type = 'soft_bounced') as soft_bounced_reason,
        min_by(reason, (event_at, event_id)) filter (where event_type = 'failed') as failed_reason,
        min_by(reason, (event_at, event_id)) filter (where event_type = 'skipped') as skipped_reason
    from send_events
    group by message_id
)

select * from final
