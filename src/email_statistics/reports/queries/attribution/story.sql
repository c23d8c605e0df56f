-- One row per touch of the order's contact, in time order: what the active policy made of it.
select
    *,
    coalesce(email_source_name, email_source_id) as name
from marts.attribution_ledger
where conversion_type = 'order' and conversion_id = $id
order by touch_at asc, touch_rank desc
