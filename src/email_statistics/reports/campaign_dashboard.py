"""The campaign dashboard (guide: Email Marketing Statistics): all kinds of campaigns, no more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

import polars as pl

from email_statistics.errors import UsageError
from email_statistics.reports import components, formats, performance
from email_statistics.reports.build import Build, read_from_one_build
from email_statistics.reports.components import Html, Name, Rank
from email_statistics.reports.conversions import brought, conversions_note
from email_statistics.reports.figures import Figure, figure, with_net
from email_statistics.reports.funnel import Comparison, funnel_steps
from email_statistics.reports.metrics import (
    Metric,
    availability,
    ratio,
    read_metrics,
)
from email_statistics.reports.page import page_header
from email_statistics.reports.period import Period, choose_period
from email_statistics.reports.ranking import top
from email_statistics.reports.sources import kind_tag
from email_statistics.reports.trend import Trend, trend_panel

_TYPE = "campaign"
_TOP = 5
_RECENT = 10

_CONVERSION = ("orders", "revenue", "order_conversion_rate", "average_order_value")
_FUNNEL = ("sent", "opened", "clicked", "ordered")
_RATES = (
    "delivered_rate",
    "open_rate",
    "click_rate",
    "unsubscribe_rate",
    "hard_bounce_rate",
    "complaint_rate",
)
# A charted metric: the guide's name, what one is called, the axis.
_TRENDS = {
    "sent": ("Emails sent", "email", "Emails sent"),
    "opened": ("Opens", "open", "First opens"),
    "clicked": ("Clicks", "click", "First clicks"),
    "unsubscribed": ("Unsubscribes", "unsubscribe", "Unsubscribes"),
}
# A ranking: its title and colour.
_TOPS = {
    "revenue": ("By revenue", "ordered"),
    "open_rate": ("By open rate", "opened"),
    "click_rate": ("By click rate", "clicked"),
}
_DETAILS = (
    "sent",
    "delivered_rate",
    "open_rate",
    "click_rate",
    "unsubscribe_rate",
    "hard_bounce_rate",
    "orders",
    "revenue",
)


@dataclass(frozen=True)
class CampaignDashboard:
    """The page's numbers, read once; each public method is a piece of the page."""

    build: Build
    period: Period
    top_min_delivered: int
    metrics: Mapping[str, Metric]
    campaigns: pl.DataFrame
    total: pl.DataFrame
    activity: pl.DataFrame
    booked_days: tuple[date, date] | None

    def header(self) -> Html:
        """Open the page: what the period came to, the range, the data."""
        return page_header(self._lead(), "Campaigns only, all kinds", self.period, self.build)

    def conversion_summary(self) -> Html:
        """Show orders, revenue, the order conversion rate and the average order value."""
        if self.campaigns.is_empty():
            return self._empty()
        orders, revenue, *others = self._figures(_CONVERSION)
        net = self._figures(("net_revenue",))[0]
        return components.stack(
            [
                components.tiles([orders, with_net(revenue, net), *others]),
                conversions_note(self.build, self._sum("orders"), self._sum("orders_without_rate")),
            ]
        )

    def engagement_funnel(self) -> Html:
        """Show how many messages were sent, opened, clicked and ordered, and the losses."""
        if self.campaigns.is_empty():
            return self._empty()
        counts = self.total.row(0, named=True)
        comparisons = {
            "sent": Comparison(counts["sent"]),
            "opened": Comparison(
                counts["sent_open_tracked"], counts["opened"], counts["sent_open_tracked"]
            ),
            "clicked": Comparison(
                counts["sent_click_tracked"],
                counts["opened_and_clicked"],
                counts["opened_click_tracked"],
            ),
            "ordered": Comparison(
                counts["sent"], counts["ordered_click_tracked"], counts["clicked"]
            ),
        }
        return components.funnel(funnel_steps(self._figures(_FUNNEL), counts, comparisons))

    def rates(self) -> Html:
        """Show the rates of the period against the guide's benchmarks."""
        if self.campaigns.is_empty():
            return self._empty()
        return components.tiles(self._figures(_RATES))

    def performance_analysis(self) -> Html:
        """Chart emails sent, opens, clicks and unsubscribes over time, one at a time."""
        if self.activity.is_empty():
            return components.empty(
                "No campaign email was sent, opened or clicked in these days.", self._advice()
            )
        statuses = availability(self.campaigns)
        trends = [Trend(self.metrics[name], *labels) for name, labels in _TRENDS.items()]
        return components.switch(
            "performance-analysis",
            "Metric",
            [
                (
                    trend.label,
                    trend_panel(trend, self.activity, self.period, self.build, statuses),
                )
                for trend in trends
            ],
        )

    def top_performing(self) -> Html:
        """Rank the best campaigns of the period by revenue, open rate and click rate."""
        if self.campaigns.is_empty():
            return self._empty()
        return components.columns(
            [self._ranking(self.metrics[name], *labels) for name, labels in _TOPS.items()]
        )

    def recent(self) -> Html:
        """List the most recent campaigns of the period in detail."""
        if self.campaigns.is_empty():
            return self._empty()
        shown = self.campaigns.head(_RECENT)
        listed = components.table(
            f"The {_RECENT} most recent campaigns of the period",
            ["Campaign, first sent", *(self.metrics[name] for name in _DETAILS)],
            [
                [self._name(campaign), *self._figures(_DETAILS, campaign)]
                for campaign in shown.iter_slices(1)
            ],
        )
        shown_of = f"{shown.height} of {formats.plural(self.campaigns.height, 'campaign')}"
        return components.stack(
            [
                listed,
                components.note(f"Shows {shown_of}; all are in the table marts.email_performance."),
            ]
        )

    def definitions(self) -> Html:
        """List what each number of the page means."""
        shown = {*_CONVERSION, *_FUNNEL, *_RATES, *_TRENDS, *_DETAILS, "delivered"}
        return components.definitions(
            [metric for name, metric in self.metrics.items() if name in shown]
        )

    def _sum(self, name: str) -> Any:
        return self.total[name].item()

    def _figures(self, names: Sequence[str], campaign: pl.DataFrame | None = None) -> list[Figure]:
        """Word metrics of one campaign (a frame of one row), by default of all together."""
        row = (self.total if campaign is None else campaign).row(0, named=True)
        statuses = availability(self.campaigns if campaign is None else campaign)
        return [
            figure(self.metrics[name], row, self.metrics, statuses, self.build.currency)
            for name in names
        ]

    def _lead(self) -> str:
        if self.campaigns.is_empty():
            return "No campaign email was booked in these days."
        campaigns = formats.plural(self.campaigns.height, "campaign")
        sent = formats.plural(self._sum("sent"), "email")
        rates = zip(self._figures(("open_rate", "click_rate")), ("opened", "clicked"), strict=True)
        engaged = " and ".join(f"{rate.text} were {verb}" for rate, verb in rates if rate.text)
        return "".join(
            [
                f"{campaigns}, {sent} sent. ",
                f"Of those delivered, {engaged}. " if engaged else "",
                f"They brought {brought(self.total.row(0, named=True), self.build.currency)}.",
            ]
        )

    def _advice(self) -> str:
        if self.booked_days is None:
            return (
                "No campaign went out in these data; drafts and scheduled ones show nothing until "
                "they do. To check the set-up, run email-stats doctor."
            )
        return (
            f"Campaign emails were booked {formats.days(*self.booked_days)}: "
            "choose start_date and end_date among these days, or a greater last_days."
        )

    def _empty(self) -> Html:
        return components.empty("No campaign email was booked in these days.", self._advice())

    def _ranking(self, metric: Metric, title: str, colour: str) -> Html:
        best = top(self.campaigns, metric, _TOP, self.top_min_delivered)
        shares = best.select(pl.col(metric.metric), greatest=pl.col(metric.metric).max()).select(
            ratio(metric.metric, "greatest")
        )
        ranks = []
        for campaign, share in zip(best.iter_slices(1), shares.to_series(), strict=True):
            value = self._figures((metric.metric,), campaign)[0]
            detail = value.made_of or f"{formats.plural(campaign['sent'].item(), 'email')} sent"
            name = self._name(campaign, "First sent ")
            ranks.append(Rank(name, value.text or "", share, detail))
        condition = "All campaigns"
        if metric.kind == "rate":
            condition = f"Campaigns with at least {formats.count(self.top_min_delivered)} delivered"
        return components.ranking(
            title,
            metric,
            colour,
            ranks,
            condition,
            empty=f"No {metric.label.lower()} above 0 here.",
        )

    def _name(self, campaign: pl.DataFrame, before_first_sent: str = "") -> Name:
        row = campaign.row(0, named=True)
        first = row["first_sent_at"]
        return Name(
            row["email_source_name"],
            tag=kind_tag(row["campaign_kind"]),
            subject=row["subject"] if row["subject"] != row["email_source_name"] else None,
            detail=(
                before_first_sent + formats.moment(first.replace(tzinfo=UTC), self.build.timezone)
                if first
                else "Not sent"
            ),
        )


def load(
    start_date: str = "",
    end_date: str = "",
    last_days: int = 30,
    as_of: str = "",
    top_min_delivered: int = 100,
) -> CampaignDashboard:
    """Read the page's numbers; the parameters are those of the notebook (``period``).

    Raises ``UsageError`` for parameters that can't be and ``WarehouseError`` where nothing is
    published.
    """
    if top_min_delivered < 0:
        raise UsageError(f"top_min_delivered can't be {top_min_delivered}: give 0 or more.")

    def read(build: Build) -> CampaignDashboard:
        period = choose_period(start_date, end_date, last_days, as_of, build.last_day)
        metrics = read_metrics()
        return CampaignDashboard(
            build=build,
            period=period,
            top_min_delivered=top_min_delivered,
            metrics=metrics,
            campaigns=performance.sources(_TYPE, period, metrics),
            total=performance.total(_TYPE, period, metrics),
            activity=performance.activity(_TYPE, period),
            booked_days=performance.booked_days(_TYPE),
        )

    return read_from_one_build(read)
