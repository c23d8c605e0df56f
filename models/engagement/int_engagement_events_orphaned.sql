-- One row per message that has no accepted send event: how many accepted engagement events wait for one.
with

engagement_events as (
    select message_id
    from {{ affected('stg_engagement_events') }}
    where row_status = 'accepted'
),

messages as (
    select message_id
    from {{ affected('int_messages_grouped') }}
),

final as (
    select
        engagement_events.message_id,
        count(*) as engagement_events
    from engagement_events
    anti join messages on engagement_events.message_id = messages.message_id
    group by engagement_events.message_id
)

select * from final
