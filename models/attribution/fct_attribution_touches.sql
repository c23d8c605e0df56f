-- One row per conversion and a touch considered for it by the active policy: those of the 60 days before it,
-- and the first one after. A touch comes once a conversion, so touches don't add up over conversions.
with

policies as (
    select *
    from {{ ref('dim_attribution_policies') }}
    where is_active
),

conversions as (
    select *
    from {{ affected('int_conversions_identified') }}
),

-- Each step reads them again; kept in memory they would be too many.
touches as {{ not_kept() }} (
    select *
    from {{ affected('int_touches') }}
),

considered as (
    select *
    from {{ affected('int_touches_considered') }}
),

first_after as (
    select
        conversions.conversion_type,
        conversions.conversion_id,
        conversions.converted_at,
        conversions.contact_id,
        min(touches.touch_number) as touch_number
    from conversions
    inner join touches on conversions.contact_id = touches.contact_id and conversions.converted_at < touches.touch_at
    inner join policies on {{ window_hours('touches', 'policies') }} is not null
    group by conversions.conversion_type, conversions.conversion_id, conversions.converted_at, conversions.contact_id
),

all_touches as (
    select considered.*
    from considered
    inner join policies on {{ window_hours('considered', 'policies') }} is not null
    union all
    select
        first_after.conversion_type,
        first_after.conversion_id,
        first_after.converted_at,
        touches.*
    from first_after
    inner join touches
        on first_after.contact_id = touches.contact_id and first_after.touch_number = touches.touch_number
),

-- The first reason that applies, in this order.
judged as (
    select
        all_touches.*,
        policies.attribution_policy,
        policies.credit_rule,
        {{ credit_order('all_touches', 'policies') }} as credit_order,
        case
            when all_touches.touch_at > all_touches.converted_at then 'after_conversion'
            when not {{ is_within_window('all_touches', 'all_touches.converted_at', 'policies') }} then 'outside_window'
            when not {{ is_eligible_source_type('all_touches', 'policies') }} then 'ineligible_source'
            when not {{ is_eligible_style('all_touches', 'policies') }} then 'not_product_campaign'
            when {{ is_machine_left_out('all_touches', 'policies') }} then 'machine'
        end as ineligible_reason
    from all_touches
    cross join policies
),

ranked as (
    select
        *,
        row_number() over (
            partition by conversion_type, conversion_id, touch_at > converted_at
            order by touch_number desc
        ) as rank_before,
        row_number() over (
            partition by conversion_type, conversion_id, ineligible_reason is null order by credit_order desc
        ) as last_rank,
        row_number() over (
            partition by conversion_type, conversion_id, ineligible_reason is null
            order by touch_number
        ) as first_rank
    from judged
),

final as (
    select
        conversion_type,
        conversion_id,
        contact_id,
        message_id,
        email_source_id,
        event_id,
        attribution_policy,
        touch_type,
        coalesce(
            ineligible_reason,
            case
                when case credit_rule when 'first' then first_rank else last_rank end = 1 then 'credited'
                else 'superseded'
            end
        ) as reason,
        case when touch_at <= converted_at then rank_before else 0 end as touch_rank,
        is_machine,
        converted_at,
        touch_at,
        sent_at
    from ranked
)

select * from final
