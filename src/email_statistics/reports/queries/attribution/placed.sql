-- One row per order placed in the period, by the days of the reporting time zone.
select *
from core.fct_conversions
where
    conversion_type = 'order'
    and cast(timezone($zone, timezone('UTC', converted_at)) as date) between $start and $end
