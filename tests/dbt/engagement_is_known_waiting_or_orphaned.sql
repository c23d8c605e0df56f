-- Every accepted engagement event is in fct_engagement_events, waits with its orphan message, or is an
-- orphan itself.
with

accepted as (
    select
        count(*) as accepted_rows,
        count(*) filter (
            where message_id in (select known.message_id from {{ ref('fct_messages') }} as known)
        ) as known_rows,
        count(*) filter (
            where message_id not in (select any_message.message_id from {{ ref('int_messages_grouped') }} as any_message)
        ) as orphan_rows
    from {{ ref('stg_engagement_events') }}
    where verdict = 'accepted'
),

counted as (
    select
        (select count(*) from {{ ref('fct_engagement_events') }}) as known_rows,
        (select fct.orphan_rows from {{ ref('fct_raw_tables') }} as fct where fct.raw_table = 'engagement_events')
            as orphan_rows
)

select *
from accepted
cross join counted
where
    accepted.known_rows is distinct from counted.known_rows
    or accepted.orphan_rows is distinct from counted.orphan_rows
