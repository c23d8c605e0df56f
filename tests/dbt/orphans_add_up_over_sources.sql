-- The orphan send events of the sources that they name add up to those of the raw table.
with

sources as (
    select coalesce(sum(orphan_rows), 0) as orphan_rows
    from {{ ref('fct_orphans') }}
),

tables as (
    select orphan_rows
    from {{ ref('fct_raw_tables') }}
    where raw_table = 'send_events'
)

select
    sources.orphan_rows as source_orphans,
    tables.orphan_rows as table_orphans
from sources
cross join tables
where sources.orphan_rows is distinct from tables.orphan_rows
