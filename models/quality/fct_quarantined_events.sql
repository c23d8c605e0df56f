-- One row per quarantined raw row, of events and entities, whole, with the first reason that applies.
with

quarantined as (
    select * from {{ ref('int_rows_quarantined') }}
),

messages as (
    select
        message_id,
        email_source_id
    from {{ ref('fct_messages') }}
    where message_id in (select quarantined.message_id from quarantined)
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
