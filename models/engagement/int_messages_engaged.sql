-- One row per known message with engagement of any kind, counted or not: what of it counts, and when
-- it first happened.
with

engagement_events as (
    select *
    from {{ affected('fct_engagement_events') }}
),

final as (
    select
        message_id,
        count(*) filter (where event_type = 'opened' and is_counted) as opens,
        count(*) filter (where event_type = 'clicked' and is_counted) as clicks,
        -- Only opens and clicks have an actor.
        count(*) filter (where is_counted_but_for_machine and actor = 'machine') as machine_events,
        count(*) filter (where is_counted_but_for_machine and actor <> 'machine') as other_events,
        min(event_at) as first_engaged_at,
        max(event_at) as last_engaged_at,
        min(event_at) filter (where event_type in {{ opening_event_types() }} and is_counted) as first_opened_at,
        min(event_at) filter (where event_type = 'opened' and is_counted) as first_pixel_opened_at,
        min(event_at) filter (where event_type = 'clicked' and is_counted) as first_clicked_at,
        min(event_at) filter (where event_type = 'replied') as first_replied_at,
        min(event_at) filter (where event_type = 'unsubscribed') as first_unsubscribed_at,
        min(event_at) filter (where event_type = 'complained') as first_complained_at,
        max(event_at) filter (where event_type in {{ opening_event_types() }} and is_counted) as last_opened_at,
        max(event_at) filter (where event_type = 'clicked' and is_counted) as last_clicked_at
    from engagement_events
    group by message_id
)

select * from final
