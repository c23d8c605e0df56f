-- One row per policy and reason why orders placed in the period are credited to no email.
with

placed as (
    select * from core.fct_conversions
    where
        conversion_type = 'order'
        and cast(timezone($zone, timezone('UTC', converted_at)) as date) between $start and $end
)

select
    unattributed.attribution_policy,
    unattributed.unattributed_reason,
    count(*) as orders,
    cast(sum(placed.revenue) as decimal(18, 2)) as revenue
from core.fct_unattributed_conversions as unattributed
inner join placed
    on
        unattributed.conversion_type = placed.conversion_type
        and unattributed.conversion_id = placed.conversion_id
where list_contains($policies, unattributed.attribution_policy)
group by unattributed.attribution_policy, unattributed.unattributed_reason
order by unattributed.attribution_policy, unattributed.unattributed_reason
