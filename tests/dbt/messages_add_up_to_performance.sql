-- A source's metric counts as many messages as bear its flag.
with

messages as (
    select
        email_source_id,
        {{ flagged_outcomes() }}
    from {{ ref('fct_messages') }}
    where not is_test and {{ is_of_batch('email_source_id', 'int_email_sources_recounted') }}
    group by email_source_id
),

performance as (
    select *
    from {{ ref('email_performance') }}
    where {{ is_of_batch('email_source_id', 'int_email_sources_recounted') }}
)

select coalesce(performance.email_source_id, messages.email_source_id) as email_source_id
from performance
full join messages on performance.email_source_id = messages.email_source_id
where {{ columns_differ('performance', 'messages', outcomes()) }}
