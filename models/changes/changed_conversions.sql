-- One row per conversion that this batch may change, or whose contact it may change: by its events, by a rate from
-- before it, or by a contact that it names or whose email it has.
with

-- The reporting currency's own rate is 1, whatever a row says.
rates as (
    select
        upper(currency) as currency,
        min(valid_from) as valid_from
    from {{ batch_rows('stg_exchange_rates') }}
    where upper(currency) <> '{{ var('reporting_currency') }}'
    group by upper(currency)
),

contacts as (
    select contact_id
    from {{ changed('int_contacts_merged', ['contact_id', 'surviving_contact_id']) }}
),

-- An email identifies by all contacts that have it, else by the messages that were sent to it.
emails as (
    select email
    from {{ ref('changed_emails') }}
    union distinct
    select email
    from {{ changed('int_contacts_from_email', ['contact_id', 'email']) }}
),

earlier_orders as (
    select * from {{ before('int_orders_grouped') }}
),

orders as (
    select order_id
    from {{ batch_rows('stg_order_events') }}
    where order_id is not null
    union distinct
    select order_id
    from earlier_orders
    where
        contact_id in (select contacts.contact_id from contacts)
        or lower(email) in (select emails.email from emails)
    union distinct
    select order_events.order_id
    from {{ ref('stg_order_events') }} as order_events
    inner join rates on upper(order_events.currency) = rates.currency
    inner join earlier_orders
        on order_events.order_id = earlier_orders.order_id and rates.valid_from <= earlier_orders.converted_at
),

goals as (
    select event_id
    from {{ batch_rows('stg_goal_events') }}
    where event_id is not null
    union distinct
    select event_id
    from {{ ref('stg_goal_events') }}
    where
        event_id is not null
        and (
            contact_id in (select contacts.contact_id from contacts)
            or lower(email) in (select emails.email from emails)
        )
),

final as (
    select
        'order' as conversion_type,
        order_id as conversion_id,
        order_id
    from orders
    union all
    select
        'goal' as conversion_type,
        event_id as conversion_id,
        null as order_id
    from goals
)

select * from final
