-- One row per raw table and reason why rows of it are quarantined.
select
    raw_table,
    reason,
    count(*) as quarantined_rows,
    max(loaded_at) as last_loaded_at
from core.fct_quarantined_events
group by raw_table, reason
order by quarantined_rows desc, raw_table asc, reason asc
