-- One row per quarantined raw row, of events and entities, with the ids that it names. A table of its own, because few
-- rows are quarantined, which only a table shows the engine before it joins them with all messages.
with

quarantined as (
    {%- for table in raw_tables() %}
    select
        {{ "event_id" if raw_table_kind(table) == 'event' else "cast(null as string)" }} as event_id,
        {{ raw_text_column(table, 'email_source_id') }} as email_source_id,
        {{ raw_text_column(table, 'message_id') }} as message_id,
        '{{ table }}' as raw_table,
        quarantine_reason as reason,
        raw_row,
        loaded_at
    from {{ ref('stg_' ~ table) }}
    where row_status = 'quarantined'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from quarantined
