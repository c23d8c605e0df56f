-- One row per click in a burst: the clicks of its message within one second from some click name three
-- or more different links. No person does that.
with

-- Each step reads them again; kept in memory they would be too many.
clicks as {{ not_kept() }} (
    select *
    from {{ affected('int_clicks_linked') }}
),

-- Few messages have three links clicked at all: the comparison below is among theirs only.
candidate_messages as (
    select message_id
    from clicks
    group by message_id
    having count(distinct link_key) >= 3
),

candidates as (
    select clicks.*
    from clicks
    inner join candidate_messages on clicks.message_id = candidate_messages.message_id
),

starts as (
    select distinct
        message_id,
        event_at as burst_at
    from candidates
),

bursts as (
    select
        starts.message_id,
        starts.burst_at
    from starts
    inner join candidates
        on
            starts.message_id = candidates.message_id
            and candidates.event_at between starts.burst_at and starts.burst_at + interval 1 second
    group by starts.message_id, starts.burst_at
    having count(distinct candidates.link_key) >= 3
),

final as (
    select distinct
        candidates.event_id,
        candidates.message_id
    from candidates
    inner join bursts
        on
            candidates.message_id = bursts.message_id
            and candidates.event_at between bursts.burst_at and bursts.burst_at + interval 1 second
)

select * from final
