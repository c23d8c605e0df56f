"""Email Analytics (guide: Filter contacts by email behavior): who is behind a number."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from email_statistics.reports import pieces
from email_statistics.reports.ask.contact_lists import BOXES, HAS_REASON, contact_list
from email_statistics.reports.ask.counts import before, read_metrics, total
from email_statistics.reports.ask.parameters import (
    Checked,
    Day,
    LastDaysOrAll,
    ListedMetric,
    SourceIdOfType,
    SourceType,
)
from email_statistics.reports.ask.queries import asking
from email_statistics.reports.ask.sources import Source, read_source
from email_statistics.reports.pages.page import Page
from email_statistics.reports.pages.source_page import facts_of, none_at_all, nothing_booked
from email_statistics.reports.pieces import Column, Html, Tab
from email_statistics.reports.words import formats
from email_statistics.reports.words.changes import Before
from email_statistics.reports.words.figures import Figure
from email_statistics.reports.words.period import choose_period
from email_statistics.reports.words.reasons import continued, named


@dataclass(frozen=True)
class EmailAnalytics(Page):
    """The page's numbers, read once; each public method is a piece of the page.

    ``source`` is None where there is none to choose. ``booked`` has a row of its counts of the
    period; none where no message of it was booked then. ``lists`` has the contacts behind each
    metric that is measured and not 0; that of ``metric`` is shown first.
    """

    metric: str
    source_type: str
    is_chosen: bool
    source: Source | None
    booked: pl.DataFrame
    before: Before | None
    lists: Mapping[str, pl.DataFrame]

    @property
    def contacts(self) -> pl.DataFrame:
        """The contacts behind the metric that was asked for."""
        return self.lists.get(self.metric, pl.DataFrame())

    def header(self) -> Html:
        """Open the page: what the list has, the range, the data."""
        return self.opening("Email analytics", self._lead())

    def source_name(self) -> Html:
        """Say which source it is, and how it was chosen."""
        if self.source is None:
            return self._empty()
        name = pieces.source_name(self.source.name, self.source.email_source_id)
        subject = self.source.subject or ""
        facts = pieces.source(self.source.name, subject, facts_of(self, self.source))
        if self.is_chosen:
            return pieces.stack([name, facts])
        recent = f"Showing the most recent {self.source.type_in_words}."
        return pieces.stack([name, facts, pieces.note(recent)])

    def boxes(self) -> Html:
        """Show the metric boxes of the source and the period."""
        if self.booked.is_empty():
            return self._empty()
        return pieces.stack(
            [
                pieces.tiles([self._figure(name) for name in BOXES]),
                self.compared_note(self.before),
            ]
        )

    def contact_lists(self) -> Html:
        """List the contacts behind each metric, a tab each, one row per message."""
        if self.source is None or self.booked.is_empty():
            return self._empty()
        names = list(_listed(self.metric))
        return pieces.tabs(
            "contacts",
            "Metric",
            [self._tab(name) for name in names],
            chosen=names.index(self.metric),
        )

    def _tab(self, metric: str) -> Tab:
        shown = self._figure(metric)
        if shown.missing:
            return Tab(shown.metric.label, pieces.empty(shown.missing, "Nobody is listed for it."))
        if metric not in self.lists:
            nothing = pieces.empty(f"{shown.metric.label}: nobody.", "It is 0 in these days.")
            return Tab(shown.metric.label, nothing, "0")
        listed = self.listing(
            f"Contacts: {shown.metric.label}",
            f"email_analytics_{metric}",
            f"contacts_{metric}",
            self._columns(metric),
            self.lists[metric].with_columns(
                pl.col("status", "segment").map_elements(named, return_dtype=pl.String),
            ),
        )
        return Tab(shown.metric.label, listed, shown.text or "")

    def definitions(self) -> Html:
        """List what each number of the page means."""
        return self.definitions_of({*BOXES, self.metric})

    def _columns(self, metric: str) -> list[Column]:
        columns = [
            Column("full_name", "Full name", missing="no name"),
            Column("email", "Email"),
            Column("status", "Status"),
            Column("last_updated_at", "Last updated", "time"),
            Column("outcome_at", self.metrics[metric].label, "time"),
            Column("segment", "Segment"),
            Column("booked_date", "Sent on", "day"),
        ]
        if metric in HAS_REASON:
            columns.append(Column("reason", "Reason", missing="not given"))
        if metric == "ordered":
            columns.append(Column("revenue", self.metrics["revenue"], "money", "no exchange rate"))
        return columns

    def _figure(self, name: str) -> Figure:
        statuses = self.source.statuses if self.source else {}
        return self.worded([name], self.booked.row(0, named=True), statuses, self.before)[0]

    def _lead(self) -> str:
        if self.source is None:
            return "Source Name is required, and there is none to choose."
        if self.booked.is_empty():
            return nothing_booked(self.source)[0]
        shown = self._figure(self.metric)
        if shown.missing:
            return f"{shown.metric.label}: {continued(shown.missing)}."
        counted = formats.plural(self.booked[self.metric].item(), "message")
        name = formats.isolated(self.source.name)
        return f"{shown.metric.label}: {counted} of {name}, and who got them."

    def _empty(self) -> Html:
        if self.source is None:
            return pieces.empty("Source Name is required.", " ".join(none_at_all(self.source_type)))
        return pieces.empty(*nothing_booked(self.source))


def _listed(metric: str) -> Iterable[str]:
    """Return the metrics of the lists: the boxes, and what was asked for beside them."""
    return dict.fromkeys([*BOXES, metric])


@Checked
def load(
    metric: ListedMetric,
    source_type: SourceType,
    email_source_id: SourceIdOfType,
    start_date: Day,
    end_date: Day,
    last_days: LastDaysOrAll,
    as_of: Day,
) -> EmailAnalytics:
    """Read the page's numbers; without an id they are those of the type's most recent source."""
    with asking() as asked:
        metrics = read_metrics(asked)
        source = read_source(asked, source_type, email_source_id)
        last_day = asked.build.last_day
        first_day = (source and source.first_day) or last_day
        period = asked.over(
            choose_period(start_date, end_date, last_days, as_of, last_day, first_day)
        )
        source_id = source.email_source_id if source else ""
        asked.bind(id=source_id, type=source_type)
        booked = total(asked, metrics).filter(pl.col("recipients").is_not_null())
        lists = {}
        if not booked.is_empty():
            lists = {
                name: contact_list(asked, source_id, name).rows
                for name in _listed(metric)
                if booked[name].item()
            }
        earlier = None
        if source is not None and source.first_day is not None and first_day < period.start:
            earlier = before(asked, metrics, period, source.statuses)
        return EmailAnalytics(
            asked=asked,
            period=period,
            metrics=metrics,
            metric=metric,
            source_type=source_type,
            is_chosen=bool(email_source_id),
            source=source,
            booked=booked,
            before=earlier,
            lists=lists,
        )
