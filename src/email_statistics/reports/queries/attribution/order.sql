-- One row: the order of this id; without an id, the latest credited one placed in the period, else the latest.
select
    orders.*,
    coalesce(sources.email_source_name, orders.email_source_id) as name
from core.fct_conversions as orders
left join core.dim_email_sources as sources on orders.email_source_id = sources.email_source_id
where
    orders.conversion_type = 'order'
    and (
        orders.conversion_id = $id
        or (
            $id = ''
            and cast(timezone($zone, timezone('UTC', orders.converted_at)) as date) between $start and $end
        )
    )
order by orders.is_attributed desc, orders.converted_at desc, orders.conversion_id asc
limit 1
