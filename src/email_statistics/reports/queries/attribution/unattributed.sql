-- One row per policy and reason why orders placed in the period are credited to no email.
select
    unattributed.attribution_policy,
    unattributed.unattributed_reason,
    count(*) as orders,
    cast(sum(placed.revenue) as decimal(18, 2)) as revenue
from core.fct_unattributed_conversions as unattributed
inner join $placed as placed
    on
        unattributed.conversion_type = placed.conversion_type
        and unattributed.conversion_id = placed.conversion_id
where list_contains($policies, unattributed.attribution_policy)
group by unattributed.attribution_policy, unattributed.unattributed_reason
order by unattributed.attribution_policy, unattributed.unattributed_reason
