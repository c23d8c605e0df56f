-- One row: the first and the last week with sent messages; NULL without any.
select
    min(week) as first_week,
    max(week) as last_week
from marts.deliverability_weekly
