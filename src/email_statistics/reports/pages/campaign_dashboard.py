"""The campaign dashboard (guide: Email Marketing Statistics): all kinds of campaigns, no more."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from email_statistics.reports import pieces
from email_statistics.reports.ask.counts import (
    activity_before,
    before,
    read_metrics,
    sources,
    total,
)
from email_statistics.reports.ask.parameters import Checked, Count, Day, LastDays
from email_statistics.reports.ask.queries import asking
from email_statistics.reports.ask.sources import kind_tag
from email_statistics.reports.pages.page import Page
from email_statistics.reports.pieces import Column, Comparison, Html, Name, Rank, Trend
from email_statistics.reports.words import formats
from email_statistics.reports.words.changes import Before
from email_statistics.reports.words.figures import Figure, relabelled, with_net
from email_statistics.reports.words.metrics import Metric, availability
from email_statistics.reports.words.money import brought
from email_statistics.reports.words.period import choose_period

_TOP = 5
_RECENT = 10

_CONVERSION = ("orders", "revenue", "order_conversion_rate", "average_order_value")
# The guide's names of the steps.
_FUNNEL = {
    "sent": "Emails sent",
    "opened": "Emails opened",
    "clicked": "Link clicks",
    "ordered": "Purchases made",
}
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
    "revenue": ("By revenue", "revenue"),
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
_NOTHING = "No campaign email was sent in these days."


@dataclass(frozen=True)
class CampaignDashboard(Page):
    """The page's numbers: ``campaigns`` has a row per campaign, ``total`` one row of all."""

    top_min_delivered: int
    campaigns: pl.DataFrame
    total: pl.DataFrame
    before: Before | None
    buyers: Mapping[str, int]
    activity_before: pl.DataFrame
    activity: pl.DataFrame
    booked_days: tuple[date, date] | None

    def header(self) -> Html:
        """Open the page: what the period came to, the range, the data."""
        return self.opening("Campaign dashboard", self._lead(), "Campaigns of all kinds")

    def conversion_summary(self) -> Html:
        """Show orders, revenue, the order conversion rate and the average order value."""
        if self.campaigns.is_empty():
            return self._empty()
        orders, revenue, *others = self._figures(_CONVERSION)
        net = self._figures(("net_revenue",))[0]
        return pieces.stack(
            [
                pieces.tiles([orders, with_net(revenue, net), *others]),
                self.compared_note(self.before),
                self.crediting_note(self._sum("orders"), self._sum("orders_without_rate")),
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
                counts["sent"], self.buyers["clicked"], counts["clicked"], self._who_ordered()
            ),
        }
        figures = [
            relabelled(shown, label, shown.metric.definition)
            for shown, label in zip(self._figures(_FUNNEL), _FUNNEL.values(), strict=True)
        ]
        return pieces.funnel(figures, counts, comparisons)

    def rates(self) -> Html:
        """Show the rates of the period against the guide's benchmarks."""
        return self._empty() if self.campaigns.is_empty() else pieces.tiles(self._figures(_RATES))

    def performance_analysis(self) -> Html:
        """Chart emails sent, opens, clicks and unsubscribes over time, one at a time."""
        if self.activity.is_empty():
            return pieces.empty(
                "No campaign email was sent, opened or clicked in these days.", self._advice()
            )
        trends = [Trend(self.metrics[name], *labels) for name, labels in _TRENDS.items()]
        return pieces.trend_tabs(
            "performance-analysis",
            trends,
            self.activity,
            self.period,
            self.build,
            availability(self.campaigns),
            self.before,
            self.activity_before,
        )

    def top_performing(self) -> Html:
        """Rank the best campaigns of the period by revenue, open rate and click rate."""
        if self.campaigns.is_empty():
            return self._empty()
        return pieces.columns(
            [self._ranking(self.metrics[name], *labels) for name, labels in _TOPS.items()]
        )

    def recent(self) -> Html:
        """List the most recent campaigns of the period in detail."""
        if self.campaigns.is_empty():
            return self._empty()
        shown = self.campaigns.head(_RECENT)
        listed = pieces.table(
            f"The {_RECENT} most recent campaigns of the period",
            ["Campaign, first sent", *(self.metrics[name] for name in _DETAILS)],
            [
                [self._name(campaign), *self._figures(_DETAILS, campaign)]
                for campaign in shown.iter_slices(1)
            ],
        )
        if shown.height == self.campaigns.height:
            return listed
        return pieces.stack([listed, self._every_campaign()])

    def _every_campaign(self) -> Html:
        """List all campaigns of the period, to sort, to search and to take along."""
        listed = self.listing(
            "All campaigns of the period",
            "campaigns",
            "sources",
            [
                Column("email_source_name", "Campaign", email="email_source_id"),
                Column("first_sent_at", "First sent", "time", "not sent"),
                *self.metric_columns(_DETAILS, formats.UNMEASURED),
            ],
            self.campaigns,
        )
        every = formats.plural(self.campaigns.height, "campaign")
        return pieces.folded(f"All {every} of the period, as a list and as a CSV", listed)

    def definitions(self) -> Html:
        """List what each number of the page means."""
        return self.definitions_of(
            {*_CONVERSION, *_FUNNEL, *_RATES, *_TRENDS, *_DETAILS, "delivered"}
        )

    def _who_ordered(self) -> str:
        """Say which orders the step before can't explain: orders after opens alone count too."""
        ordered, clicked = self.buyers["ordered"], self.buyers["clicked"]
        if ordered == clicked:
            return ""
        of = f"{formats.count(clicked)} of {formats.count(ordered)}"
        opened = self.buyers["only_opened"]
        others = f"; {formats.count(opened)} had only opened" if opened else ""
        return f"{of} who ordered had clicked{others}"

    def _sum(self, name: str) -> Any:
        return self.total[name].item()

    def _figures(
        self, names: Collection[str], campaign: pl.DataFrame | None = None
    ) -> list[Figure]:
        """Word metrics of one campaign (a frame of one row), by default of all together."""
        if campaign is None:
            row, statuses = self.total.row(0, named=True), availability(self.campaigns)
            return self.worded(names, row, statuses, self.before)
        return self.worded(names, campaign.row(0, named=True), availability(campaign))

    def _lead(self) -> str:
        if self.campaigns.is_empty():
            return _NOTHING
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
                "they do."
            )
        return (
            f"Campaign emails were sent {formats.days(*self.booked_days)}: choose days among these."
        )

    def _empty(self) -> Html:
        return pieces.empty(_NOTHING, self._advice())

    def _ranking(self, metric: Metric, title: str, colour: str) -> Html:
        best = top(self.campaigns, metric, _TOP, self.top_min_delivered)
        values = best[metric.metric]
        ranks = []
        for campaign, value in zip(best.iter_slices(1), values, strict=True):
            figure = self._figures((metric.metric,), campaign)[0]
            detail = figure.made_of or f"{formats.plural(campaign['sent'].item(), 'email')} sent"
            share = float(value) / float(values[0])
            ranks.append(
                Rank(self._name(campaign, "First sent "), figure.text or "", share, detail)
            )
        condition = "All campaigns"
        if metric.kind == "rate":
            condition = f"Campaigns with at least {formats.count(self.top_min_delivered)} delivered"
        nothing = f"No {metric.label.lower()} above 0 here."
        return pieces.ranking(title, metric, colour, ranks, condition, nothing)

    def _name(self, campaign: pl.DataFrame, before_first_sent: str = "") -> Name:
        row = campaign.row(0, named=True)
        first = row["first_sent_at"]
        return Name(
            row["email_source_name"],
            tag=kind_tag(row["campaign_kind"]),
            subject=row["subject"] if row["subject"] != row["email_source_name"] else None,
            email=row["email_source_id"],
            detail=f"{before_first_sent if first else ''}{self.build.moment(first, 'Not sent')}",
        )


