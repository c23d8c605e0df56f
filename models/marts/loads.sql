-- One row per load, outcome of its records and reason.
with

final as (
    select
        load_id,
        outcome,
        reason,
        sender,
        loaded_at,
        records
    from {{ ref('fct_loads') }}
)

select * from final
