-- One row per load, outcome of its records and reason: every record that `email-stats load` and `receive` read.
-- Empty where the lake has no records of loads.
with

final as (
    select
        load_id,
        outcome,
        reason,
        sender,
        loaded_at,
        records
    from {{ source('raw_lake', 'loads') }}
)

select * from final
