"""A workflow email action's statistics (guide: Workflow Email Statistics), and its siblings."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from email_statistics.reports import pieces
from email_statistics.reports.ask.counts import sources
from email_statistics.reports.ask.parameters import Checked, Day, LastDaysOrAll, WorkflowActionId
from email_statistics.reports.ask.queries import asking
from email_statistics.reports.pages.source_page import SourcePage, read_source_page
from email_statistics.reports.pieces import Html, Name
from email_statistics.reports.words.metrics import availability

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
    """The page's numbers; ``siblings`` has a row per email action of the workflow."""

    siblings: pl.DataFrame

    def header(self) -> Html:
        """Open the page."""
        return self.page_start("Workflow statistics", self.lead())

    def statistics(self) -> Html:
        """Show the guide's nine metrics with their rates."""
        if self.is_empty:
            return self.empty()
        return pieces.stack([pieces.tiles(self.counts(_NINE)), self.compared_note(self.before)])

    def actions(self) -> Html:
        """Set all email actions of the workflow side by side."""
        if self.source is None:
            return self.empty()
        if self.siblings.is_empty():
            return pieces.empty(
                "No email of this workflow was sent in these days.", self.empty_words()[1]
            )
        names = ["sent", *_NINE]
        return pieces.table(
            "The workflow's email actions",
            ["Email action, first sent", *(self.metrics[name] for name in names)],
            [
                [
                    self._name(action.row(0, named=True)),
                    *self.worded(names, action.row(0, named=True), availability(action)),
                ]
                for action in self.siblings.iter_slices(1)
            ],
        )

    def definitions(self) -> Html:
        """List what each number of the page means."""
        return self.definitions_of({"sent", *_NINE, *_NINE.values()})

    def _name(self, row: dict[str, Any]) -> Name:
        is_this = self.source is not None and row["email_source_id"] == self.source.email_source_id
        return Name(
            row["email_source_name"],
            tag="this page" if is_this else "",
            email=row["email_source_id"],
            detail=self.build.moment(row["first_sent_at"], "Not sent"),
        )


@Checked
def load(
    email_source_id: WorkflowActionId,
    start_date: Day,
    end_date: Day,
    last_days: LastDaysOrAll,
    as_of: Day,
) -> WorkflowStatistics:
    """Read the page's numbers."""
    with asking() as asked:
        dates = (start_date, end_date, last_days, as_of)
        page = read_source_page(asked, "workflow", email_source_id, dates)
        ids = asked("workflow_statistics/siblings")["email_source_id"]
        actions = sources(asked, page["metrics"])
        siblings = actions.filter(pl.col("email_source_id").is_in(ids.to_list())).reverse()
        return WorkflowStatistics(**page, siblings=siblings)
