-- One row per message whose row in fct_messages this batch may change, by its events or its credit: with what that
-- row said before.
with

changed_credits as (
    select message_id
    from
        {{ changed('fct_conversions', [
            'conversion_type', 'conversion_id', 'message_id', 'revenue', 'net_revenue', 'is_attributed', 'converted_at',
        ]) }}
    where is_attributed
),

found_messages as (
    select message_id
    from {{ ref('changed_messages') }}
    union distinct
    select message_id
    from changed_credits
),

earlier_messages as (
    select
        message_id,
        email_source_id,
        contact_id,
        booked_date
    from {{ before('fct_messages') }}
    where message_id in (select found_messages.message_id from found_messages)
),

final as (
    select
        found_messages.message_id,
        earlier_messages.email_source_id,
        earlier_messages.contact_id,
        earlier_messages.booked_date
    from found_messages
    left join earlier_messages on found_messages.message_id = earlier_messages.message_id
)

select * from final
