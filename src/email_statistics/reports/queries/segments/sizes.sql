-- One row per segment: how many contacts are in it.
select
    segment,
    count(*) as contacts
from marts.contact_engagement
group by segment
order by segment
