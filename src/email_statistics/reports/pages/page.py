"""What every page has: its queries and their answers, its period, its metrics."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from email_statistics.reports import pieces
from email_statistics.reports.ask.build import Build
from email_statistics.reports.ask.queries import Asked
from email_statistics.reports.pieces import Column, Html, Number
from email_statistics.reports.words import formats
from email_statistics.reports.words.changes import Before
from email_statistics.reports.words.figures import Figure, figure
from email_statistics.reports.words.metrics import Availability, Metric
from email_statistics.reports.words.period import Period

NOT_CREDITABLE = "Neither opens nor clicks were tracked, so no order can be credited."
"""Why an email has no orders and no revenue, whatever its recipients bought."""


class Sql(str):
    """SQL that a notebook shows as it is written."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Page:
    """The numbers of a page, read once from one build; each public method is a piece of it."""

    asked: Asked
    period: Period
    metrics: Mapping[str, Metric]

    @property
    def build(self) -> Build:
        """The build that the page shows."""
        return self.asked.build

    def frames(self) -> Html:
        """List the answers behind the page, for who goes on from here."""
        return pieces.table(
            "The frames of this page",
            ["Frame", Number("Rows"), "Columns"],
            [
                [f'page.frame("{name}")', formats.count(rows.height), ", ".join(rows.columns)]
                for name, rows in ((name, one.rows) for name, one in self.asked.answers.items())
            ],
        )

    def frame(self, name: str) -> pl.DataFrame:
        """Return the answer to one of the page's queries, of a list the rows that it shows."""
        return self.asked.answers[name].rows

    def query(self, name: str) -> Sql:
        """Return the SQL of one of the page's queries, ready for ``warehouse.sql``."""
        return Sql(self.asked.answers[name].sql)

    def opening(
        self,
        title: str,
        lead: str,
        shows: str = "",
        facts: Sequence[tuple[str, str]] = (),
        subject: str = "",
        *,
        has_days: bool = True,
    ) -> Html:
        """Open the page: its title, a sentence that sums it up, its range, where the data end.

        ``shows`` says what it is about, or the ``facts`` and the ``subject`` of its email do.
        An email that wasn't sent has no days.
        """
        through = self.build.data_through_at
        ends = formats.moment(through, self.build.timezone) if through else "No event yet"
        return pieces.header(
            title=title,
            lead=lead,
            period=formats.days(self.period.start, self.period.end) if has_days else "",
            chosen=f"{self.period.chosen}. Both days included.",
            facts=[*([("Shows", shows)] if shows else facts), ("Data through", ends)],
            subject=subject,
        )

    def listing(
        self,
        caption: str,
        file: str,
        answer: str,
        columns: Sequence[Column],
        rows: pl.DataFrame | None = None,
    ) -> Html:
        """List the answer of this name, or ``rows`` made of it."""
        found = self.asked.answers[answer]
        if rows is not None:
            found = replace(found, rows=rows, total=rows.height)
        return pieces.listing(caption, file, found, columns, self.build)

    def metric_columns(self, names: Collection[str], missing: str = "") -> list[Column]:
        """The columns of these metrics in a list; ``missing`` is what null says, else a dash."""
        columns = [Column(name, self.metrics[name], self.metrics[name].shown_as) for name in names]
        return [replace(column, missing=missing) for column in columns] if missing else columns

    def worded(
        self,
        names: Collection[str],
        row: Mapping[str, Any],
        statuses: Availability,
        before: Before | None = None,
    ) -> list[Figure]:
        """Word metrics of a row that has all of them; ``statuses`` are those of its sources.

        ``before`` is the period to compare them with.
        """
        return [
            figure(self.metrics[name], row, self.metrics, statuses, self.build.currency, before)
            for name in names
        ]

    def compared_note(self, before: Before | None) -> Html:
        """Say what the arrows compare with; nothing where there is nothing to compare."""
        return pieces.note(f"Arrows compare with {before.days}.") if before else Html("")

    def definitions_of(self, names: Collection[str]) -> Html:
        """Say what each number of the page means, and what the page was made from."""
        build = self.build
        built = formats.moment(build.built_at, build.timezone)
        return pieces.definitions(
            [one for name, one in self.metrics.items() if name in names],
            [
                ("Days and times in", build.timezone.key),
                ("Raw lake", build.raw_lake),
                ("Built", f"{built}, version {build.project_version}"),
            ],
        )

    def crediting_note(
        self, orders: int, orders_without_rate: int, *, is_creditable: bool = True
    ) -> Html:
        """Say how an order is credited, why there may be none, and what is in no sum of money.

        Without opens and clicks an email isn't creditable.
        """
        remarks = [
            self.build.crediting,
            "An order counts once it is paid; a cancelled one until it is refunded.",
        ]
        if not is_creditable:
            remarks.append(NOT_CREDITABLE)
        elif orders == 0:
            remarks.append("None came within that time, or the orders aren't in the data.")
        if orders_without_rate > 0:
            left_out = formats.plural(orders_without_rate, "order")
            remarks.append(f"{left_out} left out of revenue: no exchange rate.")
        return pieces.note(" ".join(remarks))
