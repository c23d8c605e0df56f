-- One row per conversion: an order that was paid, or a completed goal. Money adds up within a currency
-- (original_…) or in the reporting currency; a goal has none.
with

-- One row: the policy that the settings name.
policies as (
    select *
    from {{ ref('dim_attribution_policies') }}
    where is_active
),

conversions as (
    select *
    from {{ affected('int_conversions_identified') }}
),

touches as (
    select *
    from {{ affected('int_touches') }}
),

chosen as (
    select
        conversions.conversion_type,
        conversions.conversion_id,
        any_value(policies.credit_rule) as credit_rule,
        max_by({{ touched('touches') }}, touches.touch_number) as last_touch,
        max_by({{ touched('touches') }}, {{ credit_order('touches', 'policies') }}) filter (
            where {{ is_within_window('touches', 'conversions.converted_at', 'policies') }}
        ) as last_credited,
        min_by({{ touched('touches') }}, touches.touch_number) filter (
            where {{ is_within_window('touches', 'conversions.converted_at', 'policies') }}
        ) as first_credited
    from conversions
    inner join touches
        on conversions.contact_id = touches.contact_id and conversions.converted_at >= touches.touch_at
    inner join policies on {{ can_earn_credit('touches', 'policies') }}
    group by conversions.conversion_type, conversions.conversion_id
),

attributed as (
    select
        conversions.*,
        policies.attribution_policy,
        chosen.last_touch,
        case chosen.credit_rule when 'first' then chosen.first_credited else chosen.last_credited end as touch
    from conversions
    cross join policies
    left join chosen
        on
            conversions.conversion_type = chosen.conversion_type
            and conversions.conversion_id = chosen.conversion_id
),

final as (
    select
        conversion_type,
        conversion_id,
        contact_id,
        touch.message_id,
        touch.email_source_id,
        last_touch.message_id as last_touch_message_id,
        attribution_policy,
        channel,
        goal_name,
        currency,
        touch.touch_type,
        case
            when touch is null then {{ unattributed_reason('attributed', 'last_touch is not null') }}
        end as unattributed_reason,
        revenue,
        refunded,
        cast(revenue - refunded as decimal(18, 2)) as net_revenue,
        original_revenue,
        original_refunded,
        cast(original_revenue - original_refunded as decimal(18, 2)) as original_net_revenue,
        touch is not null as is_attributed,
        converted_at,
        touch.touch_at,
        last_touch.touch_at as last_touch_at
    from attributed
)

select * from final
