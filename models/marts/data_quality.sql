-- One row a raw table: how many rows it has and what became of them. Rows add up over tables; what
-- doesn't apply to entities is NULL.
{{ config(materialized='view') }}
with

final as (
    select
        raw_table,
        raw_rows,
        accepted_rows,
        duplicate_rows,
        quarantined_rows,
        orphan_rows
    from {{ ref('fct_raw_tables') }}
)

select * from final
