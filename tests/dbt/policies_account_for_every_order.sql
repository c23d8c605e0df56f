-- By every policy attributed + unattributed by reason = total = all orders, in number and to the cent, in
-- each currency, channel and month. What a policy credits is what it attributes, to the cent; what an
-- over-crediting one does is each order's money once a credit.
with

orders as (
    select
        currency,
        coalesce(channel, 'unknown') as channel,
        cast(date_trunc('month', {{ reporting_date('converted_at') }}) as date) as converted_month,
        count(*) as orders,
        sum(revenue) as revenue,
        sum(original_revenue) as original_revenue
    from {{ ref('fct_conversions') }}
    where conversion_type = 'order'
    group by
        currency,
        coalesce(channel, 'unknown'),
        cast(date_trunc('month', {{ reporting_date('converted_at') }}) as date)
),

expected as (
    select
        policies.attribution_policy,
        policies.is_over_crediting,
        orders.*
    from {{ ref('dim_attribution_policies') }} as policies
    cross join orders
),

credits as (
    select
        credits.attribution_policy,
        conversions.currency,
        coalesce(conversions.channel, 'unknown') as channel,
        cast(date_trunc('month', {{ reporting_date('conversions.converted_at') }}) as date) as converted_month,
        sum(credits.revenue) as revenue,
        sum(credits.original_revenue) as original_revenue,
        sum(conversions.revenue) as order_revenue,
        sum(conversions.original_revenue) as order_original_revenue
    from {{ ref('fct_attribution_credits') }} as credits
    inner join {{ ref('fct_conversions') }} as conversions
        on credits.conversion_type = conversions.conversion_type and credits.conversion_id = conversions.conversion_id
    where credits.conversion_type = 'order'
    group by
        credits.attribution_policy,
        conversions.currency,
        coalesce(conversions.channel, 'unknown'),
        cast(date_trunc('month', {{ reporting_date('conversions.converted_at') }}) as date)
)

select
    coalesce(expected.attribution_policy, found.attribution_policy) as attribution_policy,
    coalesce(expected.currency, found.currency) as currency,
    coalesce(expected.channel, found.channel) as channel,
    coalesce(expected.converted_month, found.converted_month) as converted_month
from expected
full join {{ ref('attribution_reconciliation') }} as found
    on
        expected.attribution_policy = found.attribution_policy
        and expected.currency = found.currency
        and expected.channel = found.channel
        and expected.converted_month = found.converted_month
left join credits
    on
        found.attribution_policy = credits.attribution_policy
        and found.currency = credits.currency
        and found.channel = credits.channel
        and found.converted_month = credits.converted_month
where
    expected.orders is distinct from found.orders
    or found.orders is distinct from {{ accounted_for('found', 'orders') }}
    {%- for measure in ['revenue', 'original_revenue'] %}
    or coalesce(expected.{{ measure }}, 0) is distinct from found.total_{{ measure }}
    or found.total_{{ measure }} is distinct from {{ accounted_for('found', measure) }}
    or found.credited_{{ measure }} is distinct from coalesce(credits.{{ measure }}, 0)
    or (not expected.is_over_crediting and found.credited_{{ measure }} <> found.attributed_{{ measure }})
    or (expected.is_over_crediting and found.credited_{{ measure }} <> coalesce(credits.order_{{ measure }}, 0))
    {%- endfor %}
