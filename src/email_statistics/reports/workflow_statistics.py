"""A workflow email action's statistics (guide: Workflow Email Statistics), and its siblings."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from email_statistics import warehouse
from email_statistics.reports import components, formats, performance
from email_statistics.reports.build import Build, read_from_one_build
from email_statistics.reports.components import Html, Name
from email_statistics.reports.figures import figure
from email_statistics.reports.metrics import availability
from email_statistics.reports.source_page import SourcePage, source_page

_TYPE = "workflow"

# The guide's nine, each with the rate that is formed of it.
_NINE = {
    "delivered": "delivered_rate",
    "opened": "open_rate",
    "clicked": "click_rate",
    "replied": "",
    "bounced": "bounce_rate",
    "unsubscribed": "unsubscribe_rate",
    "complained": "complaint_rate",
    "accepted": "",
    "rejected": "",
}


@dataclass(frozen=True)
class WorkflowStatistics(SourcePage):
    """The page's numbers; ``siblings`` has a row an email action of the workflow."""

    siblings: pl.DataFrame

    def header(self) -> Html:
        """Open the page."""
        lead = "" if self.is_empty else self.lead()
        return self.page_start("One email action of a workflow", lead)

    def statistics(self) -> Html:
        """Show the guide's nine metrics with their rates."""
        return self.empty() if self.is_empty else components.tiles(self.counts(_NINE))

    def actions(self) -> Html:
        """Set all email actions of the workflow side by side."""
        if self.source is None:
            return self.empty()
        if self.siblings.is_empty():
            return components.empty(
                "No message of this workflow was booked in these days.", self.empty_words()[1]
            )
        names = ["sent", *_NINE]
        statuses = [availability(action) for action in self.siblings.iter_slices(1)]
        return components.table(
            "The workflow's email actions",
            ["Email action, first sent", *(self.metrics[name] for name in names)],
            [
                [
                    self._name(row),
                    *(
                        figure(self.metrics[name], row, self.metrics, known, self.build.currency)
                        for name in names
                    ),
                ]
                for row, known in zip(self.siblings.iter_rows(named=True), statuses, strict=True)
            ],
        )

    def definitions(self) -> Html:
        """List what each number of the page means."""
        return self.definitions_of({"sent", *_NINE, *_NINE.values()})

    def _name(self, row: dict[str, Any]) -> Name:
        first: datetime | None = row["first_sent_at"]
        is_this = self.source is not None and row["email_source_id"] == self.source.email_source_id
        return Name(
            row["email_source_name"],
            tag="this page's" if is_this else "",
            subject=None,
            detail=(
                formats.moment(first.replace(tzinfo=UTC), self.build.timezone)
                if first
                else "Not sent"
            ),
        )


def _read_siblings(page: SourcePage) -> pl.DataFrame:
    """Read the period's numbers of each email action of the workflow, the first sent first."""
    if page.source is None:
        return pl.DataFrame()
    ids = warehouse.sql(
        """
        select siblings.email_source_id
        from core.dim_email_sources as sources
        inner join core.dim_email_sources as siblings
            on
                sources.email_source_type = siblings.email_source_type
                and (
                    sources.email_source_id = siblings.email_source_id
                    or sources.workflow_id = siblings.workflow_id
                    or (
                        sources.workflow_id is null
                        and siblings.workflow_id is null
                        and sources.workflow_name = siblings.workflow_name
                    )
                )
        where sources.email_source_id = $id
        """,
        id=page.source.email_source_id,
    )["email_source_id"]
    actions = performance.sources(_TYPE, page.period, page.metrics)
    return actions.filter(pl.col("email_source_id").is_in(ids.to_list())).reverse()


def load(
    email_source_id: str = "",
    start_date: str = "",
    end_date: str = "",
    last_days: int = 30,
    as_of: str = "",
) -> WorkflowStatistics:
    """Read the page's numbers; the parameters are those of the notebook (``period``).

    Raises ``UsageError`` for parameters that can't be and ``WarehouseError`` where nothing is
    published.
    """

    def read(build: Build) -> WorkflowStatistics:
        page = source_page(
            _TYPE, email_source_id, start_date, end_date, last_days, as_of, build=build
        )
        return WorkflowStatistics(**vars(page), siblings=_read_siblings(page))

    return read_from_one_build(read)
