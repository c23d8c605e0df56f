-- One row a raw row of email_sources, cast and judged; is_latest (recency_rank 1) marks the row that stands for its
-- source now.
{{ config(unique_key='email_source_id') }}
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

competing as (
    select * from judged
    {{ and_earlier_rows('judged') }}
),

ranked as (
    select
        *,
        {{ recency_rank('email_sources') }} as recency_rank
    from competing
),

final as (
    select
        *,
        {{ verdict() }} as verdict,
        quarantine_reason is null and recency_rank = 1 as is_latest,
        {{ batch().number }} as batch_number
    from ranked
)

select * from final
