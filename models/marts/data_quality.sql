-- One row per raw table: how many rows it has and what became of them. Rows add up over tables; what
-- doesn't apply to entities is NULL.
with

final as (
    select
        raw_table,
        raw_rows,
        case when kind = 'event' then accepted_rows end as accepted_rows,
        case when kind = 'event' then duplicate_rows end as duplicate_rows,
        quarantined_rows,
        case when kind = 'event' then orphan_rows end as orphan_rows
    from {{ ref('fct_raw_tables') }}
)

select * from final
