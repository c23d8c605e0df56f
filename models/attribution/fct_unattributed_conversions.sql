-- One row per conversion and an attribution policy that credits nobody with it, and why. Conversions don't
-- add up over policies.
with

policies as (
    select * from {{ ref('dim_attribution_policies') }}
),

conversions as (
    select *
    from {{ affected('int_conversions_identified') }}
),

credits as (
    select *
    from {{ affected('fct_attribution_credits') }}
),

touches as (
    select *
    from {{ affected('int_touches') }}
),

-- Whether a contact had been touched at all needs the first touch of each kind, not every touch.
first_touches as (
    select
        contact_id,
        touch_type,
        email_source_type,
        has_product_element,
        is_machine,
        min(touch_at) as touch_at
    from touches
    group by contact_id, touch_type, email_source_type, has_product_element, is_machine
),

policy_touches as (
    select
        policies.attribution_policy,
        first_touches.contact_id,
        min(first_touches.touch_at) as touch_at
    from first_touches
    inner join policies on {{ can_earn_credit('first_touches', 'policies') }}
    group by policies.attribution_policy, first_touches.contact_id
),

uncredited as (
    select
        conversions.*,
        policies.attribution_policy
    from conversions
    cross join policies
    anti join credits
        on
            conversions.conversion_type = credits.conversion_type
            and conversions.conversion_id = credits.conversion_id
            and policies.attribution_policy = credits.attribution_policy
),

final as (
    select
        uncredited.conversion_type,
        uncredited.conversion_id,
        uncredited.attribution_policy,
        {{ unattributed_reason('uncredited', 'policy_touches.touch_at is not null') }} as unattributed_reason
    from uncredited
    left join policy_touches
        on
            uncredited.contact_id = policy_touches.contact_id
            and uncredited.attribution_policy = policy_touches.attribution_policy
            and uncredited.converted_at >= policy_touches.touch_at
)

select * from final
