-- One row per mailbox provider and week of the period (from Monday), the latest and greatest first.
select *
from marts.deliverability_weekly
where week between $start and $end
order by week desc, sent desc, mailbox_provider asc
