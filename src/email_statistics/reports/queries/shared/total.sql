-- One row: the messages of the type's sources (of all without one) booked in the period, of one source where
-- an id is given. A count is NULL where it was measured for none of them; all are NULL without any message.
select sum(columns(* exclude (email_source_id, attribution_policy, booked_date))) as "\0"
from marts.email_performance_daily
where
    email_source_id in (
        select performance.email_source_id
        from marts.email_performance as performance
        where $type is null or performance.email_source_type = $type
    )
    and ($id is null or email_source_id = $id)
    and booked_date between $start and $end
