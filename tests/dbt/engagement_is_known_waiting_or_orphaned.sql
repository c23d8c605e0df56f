-- Every accepted engagement event is in fct_engagement_events, waits with its orphan message, or is an
-- orphan itself.
with

accepted as (
    select
        count(known.message_id) as known_rows,
        count(*) - count(messages.message_id) as orphan_rows
    from {{ ref('stg_engagement_events') }} as events
    left join {{ ref('fct_messages') }} as known on events.message_id = known.message_id
    left join {{ ref('int_messages_grouped') }} as messages on events.message_id = messages.message_id
    where events.verdict = 'accepted'
),

known as (
    select count(*) as known_rows
    from {{ ref('fct_engagement_events') }}
),

orphans as (
    select orphan_rows
    from {{ ref('fct_raw_tables') }}
    where raw_table = 'engagement_events'
)

select accepted.*
from accepted
cross join known
cross join orphans
where
    accepted.known_rows is distinct from known.known_rows
    or accepted.orphan_rows is distinct from orphans.orphan_rows
