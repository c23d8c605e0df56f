"""A campaign's summary (guide: the Summary page): tiles, engagement, revenue, details."""

from dataclasses import dataclass, replace

import polars as pl

from email_statistics import warehouse
from email_statistics.reports import components, formats
from email_statistics.reports.build import Build, read_from_one_build
from email_statistics.reports.components import Html, Tab
from email_statistics.reports.conversions import brought, conversions_note
from email_statistics.reports.figures import with_net
from email_statistics.reports.listing import MOST_ROWS, Column, listing, literal
from email_statistics.reports.metrics import known_money, why_not_measured
from email_statistics.reports.source_page import SourcePage, source_page
from email_statistics.reports.trend import Trend, trend_panel

_TYPE = "campaign"

# The guide's tiles: a count and the rate that it is shown as; Skipped has none.
_BEFORE_SKIPPED = {
    "delivered": "delivered_rate",
    "opened": "open_rate",
    "clicked": "click_rate",
    "converted": "conversion_rate",
    "soft_bounced": "soft_bounce_rate",
    "hard_bounced": "hard_bounce_rate",
    "unsubscribed": "unsubscribe_rate",
}
_AFTER_SKIPPED = {"complained": "complaint_rate"}
_REVENUE = (
    "revenue",
    "revenue_per_recipient",
    "orders",
    "order_conversion_rate",
    "average_order_value",
    "conversions",
)

# The tabs of Details, and the columns that only some of them need.
_OUTCOMES = (
    "delivered",
    "opened",
    "clicked",
    "ordered",
    "replied",
    "hard_bounced",
    "soft_bounced",
    "complained",
    "unsubscribed",
    "skipped",
    "failed",
)
_REASON = Column("reason", "Reason", missing="none given")
_EXTRA = {
    "ordered": Column("revenue", "Revenue", "money", "no exchange rate"),
    "hard_bounced": _REASON,
    "soft_bounced": _REASON,
    "skipped": _REASON,
    "failed": _REASON,
}


@dataclass(frozen=True)
class CampaignSummary(SourcePage):
    """The page's numbers; ``outcomes`` has a row a listed recipient and outcome, and ``total``."""

    outcomes: pl.DataFrame

    def header(self) -> Html:
        """Open the page."""
        lead = self.lead()
        if not self.is_empty:
            lead += f" It brought {brought(self.total, self.build.currency)}."
        return self.page_start("One campaign", lead)

    def summary(self) -> Html:
        """Show the headline metrics as percentages, with their counts and verdicts."""
        if self.is_empty:
            return self.empty()
        skipped = self.figures(["skipped"])[0]
        recipients = f"of {formats.plural(self.total['recipients'], 'recipient')}"
        return components.tiles(
            [
                *self.percentages(_BEFORE_SKIPPED),
                replace(skipped, made_of=recipients),
                *self.percentages(_AFTER_SKIPPED),
            ]
        )

    def revenue(self) -> Html:
        """Show revenue, revenue per recipient, orders and conversions."""
        if self.is_empty:
            return self.empty()
        net = self.figures(["net_revenue"])[0]
        revenue, *others = self.figures(_REVENUE)
        return components.stack(
            [
                components.tiles([with_net(revenue, net), *others]),
                conversions_note(
                    self.build, self.total["orders"], self.total["orders_without_rate"]
                ),
            ]
        )

    def conversion_analysis(self) -> Html:
        """Chart orders, conversions and, where it is known, revenue over time."""
        if self.source is None or self.activity.is_empty():
            return self.empty()
        currency = self.build.currency
        trends = [
            Trend(self.metrics["orders"], "Orders", "order", "Orders"),
            Trend(self.metrics["conversions"], "Conversions", "conversion", "Conversions"),
        ]
        if self.is_empty or self.total["revenue"] is not None:
            trends.append(
                Trend(self.metrics["revenue"], "Revenue", currency, f"Revenue ({currency})")
            )
        return components.switch(
            "conversion-analysis",
            "Metric",
            [
                (
                    trend.label,
                    trend_panel(
                        trend, self.activity, self.period, self.build, self.source.statuses
                    ),
                )
                for trend in trends
            ],
        )

    def details(self) -> Html:
        """List the recipients by outcome, one tab each."""
        if self.source is None or self.is_empty:
            return self.empty()
        return components.tabs("details", "Outcome", [self._tab(outcome) for outcome in _OUTCOMES])

    def definitions(self) -> Html:
        """List what each number of the page means."""
        return self.definitions_of(
            {
                *_BEFORE_SKIPPED,
                *_BEFORE_SKIPPED.values(),
                *_AFTER_SKIPPED,
                *_AFTER_SKIPPED.values(),
                *_REVENUE,
                *_OUTCOMES,
                "net_revenue",
            }
        )

    def _tab(self, outcome: str) -> Tab:
        metric = self.metrics[outcome]
        count = self.total[outcome]
        if count is None:
            why = why_not_measured(metric, self.source.statuses if self.source else {})
            nothing = components.empty(f"{metric.label}: not measured", f"{_sentence(why)}.")
            return Tab(metric.label, nothing, "not measured")
        if count == 0:
            nothing = components.empty(
                f"{metric.label}: 0", "None of the messages booked in these days is among them."
            )
            return Tab(metric.label, nothing, "0")
        extra = _EXTRA.get(outcome)
        recipients = listing(
            f"{metric.label}: recipients",
            f"campaign-summary-{outcome.replace('_', '-')}",
            self.outcomes.filter(pl.col("outcome") == outcome),
            [
                Column("full_name", "Full name", missing="no name"),
                Column("email", "Email address"),
                Column("status", "Status"),
                *([extra] if extra else []),
                Column("last_updated_at", "Last updated", "time"),
            ],
            self.build,
            total=count,
            mart="marts.message_outcomes",
            query=self.ready_query(
                "full_name, email, status, reason, revenue, last_updated_at",
                "marts.message_outcomes",
                f"outcome = {literal(outcome)}",
                "last_updated_at desc, message_id",
            ),
        )
        return Tab(metric.label, recipients, formats.count(count))


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def _read_outcomes(page: SourcePage) -> pl.DataFrame:
    """Read the latest recipients of each outcome, in words; as many as a page may list."""
    found = warehouse.sql(
        """
        with

        listed as (
            select *
            from marts.message_outcomes
            where email_source_id = $id and booked_date between $start and $end
            qualify
                row_number() over (
                    partition by outcome order by last_updated_at desc, message_id
                ) <= $most
        )

        select
            listed.outcome,
            listed.full_name,
            listed.email,
            upper(listed.status[1]) || replace(listed.status[2:], '_', ' ') as status,
            listed.reason,
            listed.revenue,
            messages.orders,
            messages.orders_without_rate,
            listed.last_updated_at
        from listed
        inner join core.fct_messages as messages on listed.message_id = messages.message_id
        order by listed.outcome, listed.last_updated_at desc, listed.message_id
        """,
        **page.asked,
        most=MOST_ROWS,
    )
    return known_money(found, ["revenue"])


def load(
    email_source_id: str = "",
    start_date: str = "",
    end_date: str = "",
    last_days: int = 0,
    as_of: str = "",
) -> CampaignSummary:
    """Read the page's numbers; the parameters are those of the notebook (``period``).

    Raises ``UsageError`` for parameters that can't be and ``WarehouseError`` where nothing is
    published.
    """

    def read(build: Build) -> CampaignSummary:
        page = source_page(
            _TYPE, email_source_id, start_date, end_date, last_days, as_of, build=build
        )
        return CampaignSummary(**vars(page), outcomes=_read_outcomes(page))

    return read_from_one_build(read)
