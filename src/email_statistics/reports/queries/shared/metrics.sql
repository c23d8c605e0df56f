-- One row per metric, in the order in which metrics are listed.
select
    metric,
    label,
    definition,
    kind,
    numerator,
    denominator,
    unit,
    family,
    benchmark,
    benchmark_direction
from core.dim_metrics
order by sort_order
