-- raw rows = accepted + duplicates + quarantined, for each raw table; the raw rows are those that the
-- files' own footers state, so a row lost on the way is seen.
select
    raw_table,
    raw_rows,
    accepted_rows,
    duplicate_rows,
    quarantined_rows
from {{ ref('fct_raw_tables') }}
where raw_rows is distinct from accepted_rows + duplicate_rows + quarantined_rows
