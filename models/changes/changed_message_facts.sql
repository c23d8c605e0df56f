-- One row per message whose row in fct_messages this batch may change, by its events or its credit: with what that
-- row said before.
with

changed_messages as (
    select * from {{ ref('changed_messages') }}
),

changed_credits as (
    select message_id
    from
        {{ changed('fct_conversions', [
            'conversion_type', 'conversion_id', 'message_id', 'revenue', 'net_revenue', 'is_attributed', 'converted_at',
        ]) }}
    where is_attributed
),

credited_messages as (
    select
        message_id,
        email_source_id,
        contact_id,
        recipient_contact_id,
        booked_date,
        first_send_event_at
    from {{ before('fct_messages') }}
    where
        message_id in (select changed_credits.message_id from changed_credits)
        and message_id not in (select changed_messages.message_id from changed_messages)
),

final as (
    select * from changed_messages
    union all
    select * from credited_messages
)

select * from final
