-- Attributed + unattributed = all, in number and to the cent, in each original currency: the orders of
-- fct_conversions against the paid and refunded events of orders in a single currency.
with

payments as (
    select
        order_id,
        upper(min(currency)) as currency,
        sum(amount) filter (where event_type = 'paid') as paid,
        coalesce(sum(amount) filter (where event_type = 'refunded'), 0) as refunded,
        count(distinct upper(currency)) as currencies
    from {{ ref('stg_order_events') }}
    where row_status = 'accepted' and event_type in ('paid', 'refunded')
    group by order_id
    having count(*) filter (where event_type = 'paid') > 0
),

expected as (
    select
        currency,
        count(*) as orders,
        sum(paid) as paid,
        sum(refunded) as refunded
    from payments
    where currencies = 1
    group by currency
),

found as (
    select
        conversions.currency,
        count(*) filter (where conversions.is_attributed)
        + count(*) filter (where not conversions.is_attributed) as orders,
        sum(conversions.original_revenue) as paid,
        sum(conversions.original_refunded) as refunded
    from {{ ref('fct_conversions') }} as conversions
    inner join payments on conversions.conversion_id = payments.order_id
    where conversions.conversion_type = 'order' and payments.currencies = 1
    group by conversions.currency
),

orders as (
    select
        (select count(*) from payments) as expected_orders,
        count(*) as found_orders
    from {{ ref('fct_conversions') }}
    where conversion_type = 'order'
)

select
    coalesce(expected.currency, found.currency) as currency,
    expected.orders as expected_orders,
    found.orders as found_orders
from expected
full join found on expected.currency = found.currency
where
    expected.orders is distinct from found.orders
    or expected.paid is distinct from found.paid
    or expected.refunded is distinct from found.refunded
union all
select
    'all' as currency,
    expected_orders,
    found_orders
from orders
where expected_orders is distinct from found_orders
