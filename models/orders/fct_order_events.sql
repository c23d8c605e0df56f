-- One row per order event that isn't quarantined, duplicates included. Amounts are in the event's own currency and
-- don't add up over verdicts and types: fct_conversions has the orders.
with

order_events as (
    select *
    from {{ affected('stg_order_events') }}
    where row_status <> 'quarantined'
),

final as (
    select
        event_id,
        order_id,
        contact_id,
        event_type,
        channel,
        currency,
        row_status as verdict,
        amount,
        event_at,
        loaded_at
    from order_events
)

select * from final
