"""What reports ask the warehouse about attribution: bound SQL, summed in the engine.

A range of days picks orders by the day of ``converted_at`` in the reporting time zone; money is of
the reporting currency, and orders without an exchange rate are in no sum of it. A sum over such
orders alone is null: not known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl

from email_statistics import warehouse
from email_statistics.reports.period import Period

_PLACED = """
    placed as (
        select *
        from core.fct_conversions
        where
            conversion_type = 'order'
            and cast(timezone($zone, timezone('UTC', converted_at)) as date) between $start and $end
    )
"""


@dataclass(frozen=True)
class Placed:
    """Which orders: those of a period's days in this time zone."""

    period: Period
    zone: str


def _ask(query: str, placed: Placed, **parameters: Any) -> pl.DataFrame:
    return warehouse.sql(
        f"with {_PLACED} {query}",
        zone=placed.zone,
        start=placed.period.start,
        end=placed.period.end,
        **parameters,
    )


def read_orders(placed: Placed) -> dict[str, Any]:
    """Count the orders and sum their revenue, all and those that the active policy credits."""
    return _ask(
        """
        select
            count(*) as orders,
            count(*) filter (where is_attributed) as attributed,
            count(*) filter (where revenue is null) as orders_without_rate,
            case
                when count(revenue) > 0 or count(*) = 0
                    then cast(coalesce(sum(revenue), 0) as decimal(18, 2))
            end as revenue,
            case
                when count(revenue) filter (where is_attributed) > 0 or attributed = 0
                    then
                        cast(
                            coalesce(sum(revenue) filter (where is_attributed), 0) as decimal(18, 2)
                        )
            end as attributed_revenue
        from placed
        """,
        placed,
    ).row(0, named=True)


def revenue_by_source(placed: Placed, policies: Sequence[str]) -> pl.DataFrame:
    """One row a source that any of the policies credits: its name, type, and a column a policy.

    The greatest by the first policy comes first; 0 where a policy credits it with nothing.
    """
    found = _ask(
        """
        select
            credited.email_source_id,
            coalesce(sources.email_source_name, credited.email_source_id) as name,
            sources.email_source_type,
            credited.attribution_policy,
            cast(sum(credited.revenue) as decimal(18, 2)) as revenue
        from core.fct_attribution_credits as credited
        inner join placed
            on
                credited.conversion_type = placed.conversion_type
                and credited.conversion_id = placed.conversion_id
        inner join core.dim_email_sources as sources
            on credited.email_source_id = sources.email_source_id
        where list_contains($policies, credited.attribution_policy)
        group by all
        """,
        placed,
        policies=list(policies),
    )
    keys = ["email_source_id", "name", "email_source_type"]
    columns = [
        pl.when(is_credited.any())
        .then(pl.col("revenue").filter(is_credited).first())
        .otherwise(pl.lit(Decimal("0.00")))
        .alias(name)
        for name in policies
        for is_credited in [pl.col("attribution_policy") == name]
    ]
    return (
        found.group_by(keys)
        .agg(columns)
        .sort(
            [*policies, "email_source_id"],
            descending=[*(True for _ in policies), False],
            nulls_last=True,
        )
    )


def window_curve(placed: Placed) -> pl.DataFrame:
    """What a window of 1 to 60 days from the last touch would credit: 60 rows.

    ``at`` (days of 24 hours), ``orders`` and ``revenue`` up to it, ``marginal`` of that day alone.
    """
    return _ask(
        """
        ,

        windows as (
            select unnest(range(1, 61)) as days
        ),

        summed as (
            select
                windows.days,
                count(placed.conversion_id) as orders,
                case
                    when count(placed.revenue) > 0 or count(placed.conversion_id) = 0
                        then cast(coalesce(sum(placed.revenue), 0) as decimal(18, 2))
                end as revenue
            from windows
            left join placed
                on placed.converted_at - placed.last_touch_at <= windows.days * interval 1 day
            group by windows.days
        )

        select
            days as "at",
            orders,
            revenue,
            cast(revenue - coalesce(lag(revenue) over (order by days), 0) as decimal(18, 2))
                as marginal
        from summed
        order by days
        """,
        placed,
    )


