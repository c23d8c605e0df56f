-- One row per raw table: what became of its rows.
select *
from marts.data_quality
order by raw_rows desc, raw_table asc
