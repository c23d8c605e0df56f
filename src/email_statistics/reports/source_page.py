"""What the pages about one email source have in common."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from email_statistics.reports import components, formats, performance
from email_statistics.reports.build import Build
from email_statistics.reports.components import Html
from email_statistics.reports.figures import Figure, counted, figure, headline
from email_statistics.reports.listing import literal
from email_statistics.reports.metrics import Metric, read_metrics
from email_statistics.reports.page import page_header
from email_statistics.reports.period import Period, choose_period
from email_statistics.reports.sources import (
    Source,
    measured,
    none_at_all,
    nothing_booked,
    read_findings,
    read_source,
    source_facts,
)
from email_statistics.reports.trend import Trend, by_day_or_week, by_hour, trends_chart

# Most of what follows an email follows soon; later hours would press these together.
_MOST_HOURS = 3 * 24

# The guide's Engagement Analysis: green, blue, orange.
_ENGAGEMENT = {
    "delivered": ("Delivered", "delivered email", "Emails"),
    "opened": ("Opened", "open", "Emails"),
    "clicked": ("Clicked", "click", "Emails"),
}


@dataclass(frozen=True)
class SourcePage:
    """The numbers of a page about one source, read once; each public method is a piece of it.

    ``source`` is None where the warehouse has none of the type. ``total`` is a row of the messages
    booked in the period, ``activity`` a row an hour with events of the period.
    """

    email_source_type: str
    build: Build
    period: Period
    source: Source | None
    metrics: Mapping[str, Metric]
    total: Mapping[str, Any]
    activity: pl.DataFrame
    findings: pl.DataFrame

    @property
    def is_empty(self) -> bool:
        """Whether no message of the source was booked in the period."""
        return self.total["recipients"] is None

    @property
    def asked(self) -> dict[str, Any]:
        """What a query binds: ``id`` of the source ("" for none), ``start`` and ``end``."""
        source = self.source.email_source_id if self.source else ""
        return {"id": source, "start": self.period.start, "end": self.period.end}

    def ready_query(self, columns: str, table: str, condition: str, order: str) -> str:
        """Write a query of the period's messages for readers, with what it binds filled in."""
        return (
            f"select {columns}\nfrom {table}\n"
            f"where email_source_id = {literal(self.asked['id'])} and {condition}\n"
            f"    and booked_date between date '{self.period.start}' and date '{self.period.end}'\n"
            f"order by {order}"
        )

    def page_start(self, shows: str, lead: str) -> Html:
        """Open the page: what it sums up to, the range, the data, the source."""
        opening = page_header(
            self.empty_words()[0] if self.is_empty else lead, shows, self.period, self.build
        )
        if self.source is None:
            return opening
        return components.stack([opening, source_facts(self.source, self.build)])

    def what_was_measured(self) -> Html:
        """Say which families were measured, why others weren't, and what to do about it."""
        return self.empty() if self.source is None else measured(self.source, self.findings)

    def engagement_analysis(self) -> Html:
        """Chart delivered, opened and clicked by day and by hour, each event on its own time."""
        if self.source is None or self.activity.is_empty():
            return self.empty()
        trends = [Trend(self.metrics[name], *labels) for name, labels in _ENGAGEMENT.items()]
        names = [trend.name for trend in trends]
        step, days = by_day_or_week(self.activity, names, self.period, self.build.last_day)
        hours = by_hour(self.activity, names, _MOST_HOURS, self.build)
        statuses = self.source.statuses
        title = "Engagement"
        return components.switch(
            "engagement-analysis",
            "Step",
            [
                (
                    f"By {step}",
                    trends_chart(title, trends, step, days, self.build, statuses),
                ),
                (
                    "By hour, the first 3 days",
                    trends_chart(title, trends, "hour", hours, self.build, statuses),
                ),
            ],
        )

    def definitions_of(self, names: Collection[str]) -> Html:
        """List what each number of the page means."""
        return components.definitions([m for name, m in self.metrics.items() if name in names])

    def figures(self, names: Sequence[str]) -> list[Figure]:
        """Word metrics of the period's messages."""
        statuses = self.source.statuses if self.source else {}
        return [
            figure(self.metrics[name], self.total, self.metrics, statuses, self.build.currency)
            for name in names
        ]

    def percentages(self, pairs: Mapping[str, str]) -> list[Figure]:
        """Word counts, by name, as percentages: the rate of each."""
        return [headline(*self.figures([name, rate])) for name, rate in pairs.items()]

    def counts(self, pairs: Mapping[str, str]) -> list[Figure]:
        """Word counts, by name, with their rates, "" where there is none."""
        return [
            counted(*self.figures([name, rate])) if rate else self.figures([name])[0]
            for name, rate in pairs.items()
        ]

    def empty_words(self) -> tuple[str, str]:
        """Say that there is nothing, and what to do."""
        if self.source is None:
            return none_at_all(self.email_source_type)
        return nothing_booked(self.source)

    def empty(self) -> Html:
        """Show that there is nothing, and what to do."""
        return components.empty(*self.empty_words())

    def lead(self) -> str:
        """Sum up the period's messages in two sentences."""
        sent = formats.plural(self.total["sent"] or 0, "email")
        verbs = {"delivered": "delivered", "opened": "opened", "clicked": "clicked"}
        known = [
            f"{formats.count(self.total[name])} {verb}"
            for name, verb in verbs.items()
            if self.total[name] is not None
        ]
        unknown = [verb for name, verb in verbs.items() if self.total[name] is None]
        said = f"{sent} sent: {', '.join(known)}." if known else f"{sent} sent."
        if unknown:
            said += f" Not measured: {', '.join(unknown)}."
        return said


def source_page(
    email_source_type: str,
    email_source_id: str,
    start_date: str,
    end_date: str,
    last_days: int,
    as_of: str,
    *,
    build: Build,
    campaign_kind: str = "",
) -> SourcePage:
    """Read what every page about a source shows; the parameters are those of the notebooks.

    Raises ``UsageError`` for parameters that can't be.
    """
    metrics = read_metrics()
    source = read_source(email_source_type, email_source_id, campaign_kind=campaign_kind)
    first_day = source.first_day if source else None
    period = choose_period(
        start_date, end_date, last_days, as_of, build.last_day, first_day or build.last_day
    )
    chosen = source.email_source_id if source else ""
    return SourcePage(
        email_source_type=email_source_type,
        build=build,
        period=period,
        source=source,
        metrics=metrics,
        total=performance.source_total(chosen, period, metrics).row(0, named=True),
        activity=performance.source_activity(chosen, period),
        findings=read_findings(chosen),
    )
