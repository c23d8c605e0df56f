-- One row per conversion and a touch considered for it (fct_attribution_touches), with the names that tell
-- its story. Neither touches nor the conversion's money add up over the rows.
with

touches as (
    select * from {{ ref('fct_attribution_touches') }}
),

conversions as (
    select * from {{ ref('fct_conversions') }}
),

email_sources as (
    select * from {{ ref('dim_email_sources') }}
),

final as (
    select
        touches.conversion_type,
        touches.conversion_id,
        touches.contact_id,
        touches.message_id,
        touches.email_source_id,
        touches.event_id,
        touches.attribution_policy,
        email_sources.email_source_type,
        email_sources.email_source_name,
        conversions.channel,
        conversions.currency,
        touches.touch_type,
        touches.reason,
        touches.touch_rank,
        conversions.revenue,
        conversions.original_revenue,
        touches.is_machine,
        touches.converted_at,
        touches.touch_at,
        touches.sent_at
    from touches
    inner join conversions
        on touches.conversion_type = conversions.conversion_type and touches.conversion_id = conversions.conversion_id
    inner join email_sources on touches.email_source_id = email_sources.email_source_id
)

select * from final
