-- One row per raw table: its rows as the files' own footers state them, and as they were judged:
-- raw = accepted + duplicates + quarantined, or the build fails.
with

files as (
    select
        raw_table,
        sum(raw_rows) as raw_rows
    from {{ source('raw_lake', 'files') }}
    group by raw_table
),

judged as (
    {%- for table in raw_tables() %}
    select
        '{{ table }}' as raw_table,
        '{{ raw_table_kind(table) }}' as kind,
        count(*) filter (where row_status = 'accepted') as accepted_rows,
        count(*) filter (where row_status = 'duplicate') as duplicate_rows,
        count(*) filter (where row_status = 'quarantined') as quarantined_rows
    from {{ ref('stg_' ~ table) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

orphans as (
    select * from {{ ref('int_orphans_counted') }}
),

final as (
    select
        judged.raw_table,
        judged.kind,
        cast(coalesce(files.raw_rows, 0) as bigint) as raw_rows,
        judged.accepted_rows,
        judged.duplicate_rows,
        judged.quarantined_rows,
        cast(coalesce(orphans.orphan_rows, 0) as bigint) as orphan_rows
    from judged
    left join files on judged.raw_table = files.raw_table
    left join orphans on judged.raw_table = orphans.raw_table
)

select * from final
