-- One row a quarantined raw row, of events and entities, whole, with the first reason that applies.
with

final as (
    {%- for table in raw_tables() %}
    select
        {{ "event_id" if raw_table_kind(table) == 'event' else "cast(null as varchar)" }} as event_id,
        '{{ table }}' as raw_table,
        quarantine_reason as reason,
        raw_row,
        loaded_at
    from {{ ref('stg_' ~ table) }}
    where verdict = 'quarantined'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
