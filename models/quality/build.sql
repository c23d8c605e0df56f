-- One row: what the tables beside this one were built from, and how.
with

raw_tables as (
    select sum(raw_rows) as raw_rows
    from {{ ref('fct_raw_tables') }}
),

-- An assignment says nothing of how far the data go.
events as (
    {%- for table in raw_tables() if table.endswith('_events') %}
    select max(event_at) as event_at
    from {{ ref('stg_' ~ table) }}
    where row_status = 'accepted'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        {{ quote_text(model.config.meta.project_version) }} as project_version,
        {{ quote_text(raw_lake().split('/') | last) }} as raw_lake,
        {{ quote_text(settings_in_force()) }} as settings,
        cast(raw_tables.raw_rows as bigint) as raw_rows,
        timestamp '{{ run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f') }}' as built_at,
        (select max(events.event_at) from events) as data_through_at
    from raw_tables
)

select * from final
