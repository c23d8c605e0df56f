-- One row an event table that can have orphans: how many accepted events wait for their parent. Send
-- events of a message whose source or contact isn't known; engagement whose message has no send event.
{{ config(materialized='view') }}
with

messages as (
    select * from {{ ref('int_messages_grouped') }}
),

measured as (
    select * from {{ ref('int_messages_measured') }}
),

engagement_events as (
    select *
    from {{ ref('stg_engagement_events') }}
    where verdict = 'accepted'
),

final as (
    select
        'send_events' as raw_table,
        coalesce(sum(messages.send_events), 0)
        - (select coalesce(sum(measured.send_events), 0) from measured) as orphan_rows
    from messages
    union all
    select
        'engagement_events' as raw_table,
        count(*) as orphan_rows
    from engagement_events
    anti join messages on engagement_events.message_id = messages.message_id
)

select * from final
