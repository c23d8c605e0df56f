-- One row a raw row of email_sources, cast and judged; is_latest (recency_rank 1) marks the row that stands for its
-- source now.
with

typed as (
    select
        {{ typed_columns('email_sources') }},
        source_row
    from {{ source('raw', 'email_sources') }} as source_row
),

judged as (
    select
        * exclude (source_row),
        {{ quarantine_reason('email_sources') }} as quarantine_reason,
        {{ quarantined_raw_row() }} as raw_row
    from typed
),

ranked as (
    select
        *,
        {{ recency_rank('email_sources') }} as recency_rank
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
