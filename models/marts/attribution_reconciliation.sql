-- One row per attribution policy, currency, channel and month: what orders came to, who got the credit, and
-- why nobody did. Adds up over currencies (in the reporting currency), channels and months, never over
-- policies. What an over-crediting policy credits more than once is in credited_… only.
with

policies as (
    select * from {{ ref('dim_attribution_policies') }}
),

orders as (
    select *
    from {{ ref('fct_conversions') }}
    where conversion_type = 'order'
),

credited as (
    select
        attribution_policy,
        conversion_id,
        sum(revenue) as revenue,
        sum(original_revenue) as original_revenue,
        any_value(is_over_crediting) as is_over_crediting
    from {{ ref('fct_attribution_credits') }}
    where conversion_type = 'order'
    group by attribution_policy, conversion_id
),

unattributed as (
    select *
    from {{ ref('fct_unattributed_conversions') }}
    where conversion_type = 'order'
),

accounted as (
    select
        policies.attribution_policy,
        policies.is_over_crediting,
        orders.currency,
        coalesce(orders.channel, 'unknown') as channel,
        cast(date_trunc('month', {{ reporting_date('orders.converted_at') }}) as date) as converted_month,
        orders.revenue,
        orders.original_revenue,
        credited.revenue as credited_revenue,
        credited.original_revenue as credited_original_revenue,
        -- Shares add up to the order; a policy that credits it several times over has it once here.
        case when credited.is_over_crediting then orders.revenue else credited.revenue end as attributed_revenue,
        case
            when credited.is_over_crediting then orders.original_revenue
            else credited.original_revenue
        end as attributed_original_revenue,
        credited.conversion_id is not null as is_attributed,
        unattributed.unattributed_reason
    from policies
    cross join orders
    left join credited
        on
            policies.attribution_policy = credited.attribution_policy
            and orders.conversion_id = credited.conversion_id
    left join unattributed
        on
            policies.attribution_policy = unattributed.attribution_policy
            and orders.conversion_id = unattributed.conversion_id
),

final as (
    select
        attribution_policy,
        currency,
        channel,
        count(*) as orders,
        count(*) filter (where is_attributed) as attributed_orders,
        {%- for reason in unattributed_reasons() %}
        count(*) filter (where unattributed_reason = '{{ reason }}') as {{ reason }}_orders,
        {%- endfor %}
        count(*) filter (where revenue is null) as orders_without_rate,
        {%- for measure in ['revenue', 'original_revenue'] %}
        {{ cents('sum(' ~ measure ~ ')') }} as total_{{ measure }},
        {{ cents('sum(attributed_' ~ measure ~ ')') }} as attributed_{{ measure }},
        {%- for reason in unattributed_reasons() %}
        {{ cents("sum(" ~ measure ~ ") filter (where unattributed_reason = '" ~ reason ~ "')") }}
            as {{ reason }}_{{ measure }},
        {%- endfor %}
        {{ cents('sum(credited_' ~ measure ~ ')') }} as credited_{{ measure }},
        {%- endfor %}
        is_over_crediting,
        converted_month
    from accounted
    group by attribution_policy, is_over_crediting, currency, channel, converted_month
)

select * from final
