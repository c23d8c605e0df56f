-- One row per kind and reason: why something isn't counted, measured, accepted or credited (seeds/reasons.csv).
with

reasons as (
    select * from {{ ref('reasons') }}
),

final as (
    select
        kind,
        reason,
        label,
        sentence
    from reasons
)

select * from final
