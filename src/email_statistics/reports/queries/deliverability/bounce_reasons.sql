-- One row per kind of bounce and reason, as the mail servers put it, of the messages booked in the
-- period's weeks. The subject is the second number of its enhanced status code.
select
    case when is_hard_bounced then 'hard_bounced' else 'soft_bounced' end as kind,
    reason,
    regexp_extract(reason, '\b[245]\.([0-7])\.[0-9]{1,3}\b', 1) as subject,
    count(*) as messages,
    count(*) / sum(count(*)) over () as share,
    max(bounced_at) as last_bounced_at
from core.fct_messages
where is_bounced and not is_test and booked_date between $start and $end
group by is_hard_bounced, reason
order by messages desc, kind asc, reason asc nulls last
