-- Every message with an accepted send event is in fct_messages once, or its send events are orphans.
with

accepted as (
    select
        message_id,
        count(*) as send_events
    from {{ ref('stg_send_events') }}
    where verdict = 'accepted'
    group by message_id
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
),

orphans as (
    select orphan_rows
    from {{ ref('fct_raw_tables') }}
    where raw_table = 'send_events'
)

select compared.*
from compared
cross join known
cross join orphans
where
    compared.known_messages is distinct from known.known_messages
    or compared.orphan_rows is distinct from orphans.orphan_rows
