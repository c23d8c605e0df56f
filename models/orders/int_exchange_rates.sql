-- One row per currency and moment from which its rate holds. A row without a positive rate is none.
with

exchange_rates as (
    select
        upper(currency) as currency,
        valid_from,
        rate,
        updated_at,
        loaded_at
    from {{ ref('stg_exchange_rates') }}
    where is_latest and rate > 0
),

final as (
    select
        currency,
        valid_from,
        rate
    from exchange_rates
    qualify
        row_number() over (
            partition by currency, valid_from
            order by updated_at desc, loaded_at desc, rate desc
        ) = 1
)

select * from final
