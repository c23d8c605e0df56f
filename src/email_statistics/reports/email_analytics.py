"""Email Analytics (guide: Filter contacts by email behavior): who is behind a number."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from email_statistics.errors import UsageError, suggest
from email_statistics.reports import components, formats, performance
from email_statistics.reports.build import Build, read_from_one_build
from email_statistics.reports.components import Html
from email_statistics.reports.contact_lists import (
    BOXES,
    HAS_REASON,
    OUTCOMES,
    QUERY,
    contact_list,
    worded,
)
from email_statistics.reports.figures import Figure, figure
from email_statistics.reports.listing import MOST_ROWS, Column, listing, literal
from email_statistics.reports.metrics import Metric, availability, read_metrics
from email_statistics.reports.page import page_header
from email_statistics.reports.period import Period, choose_period
from email_statistics.reports.sources import (
    Source,
    none_at_all,
    nothing_booked,
    read_source,
    source_facts,
)

_TYPES = ("campaign", "workflow", "bulk")


@dataclass(frozen=True)
class EmailAnalytics:
    """The page's numbers, read once; each public method is a piece of the page.

    ``source`` is None where there is none to choose. ``booked`` has a row of its counts of the
    period; none where no message of it was booked then.
    """

    build: Build
    period: Period
    metric: str
    source_type: str
    is_chosen: bool
    metrics: Mapping[str, Metric]
    source: Source | None
    booked: pl.DataFrame
    contacts: pl.DataFrame
    contacts_in_all: int

    def header(self) -> Html:
        """Open the page: what the list has, the range, the data."""
        return page_header(self._lead(), self._shows(), self.period, self.build)

    def source_name(self) -> Html:
        """Say which source it is, and how it was chosen."""
        if self.source is None:
            return self._empty()
        facts = source_facts(self.source, self.build)
        if self.is_chosen:
            return facts
        recent = f"None was asked for: it is the most recent {self.source.type_in_words}."
        return components.stack([facts, components.note(recent)])

    def boxes(self) -> Html:
        """Show the metric boxes of the source and the period."""
        if self.booked.is_empty():
            return self._empty()
        others = [name for name in OUTCOMES if name != self.metric]
        return components.stack(
            [
                components.tiles([self._figure(name) for name in BOXES]),
                components.note(
                    f"Listed below: {self.metrics[self.metric].label}. For another list run "
                    f"email-stats report email_analytics -p metric={others[0]} (or "
                    f"{', '.join(others[1:])}); to click through all of them, run make lab and "
                    "open email_analytics.ipynb."
                ),
            ]
        )

    def contact_list(self) -> Html:
        """List the contacts behind the metric, a row a message."""
        if self.source is None or self.booked.is_empty():
            return self._empty()
        shown = self._figure(self.metric)
        if shown.missing:
            return components.empty(shown.missing, "Nobody can be listed for it.")
        if self.contacts.is_empty():
            return components.empty(
                f"{shown.metric.label}: nobody.",
                "The metric is 0 for this source and these days: choose another metric or days.",
            )
        return listing(
            f"Contacts: {self.metrics[self.metric].label}",
            f"email_analytics_{self.metric}",
            self.contacts.with_columns(
                pl.col("status", "segment").map_elements(worded, return_dtype=pl.String),
                pl.col("booked_date").dt.to_string("iso"),
            ),
            self._columns(),
            self.build,
            total=self.contacts_in_all,
            mart="marts.message_outcomes",
            query=QUERY.format(
                id=literal(self.source.email_source_id),
                outcomes=", ".join(literal(outcome) for outcome in OUTCOMES[self.metric]),
                start=literal(str(self.period.start)),
                end=literal(str(self.period.end)),
            ),
        )

    def definitions(self) -> Html:
        """List what each number of the page means."""
        shown = {*BOXES, self.metric}
        return components.definitions(
            [metric for name, metric in self.metrics.items() if name in shown]
        )

    def _columns(self) -> list[Column]:
        columns = [
            Column("full_name", "Full name"),
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
        return figure(
            self.metrics[name],
            self.booked.row(0, named=True),
            self.metrics,
            availability(self.booked),
            self.build.currency,
        )

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
            return f"{shown.metric.label}: {shown.missing[:1].lower()}{shown.missing[1:]}."
        counted = formats.plural(self.booked[self.metric].item(), "message")
        name = formats.isolated(self.source.name)
        return f"{shown.metric.label}: {counted} of {name}, and who got them."

    def _empty(self) -> Html:
        if self.source is None:
            return components.empty(
                "Source Name is required.", " ".join(none_at_all(self.source_type))
            )
        return components.empty(*nothing_booked(self.source))


def load(
    metric: str = "delivered",
    source_type: str = "campaign",
    email_source_id: str = "",
    start_date: str = "",
    end_date: str = "",
    last_days: int = 30,
    as_of: str = "",
) -> EmailAnalytics:
    """Read the page's numbers; the parameters are those of the notebook (``period``).

    Without ``email_source_id`` it is the most recent source of the type; ``last_days=0`` is its
    whole life. Raises ``UsageError`` for
    parameters that can't be and ``WarehouseError`` where nothing is published.
    """
    if metric not in OUTCOMES:
        raise UsageError(f"metric can't be {metric!r}: {suggest(metric, OUTCOMES)}")
    if source_type not in _TYPES:
        raise UsageError(f"source_type can't be {source_type!r}: {suggest(source_type, _TYPES)}")

    def read(build: Build) -> EmailAnalytics:
        metrics = read_metrics()
        source = read_source(source_type, email_source_id)
        source_id = source.email_source_id if source else ""
        period = choose_period(
            start_date,
            end_date,
            last_days,
            as_of,
            build.last_day,
            first_day=(source and source.first_day) or build.last_day,
        )
        booked = performance.sources(source_type, period, metrics).filter(
            pl.col("email_source_id") == source_id
        )
        contacts, in_all = pl.DataFrame(), 0
        if source_id and not booked.is_empty() and booked[metric].item() is not None:
            contacts, in_all = contact_list(source_id, metric, period, MOST_ROWS)
        return EmailAnalytics(
            build=build,
            period=period,
            metric=metric,
            source_type=source_type,
            is_chosen=bool(email_source_id),
            metrics=metrics,
            source=source,
            booked=booked,
            contacts=contacts,
            contacts_in_all=in_all,
        )

    return read_from_one_build(read)
