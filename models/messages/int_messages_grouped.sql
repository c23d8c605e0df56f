-- One row per message with an accepted send event, orphans included: when each type of send event came first and
-- last. Its source, contact and address are each that of its earliest send event that has one.
{% set event_times = {
    'first_skipped_event_at': 'min', 'first_failed_event_at': 'min', 'first_sent_event_at': 'min',
    'first_accepted_event_at': 'min', 'first_deferred_event_at': 'min', 'first_rejected_event_at': 'min',
    'first_delivered_event_at': 'min', 'last_delivered_event_at': 'max', 'first_soft_bounced_event_at': 'min',
    'first_hard_bounced_event_at': 'min', 'last_hard_bounced_event_at': 'max',
} %}
{% set named = {
    'email_source_id': 'email_source_id', 'contact_id': 'recipient_contact_id', 'recipient_email': 'recipient_email',
} %}
with

-- Each step reads them again; kept in memory they would be too many.
send_events as {{ not_kept() }} (
    select *
    from {{ affected('stg_send_events') }}
    where row_status = 'accepted'
),

-- Nearly always the send events of a message agree on these texts: to group by them costs two thirds of
-- finding the earliest one's.
agreeing as (
    select
        message_id,
        email_source_id,
        contact_id as recipient_contact_id,
        recipient_email,
        {{ send_event_counts(event_times) }}
    from send_events
    group by message_id, email_source_id, contact_id, recipient_email
),

disagreeing as (
    select message_id
    from agreeing
    group by message_id
    having count(*) > 1
),

-- A send event may lack any of them.
settled as (
    select
        message_id,
        {%- for column, name in named.items() %}
        min_by({{ column }}, case when {{ column }} is not null then (event_at, event_id) end) as {{ name }},
        {%- endfor %}
        {{ send_event_counts(event_times) }}
    from send_events
    where message_id in (select disagreeing.message_id from disagreeing)
    group by message_id
),

final as (
    select *
    from agreeing
    where message_id not in (select disagreeing.message_id from disagreeing)
    union all
    select
        message_id,
        email_source_id,
        recipient_contact_id,
        recipient_email,
        send_events,
        is_test,
        first_send_event_at,
        last_send_event_at,
        {{ event_times.keys() | join(',\n        ') }}
    from settled
)

select * from final