def top(sources: pl.DataFrame, metric: Metric, most: int, min_delivered: int) -> pl.DataFrame:
    """Return at most ``most`` rows of ``sources``, the greatest value of the metric first.

    A rate ranks only among sources with ``min_delivered`` delivered or more. Neither null (not
    measured) nor 0 ranks; ties go by id.
    """
    ranked = sources.filter(pl.col(metric.metric) > 0)
    if metric.kind == "rate":
        ranked = ranked.filter(pl.col("delivered") >= min_delivered)
    return ranked.sort(metric.metric, "email_source_id", descending=[True, False]).head(most)


@Checked
def load(
    start_date: Day, end_date: Day, last_days: LastDays, as_of: Day, top_min_delivered: Count
) -> CampaignDashboard:
    """Read the page's numbers."""
    with asking() as asked:
        last_day = asked.build.last_day
        period = asked.over(choose_period(start_date, end_date, last_days, as_of, last_day))
        asked.bind(type="campaign", id=None)
        metrics = read_metrics(asked)
        first, last = asked("shared/booked_days").row(0)
        earlier = before(asked, metrics, period)
        return CampaignDashboard(
            asked=asked,
            period=period,
            metrics=metrics,
            top_min_delivered=top_min_delivered,
            campaigns=sources(asked, metrics),
            total=total(asked, metrics),
            before=earlier,
            buyers=asked("campaign_dashboard/buyers").row(0, named=True),
            activity_before=activity_before(asked, earlier),
            activity=asked("shared/activity"),
            booked_days=None if first is None else (first, last),
        )
