-- One row a message with an accepted send event, orphans included: when each type of send event
-- came first and last. Its source and contact are those of its earliest send event.
{{ config(
    materialized='incremental',
    unique_key='message_id',
    meta={'affected_by': 'int_messages_resent'},
    pre_hook="{{ waits_for(['int_messages_resent']) }}"
) }}
with

send_events as (
    select *
    from {{ ref('stg_send_events') }}
    where verdict = 'accepted' and {{ is_affected(ref('stg_send_events'), 'message_id') }}
),

grouped as (
    select
        message_id,
        -- One min_by of all three costs a third of two.
        min_by(
            struct_pack(
                email_source_id := email_source_id, contact_id := contact_id, recipient_email := recipient_email
            ),
            (event_at, event_id)
        ) as earliest,
        count(*) as send_events,
        coalesce(bool_or(is_test), false) as is_test,
        -- A case in the aggregate costs two thirds of a filter on it.
        min(event_at) as first_event_at,
        max(event_at) as last_event_at,
        min(case when event_type = 'skipped' then event_at end) as first_skipped_at,
        min(case when event_type = 'failed' then event_at end) as first_failed_at,
        min(case when event_type = 'sent' then event_at end) as first_sent_at,
        min(case when event_type = 'accepted' then event_at end) as first_accepted_at,
        min(case when event_type = 'rejected' then event_at end) as first_rejected_at,
        min(case when event_type = 'delivered' then event_at end) as first_delivered_at,
        max(case when event_type = 'delivered' then event_at end) as last_delivered_at,
        min(case when event_type = 'soft_bounced' then event_at end) as first_soft_bounced_at,
        min(case when event_type = 'hard_bounced' then event_at end) as first_hard_bounced_at,
        max(case when event_type = 'hard_bounced' then event_at end) as last_hard_bounced_at
    from send_events
    group by message_id
),

-- Few send events lack the address: theirs is that of the message's earliest one that bears it. These read
-- the table once more, a column or two, where a CTE read by all would keep it whole in memory.
unaddressed as (
    select message_id
    from {{ ref('stg_send_events') }}
    where verdict = 'accepted' and recipient_email is null and {{ is_affected(ref('stg_send_events'), 'message_id') }}
),

addressed as (
    select
        message_id,
        min_by(recipient_email, (event_at, event_id)) as recipient_email
    from {{ ref('stg_send_events') }}
    where
        verdict = 'accepted'
        and recipient_email is not null
        and message_id in (select unaddressed.message_id from unaddressed)
    group by message_id
),

messages as (
    select
        message_id,
        earliest.email_source_id,
        earliest.contact_id as recipient_contact_id,
        earliest.recipient_email,
        * exclude (message_id, earliest)
    from grouped
),

final as (
    select messages.* replace (coalesce(messages.recipient_email, addressed.recipient_email) as recipient_email)
    from messages
    left join addressed on messages.message_id = addressed.message_id
)

select * from final