def kinds_of_touches(placed: Placed) -> pl.DataFrame:
    """Credited orders by what their contacts did in the window: opened, clicked, both, neither."""
    return _ask(
        """
        ,

        touched as (
            select
                ledger.conversion_id,
                bool_or(ledger.touch_type = 'opened') as is_opened,
                bool_or(ledger.touch_type = 'clicked') as is_clicked
            from core.fct_attribution_touches as ledger
            where
                ledger.conversion_type = 'order'
                and ledger.reason in ('credited', 'superseded')
            group by ledger.conversion_id
        )

        select
            case
                when touched.is_opened and touched.is_clicked then 'both'
                when touched.is_opened then 'opened'
                when touched.is_clicked then 'clicked'
                else 'delivered'
            end as kind,
            count(*) as orders,
            cast(sum(placed.revenue) as decimal(18, 2)) as revenue
        from placed
        inner join touched on placed.conversion_id = touched.conversion_id
        group by all
        order by revenue desc nulls last, kind
        """,
        placed,
    )


def moved(placed: Placed, one: str, other: str) -> pl.DataFrame:
    """What changes hands between two policies, order by order: one row an email, and nobody.

    An order changes hands where shares of it do, whether its money is known or not. ``name`` (null
    for nobody), ``lost``, ``gained`` and ``net`` as seen from ``one`` (null where no order's money
    is known), ``orders`` and, of these, ``orders_without_rate``.
    """
    return _ask(
        """
        ,

        held as (
            select
                credited.conversion_id,
                credited.email_source_id,
                credited.attribution_policy,
                credited.share,
                credited.revenue
            from core.fct_attribution_credits as credited
            where credited.conversion_type = 'order'
            union all
            select
                unattributed.conversion_id,
                null,
                unattributed.attribution_policy,
                1.0,
                placed.revenue
            from core.fct_unattributed_conversions as unattributed
            inner join placed on unattributed.conversion_id = placed.conversion_id
            where unattributed.conversion_type = 'order'
        ),

        compared as (
            select
                held.conversion_id,
                held.email_source_id,
                coalesce(sum(held.share) filter (where held.attribution_policy = $other), 0)
                - coalesce(sum(held.share) filter (where held.attribution_policy = $one), 0)
                    as share,
                -- Unknown money of an order is unknown wherever its shares go.
                case
                    when count(held.revenue) > 0
                        then
                            coalesce(
                                sum(held.revenue) filter (where held.attribution_policy = $other), 0
                            )
                            - coalesce(
                                sum(held.revenue) filter (where held.attribution_policy = $one), 0
                            )
                end as net
            from held
            inner join placed on held.conversion_id = placed.conversion_id
            where held.attribution_policy in ($one, $other)
            group by held.conversion_id, held.email_source_id
        )

        select
            case
                when compared.email_source_id is not null
                    then coalesce(sources.email_source_name, compared.email_source_id)
            end as name,
            cast(sum(case when compared.net < 0 then -compared.net else 0 * compared.net end)
                as decimal(18, 2)) as lost,
            cast(sum(case when compared.net > 0 then compared.net else 0 * compared.net end)
                as decimal(18, 2)) as gained,
            cast(sum(compared.net) as decimal(18, 2)) as net,
            count(*) as orders,
            count(*) - count(compared.net) as orders_without_rate
        from compared
        left join core.dim_email_sources as sources
            on compared.email_source_id = sources.email_source_id
        -- Shares are sums of fractions, such as thirds.
        where abs(compared.share) > 1e-9 or compared.net <> 0
        group by compared.email_source_id, sources.email_source_name
        order by lost + gained desc nulls last, orders desc, compared.email_source_id
        """,
        placed,
        one=one,
        other=other,
    )


def unattributed(placed: Placed, policies: Sequence[str]) -> pl.DataFrame:
    """Orders and revenue that nobody is credited with, by policy and reason."""
    return _ask(
        """
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
        group by all
        """,
        placed,
        policies=list(policies),
    )


def read_order(placed: Placed, conversion_id: str) -> dict[str, Any] | None:
    """Read an order; by default the latest credited one of the period, else the latest."""
    found = _ask(
        """
        select
            orders.*,
            coalesce(sources.email_source_name, orders.email_source_id) as name
        from core.fct_conversions as orders
        left join core.dim_email_sources as sources
            on orders.email_source_id = sources.email_source_id
        where
            orders.conversion_type = 'order'
            and (
                orders.conversion_id = $id
                or (
                    $id = ''
                    and orders.conversion_id in (select placed.conversion_id from placed)
                )
            )
        order by orders.is_attributed desc, orders.converted_at desc, orders.conversion_id
        limit 1
        """,
        placed,
        id=conversion_id,
    )
    return None if found.is_empty() else found.row(0, named=True)


def story(conversion_id: str) -> pl.DataFrame:
    """The ledger of an order in time order: the email's name beside each touch."""
    return warehouse.sql(
        """
        select
            *,
            coalesce(email_source_name, email_source_id) as name
        from marts.attribution_ledger
        where conversion_type = 'order' and conversion_id = $id
        order by touch_at, touch_rank desc
        """,
        id=conversion_id,
    )
