-- One row a conversion: an order that was paid, or a completed goal. Money adds up within a currency
-- (original_…) or in the reporting currency; a goal has none.
{{ config(pre_hook="{{ keep_earlier() }}") }}
with

conversions as (
    select * from {{ ref('int_conversions_identified') }}
),

touches as (
    select * from {{ ref('int_touches') }}
),

last_touches as (
    select
        conversions.conversion_type,
        conversions.conversion_id,
        max_by(
            struct_pack(
                message_id := touches.message_id,
                email_source_id := touches.email_source_id,
                touch_type := touches.touch_type,
                touch_at := touches.touch_at
            ),
            {{ touch_order('touches') }}
        ) as touch
    from conversions
    inner join touches
        on conversions.contact_id = touches.contact_id and conversions.converted_at >= touches.touch_at
    group by conversions.conversion_type, conversions.conversion_id
),

attributed as (
    select
        conversions.*,
        last_touches.touch,
        coalesce({{ is_within_window('last_touches.touch.touch_at', 'conversions.converted_at') }}, false)
            as is_attributed
    from conversions
    left join last_touches
        on
            conversions.conversion_type = last_touches.conversion_type
            and conversions.conversion_id = last_touches.conversion_id
),

final as (
    select
        conversion_type,
        conversion_id,
        contact_id,
        case when is_attributed then touch.message_id end as message_id,
        case when is_attributed then touch.email_source_id end as email_source_id,
        touch.message_id as last_touch_message_id,
        channel,
        goal_name,
        currency,
        case when is_attributed then touch.touch_type end as touch_type,
        case
            when is_attributed then null
            when is_ambiguous then 'contact_ambiguous'
            when contact_id is null then 'contact_unknown'
            when touch is null then 'no_touch'
            else 'outside_window'
        end as unattributed_reason,
        revenue,
        refunded,
        cast(revenue - refunded as decimal(18, 2)) as net_revenue,
        original_revenue,
        original_refunded,
        cast(original_revenue - original_refunded as decimal(18, 2)) as original_net_revenue,
        is_attributed,
        converted_at,
        case when is_attributed then touch.touch_at end as touch_at,
        touch.touch_at as last_touch_at
    from attributed
)

select * from final
