"""A bulk send's statistics (guide: Bulk Email Statistics): attempts, funnel, each recipient."""

from dataclasses import dataclass

import polars as pl

from email_statistics.reports import pieces
from email_statistics.reports.ask import queries
from email_statistics.reports.ask.parameters import BulkSendId, Checked, Day, LastDaysOrAll
from email_statistics.reports.ask.queries import asking
from email_statistics.reports.pages.source_page import SourcePage, read_source_page
from email_statistics.reports.pieces import Column, Comparison, Html
from email_statistics.reports.words import formats
from email_statistics.reports.words.reasons import named

_ATTEMPTS = ("total_attempts", "sent", "failed", "skipped")
_FUNNEL = ("sent", "delivered", "opened", "clicked", "replied", "bounced", "unsubscribed")
_RATES = (
    "delivered_rate",
    "open_rate",
    "click_rate",
    "unsubscribe_rate",
    "bounce_rate",
    "complaint_rate",
)


@dataclass(frozen=True)
class BulkStatistics(SourcePage):
    """The page's numbers; the list of recipients is a row per message."""

    def header(self) -> Html:
        """Open the page."""
        attempts = formats.plural(self.total["total_attempts"] or 0, "attempt")
        return self.page_start("One bulk send", f"{attempts}, {self.lead()}")

    def attempts(self) -> Html:
        """Show total attempts, and what they came to."""
        return self.empty() if self.is_empty else pieces.tiles(self.figures(_ATTEMPTS))

    def funnel(self) -> Html:
        """Show how many were delivered, opened, clicked, replied, bounced and unsubscribed."""
        if self.is_empty:
            return self.empty()
        counts = self.total
        reported = counts["sent_reported"]
        comparisons = {
            "sent": Comparison(counts["sent"]),
            "delivered": Comparison(reported, counts["delivered"], reported),
            "opened": Comparison(
                counts["sent_open_tracked"],
                counts["opened_reported"],
                counts["delivered_open_tracked"],
            ),
            "clicked": Comparison(
                counts["sent_click_tracked"],
                counts["opened_and_clicked"],
                counts["opened_click_tracked"],
            ),
            "replied": Comparison(reported),
            "bounced": Comparison(reported),
            "unsubscribed": Comparison(reported),
        }
        return pieces.funnel(self.figures(_FUNNEL), counts, comparisons)

    def rates(self) -> Html:
        """Show the rates against the guide's benchmarks."""
        return self.empty() if self.is_empty else pieces.tiles(self.figures(_RATES))

    def recipients(self) -> Html:
        """List each recipient with what became of the message."""
        if self.is_empty:
            return self.empty()
        return self.listing(
            "Recipients",
            "bulk-statistics-recipients",
            "recipients",
            [
                Column("full_name", "Full name", missing="no name"),
                Column("email", "Email address"),
                Column("status", "Status"),
                Column("reason", "Reason"),
                Column("opens", "Opens", "count", "not measured"),
                Column("clicks", "Clicks", "count", "not measured"),
                Column("sent_at", "Sent", "time", "not sent"),
                Column("last_updated_at", "Last updated", "time"),
            ],
            self.frame("recipients").with_columns(
                pl.col("status").map_elements(named, return_dtype=pl.String)
            ),
        )

    def definitions(self) -> Html:
        """List what each number of the page means."""
        return self.definitions_of({*_ATTEMPTS, *_FUNNEL, *_RATES, "opens", "clicks"})


@Checked
def load(
    email_source_id: BulkSendId,
    start_date: Day,
    end_date: Day,
    last_days: LastDaysOrAll,
    as_of: Day,
) -> BulkStatistics:
    """Read the page's numbers."""
    with asking() as asked:
        dates = (start_date, end_date, last_days, as_of)
        page = read_source_page(asked, "bulk", email_source_id, dates)
        asked.ask("bulk_statistics/recipients", first=queries.MOST_ROWS)
        return BulkStatistics(**page)
