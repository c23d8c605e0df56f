-- One row per quarantined raw row, of events and entities, whole, with the first reason that applies.
with

messages as (
    select
        message_id,
        email_source_id
    from {{ ref('fct_messages') }}
),

quarantined as (
    {%- for table in raw_tables() %}
    select
        {{ "event_id" if raw_table_kind(table) == 'event' else "cast(null as varchar)" }} as event_id,
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
),

-- A row that names no source has its message's.
final as (
    select
        quarantined.event_id,
        coalesce(quarantined.email_source_id, messages.email_source_id) as email_source_id,
        quarantined.raw_table,
        quarantined.reason,
        quarantined.raw_row,
        quarantined.loaded_at
    from quarantined
    left join messages on quarantined.message_id = messages.message_id
)

select * from final
