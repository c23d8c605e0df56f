-- One row: the orders placed in the period and their revenue, all and those that the active policy credits.
-- Revenue is NULL, not 0, where no order has an exchange rate.
select
    count(*) as orders,
    count(*) filter (where is_attributed) as attributed,
    count(*) filter (where revenue is null) as orders_without_rate,
    case
        when count(revenue) > 0 or count(*) = 0
            then cast(coalesce(sum(revenue), 0) as decimal(18, 2))
    end as revenue,
    case
        when count(revenue) filter (where is_attributed) > 0 or count(*) filter (where is_attributed) = 0
            then cast(coalesce(sum(revenue) filter (where is_attributed), 0) as decimal(18, 2))
    end as attributed_revenue
from $placed
