-- One row per event table that can have orphans: how many accepted events wait for their parent. Send
-- events of a message whose source or contact isn't known; engagement whose message has no send event.
with

final as (
    select
        'send_events' as raw_table,
        coalesce(sum(send_events), 0) as orphan_rows
    from {{ ref('int_messages_orphaned') }}
    union all
    select
        'engagement_events' as raw_table,
        coalesce(sum(engagement_events), 0) as orphan_rows
    from {{ ref('int_engagement_events_orphaned') }}
)

select * from final
