-- The active policy credits whom fct_conversions, its credits and its ledger name, conversion by conversion,
-- and leaves the same ones uncredited for the same reason. In a
-- delta the conversions of the batch are judged.
with

policies as (
    select *
    from {{ ref('dim_attribution_policies') }}
    where is_active
),

conversions as (
    select
        conversion_type,
        conversion_id,
        message_id,
        touch_at,
        unattributed_reason
    from {{ ref('fct_conversions') }}
    where {{ is_changed('conversion_type, conversion_id', 'changed_attributions') }}
),

credits as (
    select credits.*
    from {{ ref('fct_attribution_credits') }} as credits
    inner join policies on credits.attribution_policy = policies.attribution_policy
),

unattributed as (
    select unattributed.*
    from {{ ref('fct_unattributed_conversions') }} as unattributed
    inner join policies on unattributed.attribution_policy = policies.attribution_policy
),

ledger as (
    select *
    from {{ ref('attribution_ledger') }}
    where reason = 'credited'
)

select
    conversions.conversion_type,
    conversions.conversion_id,
    conversions.message_id,
    credits.message_id as credits_message_id,
    ledger.message_id as ledger_message_id,
    conversions.unattributed_reason,
    unattributed.unattributed_reason as found_unattributed_reason
from conversions
left join credits
    on conversions.conversion_type = credits.conversion_type and conversions.conversion_id = credits.conversion_id
left join unattributed
    on
        conversions.conversion_type = unattributed.conversion_type
        and conversions.conversion_id = unattributed.conversion_id
left join ledger
    on conversions.conversion_type = ledger.conversion_type and conversions.conversion_id = ledger.conversion_id
where
    conversions.message_id is distinct from credits.message_id
    or conversions.touch_at is distinct from credits.touch_at
    or conversions.message_id is distinct from ledger.message_id
    or conversions.touch_at is distinct from ledger.touch_at
    or conversions.unattributed_reason is distinct from unattributed.unattributed_reason
