-- One row: an order that has events; is_paid: it is a conversion.
select
    count(*) as order_events,
    exists (
        select 1
        from core.fct_conversions
        where conversion_type = 'order' and conversion_id = $id
    ) as is_paid
from core.fct_order_events
where order_id = $id
having count(*) > 0
