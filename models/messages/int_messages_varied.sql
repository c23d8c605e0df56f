-- One row per message that a send event gives a variant, or says is of a winner's roll-out: few are.
with

final as (
    select
        message_id,
        min_by(variant, (event_at, event_id)) filter (where variant is not null) as variant,
        coalesce(bool_or(is_winner_rollout), false) as is_winner_rollout
    from {{ affected('stg_send_events') }}
    where row_status = 'accepted' and (variant is not null or is_winner_rollout)
    group by message_id
)

select * from final
