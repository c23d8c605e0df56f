"""Email Analytics (guide: Filter contacts by email behavior): who is behind a number."""

from dataclasses import dataclass

import polars as pl

from email_statistics.reports import pieces
from email_statistics.reports.ask import queries
from email_statistics.reports.ask.contact_lists import BOXES, HAS_REASON, OUTCOMES, contact_list
from email_statistics.reports.ask.counts import read_metrics, total
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
from email_statistics.reports.pages.source_page import none_at_all, nothing_booked, source_facts
from email_statistics.reports.pieces import Column, Html
from email_statistics.reports.words import formats
from email_statistics.reports.words.figures import Figure
from email_statistics.reports.words.period import choose_period
from email_statistics.reports.words.reasons import continued, named


@dataclass(frozen=True)
class EmailAnalytics(Page):
    """The page's numbers, read once; each public method is a piece of the page.

    ``source`` is None where there is none to choose. ``booked`` has a row of its counts of the
    period; none where no message of it was booked then.
    """

    metric: str
    source_type: str
    is_chosen: bool
    source: Source | None
    booked: pl.DataFrame
    contacts: pl.DataFrame

    def header(self) -> Html:
        """Open the page: what the list has, the range, the data."""
        return self.opening(self._lead(), self._shows())

    def source_name(self) -> Html:
        """Say which source it is, and how it was chosen."""
        if self.source is None:
            return self._empty()
        facts = source_facts(self, self.source)
        if self.is_chosen:
            return facts
        recent = f"None was asked for: it is the most recent {self.source.type_in_words}."
        return pieces.stack([facts, pieces.note(recent)])

    def boxes(self) -> Html:
        """Show the metric boxes of the source and the period."""
        if self.booked.is_empty():
            return self._empty()
        others = [name for name in OUTCOMES if name != self.metric]
        note = pieces.note(
            f"Listed below: {self.metrics[self.metric].label}. For another list run "
            f"email-stats report email_analytics -p metric={others[0]} (or "
            f"{', '.join(others[1:])}); to click through all of them, run make lab and "
            "open email_analytics.ipynb."
        )
        return pieces.stack([pieces.tiles([self._figure(name) for name in BOXES]), note])

    def contact_list(self) -> Html:
        """List the contacts behind the metric, one row per message."""
        if self.source is None or self.booked.is_empty():
            return self._empty()
        shown = self._figure(self.metric)
        if shown.missing:
            return pieces.empty(shown.missing, "Nobody can be listed for it.")
        if self.contacts.is_empty():
            return pieces.empty(
                f"{shown.metric.label}: nobody.",
                "The metric is 0 for this source and these days: choose another metric or days.",
            )
        return self.listing(
            f"Contacts: {self.metrics[self.metric].label}",
            f"email_analytics_{self.metric}",
            "contacts",
            self._columns(),
            self.contacts.with_columns(
                pl.col("status", "segment").map_elements(named, return_dtype=pl.String),
                pl.col("booked_date").dt.to_string("iso"),
            ),
        )

    def definitions(self) -> Html:
        """List what each number of the page means."""
        return self.definitions_of({*BOXES, self.metric})

    def _columns(self) -> list[Column]:
        columns = [
            Column("full_name", "Full name", missing="no name"),
            Column("email", "Email"),
            Column("status", "Status"),
            Column("last_updated_at", "Last updated", "time"),
            Column("outcome_at", self.metrics[self.metric].label, "time"),
            Column("segment", "Segment"),
            Column("booked_date", f"Booked ({self.build.timezone.key})"),
        ]
        if self.metric in HAS_REASON:
            columns.append(Column("reason", "Reason", missing="not given"))
        if self.metric == "ordered":
            columns.append(Column("revenue", self.metrics["revenue"], "money", "no exchange rate"))
        return columns

    def _figure(self, name: str) -> Figure:
        statuses = self.source.statuses if self.source else {}
        return self.worded([name], self.booked.row(0, named=True), statuses)[0]

    def _shows(self) -> str:
        if self.source is None:
            return "No email source"
        return f"{formats.isolated(self.source.name)}, {self.source.type_in_words}"

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
        contacts = pl.DataFrame()
        if not booked.is_empty() and booked[metric].item() is not None:
            contacts = contact_list(asked, source_id, metric, queries.MOST_ROWS).rows
        return EmailAnalytics(
            asked=asked,
            period=period,
            metrics=metrics,
            metric=metric,
            source_type=source_type,
            is_chosen=bool(email_source_id),
            source=source,
            booked=booked,
            contacts=contacts,
        )
