-- Every accepted send event is one of a message in fct_messages or an orphan's; none is lost or doubled.
with

accepted as (
    select
        count(*) as send_events,
        count(distinct message_id) as messages
    from {{ ref('stg_send_events') }}
    where verdict = 'accepted'
),

orphans as (
    select
        count(*) as messages,
        coalesce(sum(messages.send_events), 0) as send_events
    from {{ ref('int_messages_grouped') }} as messages
    where messages.message_id not in (select known.message_id from {{ ref('fct_messages') }} as known)
),

counted as (
    select
        (select count(*) from {{ ref('fct_messages') }}) as messages,
        (select fct.orphan_rows from {{ ref('fct_raw_tables') }} as fct where fct.raw_table = 'send_events') as orphan_rows
)

select *
from accepted
cross join orphans
cross join counted
where
    accepted.messages is distinct from counted.messages + orphans.messages
    or counted.orphan_rows is distinct from orphans.send_events
