"""A bulk send's statistics (guide: Bulk Email Statistics): attempts, funnel, each recipient."""

from dataclasses import dataclass

import polars as pl

from email_statistics.reports import pieces
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
        return self.page_start("Bulk statistics", f"{attempts}, {self.lead()}")

    def attempts(self) -> Html:
        """Show total attempts, and what they came to."""
        if self.is_empty:
            return self.empty()
        return pieces.stack(
            [
                pieces.tiles(self.figures(_ATTEMPTS)),
                pieces.note(self._adding_up()),
                self.compared_note(self.before),
            ]
        )

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
                Column("full_name", "Full name", missing="no name", contact="contact_id"),
                Column("email", "Email address"),
                Column("status", "Status"),
                Column("reason", "Reason", is_optional=True),
                Column("opens", "Opens", "count", formats.UNMEASURED),
                Column("clicks", "Clicks", "count", formats.UNMEASURED),
                Column("sent_at", "Sent", "time", "not sent"),
                Column("last_updated_at", "Last updated", "time"),
            ],
            self.frame("recipients").with_columns(
                pl.col("status").map_elements(named, return_dtype=pl.String)
            ),
        )

    def _adding_up(self) -> str:
        """Say how the recipients add up: what is neither sent nor failed nor skipped is pending."""
        parts = {name: self.total[name] for name in ("sent", "failed", "skipped")}
        pending = self.total["recipients"] - sum(parts.values())
        if pending:
            parts["still pending"] = pending
        words = [f"{formats.count(count)} {name}" for name, count in parts.items()]
        recipients = formats.plural(self.total["recipients"], "recipient")
        return f"{recipients}: {', '.join(words[:-1])} and {words[-1]}."

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
        asked("bulk_statistics/recipients")
        return BulkStatistics(**page)
