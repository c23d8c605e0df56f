-- One row per email source whose credit differs between two policies, and one of nobody (no source), over
-- the orders placed in the period, order by order. Money is NULL where no such order has an exchange rate.
with

held as (
    select
        conversion_id,
        email_source_id,
        attribution_policy,
        share,
        revenue
    from core.fct_attribution_credits
    where conversion_type = 'order'
    union all
    select
        unattributed.conversion_id,
        null as email_source_id,
        unattributed.attribution_policy,
        1.0 as share,
        placed.revenue
    from core.fct_unattributed_conversions as unattributed
    inner join $placed as placed on unattributed.conversion_id = placed.conversion_id
    where unattributed.conversion_type = 'order'
),

compared as (
    select
        held.conversion_id,
        held.email_source_id,
        coalesce(sum(held.share) filter (where held.attribution_policy = $other), 0)
        - coalesce(sum(held.share) filter (where held.attribution_policy = $one), 0) as share,
        -- If an order's money is unknown, it is unknown wherever its shares go.
        case
            when count(held.revenue) > 0
                then
                    coalesce(sum(held.revenue) filter (where held.attribution_policy = $other), 0)
                    - coalesce(sum(held.revenue) filter (where held.attribution_policy = $one), 0)
        end as net
    from held
    inner join $placed as placed on held.conversion_id = placed.conversion_id
    where held.attribution_policy in ($one, $other)
    group by held.conversion_id, held.email_source_id
)

select
    compared.email_source_id,
    case
        when compared.email_source_id is not null
            then coalesce(sources.email_source_name, compared.email_source_id)
    end as name,
    count(*) as orders,
    count(*) - count(compared.net) as orders_without_rate,
    cast(sum(case when compared.net < 0 then -compared.net else 0 * compared.net end) as decimal(18, 2)) as lost,
    cast(sum(case when compared.net > 0 then compared.net else 0 * compared.net end) as decimal(18, 2)) as gained,
    cast(sum(compared.net) as decimal(18, 2)) as net
from compared
left join core.dim_email_sources as sources on compared.email_source_id = sources.email_source_id
-- Shares are sums of fractions, such as thirds.
where abs(compared.share) > 1e-9 or compared.net <> 0
group by compared.email_source_id, sources.email_source_name
order by lost + gained desc nulls last, orders desc, compared.email_source_id asc
