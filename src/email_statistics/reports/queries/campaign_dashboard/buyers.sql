-- One row: the campaigns' messages booked in the period that ordered, and how many of them clicked, or
-- opened without a click; what isn't measured is neither.
select
    count(*) as ordered,
    count(*) filter (where is_clicked) as clicked,
    count(*) filter (where is_opened and not coalesce(is_clicked, false)) as only_opened
from core.fct_messages
where
    email_source_type = $type
    and not is_test
    and is_ordered
    and booked_date between $start and $end
