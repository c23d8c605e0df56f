-- One row per currency and moment from which its rate holds. Where the latest row has no positive rate, there is none.
with

exchange_rates as (
    select
        upper(currency) as currency,
        valid_from,
        rate,
        row_number() over (
            partition by upper(currency), valid_from
            order by updated_at desc, loaded_at desc, rate desc nulls last
        ) as recency_rank
    from {{ ref('stg_exchange_rates') }}
    where is_latest
),

final as (
    select
        currency,
        valid_from,
        rate
    from exchange_rates
    where recency_rank = 1 and rate > 0
)

select * from final
