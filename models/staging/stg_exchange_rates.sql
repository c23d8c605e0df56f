-- One row a raw row of exchange_rates, cast and judged; is_latest (recency_rank 1) marks the row that stands for
-- its currency and moment now.
{{ config(unique_key=['currency', 'valid_from']) }}
with

typed as (
    select
        {{ typed_columns('exchange_rates') }},
        source_row
    from {{ source('raw', 'exchange_rates') }} as source_row
),

judged as (
    select
        * exclude (source_row),
        {{ quarantine_reason('exchange_rates') }} as quarantine_reason,
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
        {{ recency_rank('exchange_rates') }} as recency_rank
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
