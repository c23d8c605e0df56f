-- One row a raw row of links, cast and judged; is_latest (recency_rank 1) marks the row that stands for its link now.
with

typed as (
    select
        {{ typed_columns('links') }},
        source_row
    from {{ source('raw', 'links') }} as source_row
),

judged as (
    select
        * exclude (source_row),
        {{ quarantine_reason('links') }} as quarantine_reason,
        {{ quarantined_raw_row() }} as raw_row
    from typed
),

ranked as (
    select
        *,
        {{ recency_rank('links') }} as recency_rank
    from judged
),

final as (
    select
        *,
        {{ verdict() }} as verdict,
        quarantine_reason is null and recency_rank = 1 as is_latest
    from ranked
)

select * from final
