-- A source's messages with a flag are as many as its statistics say.
with

messages as (
    select
        email_source_id,
        {{ counted_outcomes() }}
    from {{ ref('fct_messages') }}
    where not is_test and {{ is_changed('email_source_id', 'changed_counts') }}
    group by email_source_id
),

performance as (
    select *
    from {{ ref('email_performance') }}
    where {{ is_changed('email_source_id', 'changed_counts') }}
)

select coalesce(performance.email_source_id, messages.email_source_id) as email_source_id
from performance
full join messages on performance.email_source_id = messages.email_source_id
where {{ columns_differ('performance', 'messages', outcomes()) }}
