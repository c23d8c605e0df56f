-- One row a source with statistics and day of booked_at: every count of messages. Every column adds up
-- over days and sources; NULL where not measured for any message of the row.
with

messages as (
    select *
    from {{ ref('fct_messages') }}
    where not is_test
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
        {{ message_counts() }},
        messages.booked_date
    from messages
    inner join started on messages.email_source_id = started.email_source_id
    group by messages.email_source_id, messages.booked_date
)

select * from final
