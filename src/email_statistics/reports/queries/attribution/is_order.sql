-- One row where a paid order has this id.
select conversion_id
from core.fct_conversions
where conversion_type = 'order' and conversion_id = $id
