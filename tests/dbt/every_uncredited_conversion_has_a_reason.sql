-- A conversion is credited to a message, or has the one reason why not; credited money is somebody's, and
-- no touch earns it after its window.
select conversions.*
from {{ ref('fct_conversions') }} as conversions
left join {{ ref('dim_attribution_policies') }} as policies
    on conversions.attribution_policy = policies.attribution_policy and policies.is_active
where
    policies.attribution_policy is null
    or (
        conversions.is_attributed
        and (
            conversions.unattributed_reason is not null
            or conversions.message_id is null
            or conversions.contact_id is null
        )
    )
    or (
        not conversions.is_attributed
        and (conversions.unattributed_reason is null or conversions.message_id is not null)
    )
    or conversions.is_attributed is null
    or conversions.touch_at > conversions.converted_at
    or (
        policies.anchor = 'touch'
        and conversions.converted_at - conversions.touch_at
        > {{ window_hours('conversions', 'policies') }} * interval 1 hour
    )
