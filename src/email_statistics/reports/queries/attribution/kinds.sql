-- One row per kind of touches that the contacts of the credited orders had in the window: opens, clicks,
-- both or neither.
with

touched as (
    select
        conversion_id,
        bool_or(touch_type = 'opened') as is_opened,
        bool_or(touch_type = 'clicked') as is_clicked
    from core.fct_attribution_touches
    where conversion_type = 'order' and reason in ('credited', 'superseded')
    group by conversion_id
)

select
    case
        when touched.is_opened and touched.is_clicked then 'both'
        when touched.is_opened then 'opened'
        when touched.is_clicked then 'clicked'
        else 'delivered'
    end as kind,
    count(*) as orders,
    cast(sum(placed.revenue) as decimal(18, 2)) as revenue
from $placed as placed
inner join touched on placed.conversion_id = touched.conversion_id
group by kind
order by revenue desc nulls last, kind asc
