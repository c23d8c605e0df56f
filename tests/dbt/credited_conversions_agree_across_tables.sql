-- What fct_conversions credits is what messages, days and hours hold, source by source, to the cent.
with

credited as (
    select
        email_source_id,
        count(*) as conversions,
        count(*) filter (where conversion_type = 'order') as orders,
        coalesce(sum(revenue), 0) as revenue,
        coalesce(sum(net_revenue), 0) as net_revenue
    from {{ ref('fct_conversions') }}
    where is_attributed
    group by email_source_id
),

totals as (
    {%- for table in ['fct_messages', 'email_performance_daily', 'email_performance', 'email_activity_hourly'] %}
    select
        '{{ table }}' as table_name,
        email_source_id,
        sum(conversions) as conversions,
        sum(orders) as orders,
        sum(revenue) as revenue,
        sum(net_revenue) as net_revenue
    from {{ ref(table) }}
    group by email_source_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select totals.*
from totals
left join credited on totals.email_source_id = credited.email_source_id
where
    totals.conversions is distinct from coalesce(credited.conversions, 0)
    or totals.orders is distinct from coalesce(credited.orders, 0)
    or totals.revenue is distinct from coalesce(credited.revenue, 0)
    or totals.net_revenue is distinct from coalesce(credited.net_revenue, 0)
union all
select
    'missing' as table_name,
    credited.*
from credited
anti join totals on credited.email_source_id = totals.email_source_id
