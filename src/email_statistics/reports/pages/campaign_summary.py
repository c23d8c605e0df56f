"""A campaign's summary (guide: the Summary page): tiles, engagement, revenue, details."""

from dataclasses import dataclass, replace

import polars as pl

from email_statistics.reports import pieces
from email_statistics.reports.ask.parameters import CampaignId, Checked, Day, LastDaysOrAll
from email_statistics.reports.ask.queries import asking
from email_statistics.reports.pages.page import NOT_CREDITABLE
from email_statistics.reports.pages.source_page import SourcePage, read_source_page
from email_statistics.reports.pieces import Column, Html, Tab, Trend
from email_statistics.reports.words import formats
from email_statistics.reports.words.figures import relabelled, with_net
from email_statistics.reports.words.metrics import known_money, why_not_measured
from email_statistics.reports.words.money import brought
from email_statistics.reports.words.reasons import begun, named

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
_TILES = _BEFORE_SKIPPED | _AFTER_SKIPPED
# The guide's names of tiles, where other screens have another.
_TILE_LABELS = {"converted": "Conversion", "complained": "Spam"}
_REVENUE = (
    "revenue",
    "revenue_per_recipient",
    "orders",
    "order_conversion_rate",
    "average_order_value",
    "conversions",
)

# The tabs of Details, each with the column that only it needs.
_REASON = Column("reason", "Reason", missing="none given")
_OUTCOMES = {
    "delivered": None,
    "opened": None,
    "clicked": None,
    "ordered": Column("revenue", "Revenue", "money", "no exchange rate"),
    "replied": None,
    "hard_bounced": _REASON,
    "soft_bounced": _REASON,
    "complained": None,
    "unsubscribed": None,
    "skipped": _REASON,
    "failed": _REASON,
}


@dataclass(frozen=True)
class CampaignSummary(SourcePage):
    """The page's numbers; each tab of the details is a query of its own."""

    def header(self) -> Html:
        """Open the page."""
        lead = ""
        if not self.is_empty:
            brings = f"It brought {brought(self.total, self.build.currency)}."
            lead = f"{self.lead()} {brings if self._is_creditable else NOT_CREDITABLE}"
        return self.page_start("Campaign summary", lead)

    def summary(self) -> Html:
        """Show the headline metrics as percentages, with their counts and verdicts."""
        if self.is_empty:
            return self.empty()
        skipped, recipients = self.total["skipped"], self.total["recipients"]
        of = f"{formats.count(skipped)} of {formats.plural(recipients, 'recipient')}"
        share = formats.rate(skipped / recipients)
        figures = [
            *self.percentages(_BEFORE_SKIPPED),
            replace(self.figures(["skipped"])[0], text=share, made_of=of),
            *self.percentages(_AFTER_SKIPPED),
        ]
        shown = [
            relabelled(one, _TILE_LABELS.get(name, one.metric.label), one.metric.definition)
            for name, one in zip(
                (*_BEFORE_SKIPPED, "skipped", *_AFTER_SKIPPED), figures, strict=True
            )
        ]
        return pieces.stack([pieces.tiles(shown), self.compared_note(self.before)])

    def revenue(self) -> Html:
        """Show revenue, revenue per recipient, orders and conversions."""
        if self.is_empty:
            return self.empty()
        net = self.figures(["net_revenue"])[0]
        revenue, *others = self.figures(_REVENUE)
        return pieces.stack(
            [
                pieces.tiles([with_net(revenue, net), *others]),
                self._people_and_orders(),
                self.crediting_note(
                    self.total["orders"],
                    self.total["orders_without_rate"],
                    is_creditable=self._is_creditable,
                ),
            ]
        )

    @property
    def _is_creditable(self) -> bool:
        """Whether it can have had the open or click that an order is credited for."""
        is_tracked = self.total["opened"] is not None or self.total["clicked"] is not None
        return is_tracked or not self.build.needs_touches

    def _people_and_orders(self) -> Html:
        """Tell recipients who ordered or converted from what they did."""
        counts = self.total
        if not counts["conversions"]:
            return Html("")
        ordered = formats.plural(counts["ordered"], "recipient")
        converted = formats.count(counts["converted"])
        return pieces.note(
            f"{ordered} placed {formats.plural(counts['orders'], 'order')}; {converted} converted "
            f"{formats.plural(counts['conversions'], 'time')}, orders and goals together."
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
        return pieces.trend_tabs(
            "conversion-analysis",
            trends,
            self.activity,
            self.period,
            self.build,
            self.source.statuses,
            self.before,
            self.activity_before,
        )

    def details(self) -> Html:
        """List the recipients by outcome, one tab each."""
        if self.is_empty:
            return self.empty()
        return pieces.tabs("details", "Outcome", [self._tab(outcome) for outcome in _OUTCOMES])

    def definitions(self) -> Html:
        """List what each number of the page means."""
        return self.definitions_of(
            {*_TILES, *_TILES.values(), *_REVENUE, *_OUTCOMES, "net_revenue"}
        )

    def _tab(self, outcome: str) -> Tab:
        metric = self.metrics[outcome]
        count = self.total[outcome]
        if count is None:
            why = why_not_measured(metric, self.source.statuses if self.source else {})
            nothing = pieces.empty(f"{metric.label}: {formats.UNMEASURED}", f"{begun(why)}.")
            return Tab(metric.label, nothing, formats.UNMEASURED)
        if count == 0:
            nothing = pieces.empty(
                f"{metric.label}: 0", "None of the emails sent in these days is among them."
            )
            return Tab(metric.label, nothing, "0")
        extra = _OUTCOMES[outcome]
        rows = self.frame(f"details_{outcome}").with_columns(
            pl.col("status").map_elements(named, return_dtype=pl.String)
        )
        recipients = self.listing(
            f"{metric.label}: recipients",
            f"campaign-summary-{outcome.replace('_', '-')}",
            f"details_{outcome}",
            [
                Column("full_name", "Full name", missing="no name", contact="contact_id"),
                Column("email", "Email address"),
                Column("status", "Status"),
                *([extra] if extra else []),
                Column("last_updated_at", "Last updated", "time"),
            ],
            known_money(rows, ["revenue"]),
        )
        return Tab(metric.label, recipients, formats.count(count))


@Checked
def load(
    email_source_id: CampaignId,
    start_date: Day,
    end_date: Day,
    last_days: LastDaysOrAll,
    as_of: Day,
) -> CampaignSummary:
    """Read the page's numbers."""
    with asking() as asked:
        dates = (start_date, end_date, last_days, as_of)
        page = read_source_page(asked, "campaign", email_source_id, dates)
        for outcome in _OUTCOMES:
            if page["total"][outcome]:
                asked("campaign_summary/details", name=f"details_{outcome}", outcome=outcome)
        return CampaignSummary(**page)
