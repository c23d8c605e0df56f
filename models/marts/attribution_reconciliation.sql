-- One row per attribution policy, currency, channel and month: what orders came to, who got the credit, and
-- why nobody did. Adds up over currencies (in the reporting currency), channels and months, never over
-- policies. What an over-crediting policy credits more than once is in credited_… only.
with

policies as (
    select * from {{ ref('dim_attribution_policies') }}
),

orders as (
    select
        conversion_id,
        currency,
        coalesce(channel, 'unknown') as channel,
        cast(date_trunc('month', {{ reporting_date('converted_at') }}) as date) as converted_month,
        revenue,
        original_revenue
    from {{ ref('fct_conversions') }}
    where conversion_type = 'order'
),

credited as (
    select
        attribution_policy,
        conversion_id,
        sum(revenue) as revenue,
        sum(original_revenue) as original_revenue
    from {{ ref('fct_attribution_credits') }}
    where conversion_type = 'order'
    group by attribution_policy, conversion_id
),

-- By each policy an order is credited, or there is a reason why it isn't.
accounted as (
    select
        credited.attribution_policy,
        orders.*,
        true as is_attributed,
        credited.revenue as credited_revenue,
        credited.original_revenue as credited_original_revenue,
        null as unattributed_reason
    from orders
    inner join credited on orders.conversion_id = credited.conversion_id
    union all
    select
        unattributed.attribution_policy,
        orders.*,
        false as is_attributed,
        null as credited_revenue,
        null as credited_original_revenue,
        unattributed.unattributed_reason
    from orders
    inner join {{ ref('fct_unattributed_conversions') }} as unattributed
        on orders.conversion_id = unattributed.conversion_id and unattributed.conversion_type = 'order'
),

described as (
    select
        accounted.*,
        policies.is_over_crediting,
        -- Shares add up to the order; a policy that credits it several times over has it once here.
        case
            when accounted.is_attributed and policies.is_over_crediting then accounted.revenue
            else accounted.credited_revenue
        end as attributed_revenue,
        case
            when accounted.is_attributed and policies.is_over_crediting then accounted.original_revenue
            else accounted.credited_original_revenue
        end as attributed_original_revenue
    from accounted
    inner join policies on accounted.attribution_policy = policies.attribution_policy
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
    from described
    group by attribution_policy, is_over_crediting, currency, channel, converted_month
)

select * from final
