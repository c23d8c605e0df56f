-- Every message with an accepted send event is in fct_messages once, or its send events are orphans. In a
-- delta the messages of the batch are looked up, all are counted.
with

accepted as (
    select
        message_id,
        send_events
    from {{ ref('int_messages_grouped') }}
    where {{ is_of_batch('message_id', 'int_messages_remeasured') }}
),

compared as (
    select
        count(*) as messages,
        count(known.message_id) as known_messages,
        coalesce(sum(accepted.send_events) filter (where known.message_id is null), 0) as orphan_rows
    from accepted
    left join {{ ref('fct_messages') }} as known on accepted.message_id = known.message_id
),

known as (
    select count(*) as known_messages
    from {{ ref('fct_messages') }}
    where {{ is_of_batch('message_id', 'int_messages_remeasured') }}
),

-- What no batch touches is counted with the rest.
counted as (
    select
        (select sum(messages.send_events) from {{ ref('int_messages_grouped') }} as messages) as send_events,
        (select count(*) from {{ ref('int_messages_grouped') }}) as messages,
        (select count(*) from {{ ref('fct_messages') }}) + (select count(*) from {{ ref('int_messages_orphaned') }})
            as known_or_orphans,
        raw_tables.accepted_rows,
        raw_tables.orphan_rows
        - (select coalesce(sum(orphaned.send_events), 0) from {{ ref('int_messages_orphaned') }} as orphaned)
            as other_orphans
    from {{ ref('fct_raw_tables') }} as raw_tables
    where raw_tables.raw_table = 'send_events'
),

orphans as (
    select coalesce(sum(send_events), 0) as orphan_rows
    from {{ ref('int_messages_orphaned') }}
    where {{ is_of_batch('message_id', 'int_messages_remeasured') }}
)

select compared.*
from compared
cross join known
cross join orphans
cross join counted
where
    coalesce(counted.send_events, 0) is distinct from counted.accepted_rows
    or counted.messages is distinct from counted.known_or_orphans
    or counted.other_orphans is distinct from 0
    or compared.known_messages is distinct from known.known_messages
    or compared.orphan_rows is distinct from orphans.orphan_rows
