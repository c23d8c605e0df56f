-- message_outcomes has a row for each flag of a message that is true, and its status is one of the outcomes. The view
-- follows from fct_messages alone, so it is read in a full build only.
with

outcomes as (
    select
        {{ pivoted_outcomes() }},
        count(*) filter (where {{ is_no_outcome('status') }}) as other_statuses
    from (
        select
            outcome,
            status,
            count(*) as messages
        from {{ in_full_build('message_outcomes') }}
        group by outcome, status
    ) as counted
),

messages as (
    select {{ counted_outcomes() }}
    from {{ in_full_build('fct_messages') }}
    where not is_test
)

select outcomes.*
from outcomes
cross join messages
where outcomes.other_statuses > 0 or {{ columns_differ('outcomes', 'messages', outcomes()) }}
