-- One row a source with statistics and day of booked_at: every count of messages. Counts and money
-- add up over days and sources; NULL where not measured for any message of the row.
{{ config(
    materialized='incremental',
    unique_key='email_source_id',
    meta={'affected_by': 'int_email_sources_recounted'},
    pre_hook="{{ waits_for(['int_email_sources_recounted']) }}"
) }}
with

-- DuckDB only: read by each step anew, not kept in memory.
messages as not materialized (
    select *
    from {{ ref('fct_messages') }}
    where not is_test and {{ has_affected_key('email_source_id') }}
),

-- Drafts and scheduled sends show nothing until they go out.
started as (
    select distinct email_source_id
    from messages
    where is_sent or is_failed or is_skipped
),

final as (
    select
        messages.email_source_id,
        {{ active_attribution_policy() }} as attribution_policy,
        {{ message_counts() }},
        messages.booked_date
    from messages
    inner join started on messages.email_source_id = started.email_source_id
    group by messages.email_source_id, messages.booked_date
)

select * from final
