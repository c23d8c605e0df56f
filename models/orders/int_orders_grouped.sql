-- One row per order with a paid event. Money stays decimal: each amount is converted by its own
-- event's currency at the latest rate at or before converted_at, and only the sums are rounded (half
-- up). An amount without a rate leaves the order's reporting money unknown (NULL), never 0.
with

-- Each step reads them again; kept in memory they would be too many.
order_events as {{ not_kept() }} (
    select
        event_id,
        event_type,
        event_at,
        order_id,
        contact_id,
        email,
        amount,
        upper(currency) as currency,
        channel
    from {{ affected('stg_order_events') }}
    where row_status = 'accepted'
),

orders as (
    select
        order_id,
        min_by(contact_id, (event_at, event_id)) filter (where contact_id is not null) as contact_id,
        min_by(email, (event_at, event_id)) filter (where email is not null) as email,
        min_by(channel, (event_at, event_id)) filter (where channel is not null) as channel,
        min_by(currency, (event_at, event_id)) filter (where event_type = 'paid') as currency,
        coalesce(min(event_at) filter (where event_type = 'placed'), min(event_at)) as converted_at
    from order_events
    group by order_id
    having count(*) filter (where event_type = 'paid') > 0
),

payments as (
    select
        orders.order_id,
        orders.currency as order_currency,
        orders.converted_at,
        order_events.currency,
        order_events.event_type,
        order_events.amount
    from orders
    inner join order_events on orders.order_id = order_events.order_id
    where order_events.event_type in ('paid', 'refunded')
),

currencies as (
    select distinct
        payments.currency,
        payments.converted_at
    from payments
    union distinct
    select distinct
        payments.order_currency as currency,
        payments.converted_at
    from payments
),

rates as (
    select
        currencies.currency,
        currencies.converted_at,
        case
            when currencies.currency = '{{ var('reporting_currency') }}' then cast(1 as decimal(20, 12))
            else max_by(exchange_rates.rate, exchange_rates.valid_from)
        end as rate
    from currencies
    left join {{ ref('int_exchange_rates') }} as exchange_rates
        on
            currencies.currency = exchange_rates.currency
            and currencies.converted_at >= exchange_rates.valid_from
    group by currencies.currency, currencies.converted_at
),

converted as (
    select
        payments.order_id,
        payments.event_type,
        payments.amount * event_rates.rate as amount,
        case when payments.currency = payments.order_currency then payments.amount end as own_amount,
        case when payments.currency <> payments.order_currency then payments.amount * event_rates.rate end
            as other_amount,
        payments.currency <> payments.order_currency and (event_rates.rate is null or order_rates.rate is null)
            as lacks_original_rate,
        order_rates.rate as order_rate
    from payments
    inner join rates as event_rates
        on payments.currency = event_rates.currency and payments.converted_at = event_rates.converted_at
    inner join rates as order_rates
        on payments.order_currency = order_rates.currency and payments.converted_at = order_rates.converted_at
),

summed as (
    select
        order_id,
        any_value(order_rate) as order_rate,
        count(*) = count(amount) as has_rates,
        not bool_or(lacks_original_rate) as has_original_rates,
        {{ cents("sum(amount) filter (where event_type = 'paid')") }} as revenue,
        {{ cents("sum(amount) filter (where event_type = 'refunded')") }} as refunded,
        coalesce(sum(own_amount) filter (where event_type = 'paid'), 0) as own_revenue,
        coalesce(sum(own_amount) filter (where event_type = 'refunded'), 0) as own_refunded,
        sum(other_amount) filter (where event_type = 'paid') as other_revenue,
        sum(other_amount) filter (where event_type = 'refunded') as other_refunded
    from converted
    group by order_id
),

in_own_currency as (
    select
        *,
        case
            when other_revenue is null then own_revenue
            else own_revenue + {{ converted_back('other_revenue', 'order_rate') }}
        end as original_revenue,
        case
            when other_refunded is null then own_refunded
            else own_refunded + {{ converted_back('other_refunded', 'order_rate') }}
        end as original_refunded
    from summed
),

final as (
    select
        orders.order_id,
        orders.contact_id,
        orders.email,
        orders.channel,
        orders.currency,
        case when sums.has_rates then sums.revenue end as revenue,
        case when sums.has_rates then sums.refunded end as refunded,
        case when sums.has_original_rates then {{ cents('sums.original_revenue') }} end as original_revenue,
        case when sums.has_original_rates then {{ cents('sums.original_refunded') }} end as original_refunded,
        orders.converted_at
    from orders
    inner join in_own_currency as sums on orders.order_id = sums.order_id
)

select * from final
