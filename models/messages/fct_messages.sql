-- One row per message (one email to one contact from one source), tests included, orphans not: what became of it, and
-- the conversions that it is credited with. Flags of messages add up, the contacts behind them don't.
with

-- Everything but the conversions. Later builds read the rows of int_messages_outcomes from this table (`kept_in` in
-- dbt_project.yml), so all of its columns are selected.
outcomes as (
    select * from {{ affected('int_messages_outcomes') }}
),

credits as (
    select
        message_id,
        count(*) as conversions,
        count(*) filter (where conversion_type = 'order') as orders,
        count(*) filter (where conversion_type = 'order' and revenue is null) as orders_without_rate,
        {{ cents('sum(revenue)') }} as revenue,
        {{ cents('sum(net_revenue)') }} as net_revenue,
        min(converted_at) as converted_at,
        min(converted_at) filter (where conversion_type = 'order') as ordered_at
    from {{ affected('fct_conversions') }}
    where is_attributed
    group by message_id
),

final as (
    select
        outcomes.*,
        coalesce(credits.conversions, 0) as conversions,
        coalesce(credits.orders, 0) as orders,
        coalesce(credits.orders_without_rate, 0) as orders_without_rate,
        coalesce(credits.revenue, 0) as revenue,
        coalesce(credits.net_revenue, 0) as net_revenue,
        coalesce(credits.conversions, 0) > 0 as is_converted,
        coalesce(credits.orders, 0) > 0 as is_ordered,
        credits.converted_at,
        credits.ordered_at
    from outcomes
    left join credits on outcomes.message_id = credits.message_id
)

select * from final
