-- One row per window of 1 to 60 days (of 24 hours) from the last touch: the orders placed in the period that
-- it would credit, their revenue, and what its last day adds.
with

windows as (
    select unnest(range(1, 61)) as days
),

summed as (
    select
        windows.days,
        count(placed.conversion_id) as orders,
        case
            when count(placed.revenue) > 0 or count(placed.conversion_id) = 0
                then cast(coalesce(sum(placed.revenue), 0) as decimal(18, 2))
        end as revenue
    from windows
    left join $placed as placed on placed.converted_at - placed.last_touch_at <= windows.days * interval 1 day
    group by windows.days
)

select
    days,
    orders,
    revenue,
    cast(revenue - coalesce(lag(revenue) over (order by days), 0) as decimal(18, 2)) as marginal
from summed
order by days
