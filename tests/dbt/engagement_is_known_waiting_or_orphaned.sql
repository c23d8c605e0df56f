-- Every accepted engagement event of a message is in fct_engagement_events, waits with its orphan message, or is an
-- orphan itself. In a delta the messages of the batch are judged.
with

accepted as (
    select
        message_id,
        count(*) as engagement_events
    from {{ judged('stg_engagement_events', 'message_id', 'changed_messages') }}
    where row_status = 'accepted'
    group by message_id
),

known as (
    select
        message_id,
        count(*) as engagement_events
    from {{ judged('fct_engagement_events', 'message_id', 'changed_messages') }}
    group by message_id
),

orphaned as (
    select
        message_id,
        engagement_events
    from {{ ref('int_engagement_events_orphaned') }}
),

waiting as (
    select message_id
    from {{ ref('int_messages_orphaned') }}
)

select
    coalesce(accepted.message_id, known.message_id) as message_id,
    accepted.engagement_events,
    known.engagement_events as known_events,
    orphaned.engagement_events as orphan_events
from accepted
full join known on accepted.message_id = known.message_id
left join orphaned on accepted.message_id = orphaned.message_id
left join waiting on accepted.message_id = waiting.message_id
where
    case
        when waiting.message_id is not null then known.message_id is not null or orphaned.message_id is not null
        else
            coalesce(accepted.engagement_events, 0)
            <> coalesce(known.engagement_events, 0) + coalesce(orphaned.engagement_events, 0)
    end
union all
select
    'all messages' as message_id,
    null as engagement_events,
    null as known_events,
    raw_tables.orphan_rows as orphan_events
from {{ ref('fct_raw_tables') }} as raw_tables
where
    raw_tables.raw_table = 'engagement_events'
    and raw_tables.orphan_rows
    <> (select coalesce(sum(orphaned.engagement_events), 0) from orphaned)
