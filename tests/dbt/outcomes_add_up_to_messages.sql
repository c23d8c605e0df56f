-- A source has as many rows of an outcome as messages that bear its flag. In a delta nothing new is to be
-- found: the rows of the view follow from messages, whose contacts another test looks up.
with

counted as (
    select
        email_source_id,
        outcome,
        count(*) as messages
    from {{ ref('message_outcomes') }}
    where {{ not is_delta() }}
    group by email_source_id, outcome
),

outcomes as (
    select
        email_source_id,
        {{ pivoted_outcomes() }}
    from counted
    group by email_source_id
),

messages as (
    select
        email_source_id,
        {{ flagged_outcomes() }}
    from {{ ref('fct_messages') }}
    where not is_test and {{ not is_delta() }}
    group by email_source_id
)

select coalesce(messages.email_source_id, outcomes.email_source_id) as email_source_id
from messages
full join outcomes on messages.email_source_id = outcomes.email_source_id
where {{ columns_differ('messages', 'outcomes', outcomes()) }}
