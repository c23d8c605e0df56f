-- One row per known source with messages to known contacts, tests left out: its first send event.
with

messages as (
    select *
    from {{ every_row('int_messages_known', ['email_source_id', 'is_test', 'first_send_event_at']) }}
),

final as (
    select
        email_source_id,
        min(first_send_event_at) as first_send_at
    from messages
    where not is_test
    group by email_source_id
)

select * from final
