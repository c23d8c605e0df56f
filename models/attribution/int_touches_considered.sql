-- One row per conversion and a touch at or up to 60 days before it, by whatever policy. A touch comes as
-- often as its contact converted after it.
with

conversions as (
    select *
    from {{ affected('int_conversions_identified') }}
),

touches as (
    select * from {{ ref('int_touches') }}
),

final as (
    select
        conversions.conversion_type,
        conversions.conversion_id,
        conversions.converted_at,
        touches.*
    from conversions
    inner join touches
        on
            conversions.contact_id = touches.contact_id
            and conversions.converted_at >= touches.touch_at
            and conversions.converted_at - touches.touch_at <= {{ longest_window() }}
)

select * from final
