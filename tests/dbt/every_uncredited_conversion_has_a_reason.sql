-- A conversion is credited to a message, or has the one reason why not; credited money is somebody's.
select *
from {{ ref('fct_conversions') }}
where
    (is_attributed and (unattributed_reason is not null or message_id is null or contact_id is null))
    or (not is_attributed and (unattributed_reason is null or message_id is not null))
    or is_attributed is null
    or (touch_at is not null and not {{ is_within_window('touch_at', 'converted_at') }})
