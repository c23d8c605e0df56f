-- Every accepted engagement event is in fct_engagement_events, waits with its orphan message, or is an
-- orphan itself. In a delta the events of the batch's messages are looked up.
with

events as (
    select
        message_id,
        count(*) as engagement_events
    from {{ ref('stg_engagement_events') }}
    where verdict = 'accepted' and {{ is_of_batch('message_id', 'int_messages_reengaged') }}
    group by message_id
),

accepted as (
    select
        coalesce(sum(events.engagement_events) filter (where known.message_id is not null), 0) as known_rows,
        coalesce(sum(events.engagement_events) filter (where messages.message_id is null), 0) as orphan_rows
    from events
    left join {{ ref('fct_messages') }} as known on events.message_id = known.message_id
    left join {{ ref('int_messages_grouped') }} as messages on events.message_id = messages.message_id
),

known as (
    select count(*) as known_rows
    from {{ ref('fct_engagement_events') }}
    where {{ is_of_batch('message_id', 'int_messages_reengaged') }}
),

orphans as (
    select coalesce(sum(engagement_events), 0) as orphan_rows
    from {{ ref('int_engagement_events_orphaned') }}
    where {{ is_of_batch('message_id', 'int_messages_reengaged') }}
),

-- What no batch touches is counted with the rest.
counted as (
    select
        raw_tables.orphan_rows
        - (
            select coalesce(sum(waiting.engagement_events), 0)
            from {{ ref('int_engagement_events_orphaned') }} as waiting
        ) as other_orphans
    from {{ ref('fct_raw_tables') }} as raw_tables
    where raw_tables.raw_table = 'engagement_events'
)

select accepted.*
from accepted
cross join known
cross join orphans
cross join counted
where
    counted.other_orphans is distinct from 0
    or accepted.known_rows is distinct from known.known_rows
    or accepted.orphan_rows is distinct from orphans.orphan_rows
