-- One row per source with statistics and day of booked_at: every count of messages. Counts and money
-- add up over days and sources; NULL where not measured for any message of the row.
with

messages as (
    select *
    from {{ affected('fct_messages') }}
    where not is_test
),

-- Drafts and scheduled sends show nothing until they go out.
started as (
    select distinct email_source_id
    from {{ affected('fct_messages', part='email_source_id') }}
    where not is_test and (is_sent or is_failed or is_skipped)
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
