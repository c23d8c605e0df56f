-- One row a raw row of contacts, cast and judged; is_latest (recency_rank 1) marks the row that stands for its
-- contact now.
{{ config(unique_key='contact_id') }}
with

typed as (
    select
        {{ typed_columns('contacts') }},
        source_row
    from {{ source('raw', 'contacts') }} as source_row
),

judged as (
    select
        * exclude (source_row),
        {{ quarantine_reason('contacts') }} as quarantine_reason,
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
        {{ recency_rank('contacts') }} as recency_rank
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
