"""A bulk send's statistics (guide: Bulk Email Statistics): attempts, funnel, each recipient."""

from dataclasses import dataclass

import polars as pl

from email_statistics import warehouse
from email_statistics.reports import components, formats
from email_statistics.reports.build import Build, read_from_one_build
from email_statistics.reports.components import Html
from email_statistics.reports.funnel import Comparison, funnel_steps
from email_statistics.reports.listing import MOST_ROWS, Column, listing
from email_statistics.reports.source_page import SourcePage, source_page

_TYPE = "bulk"

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
    """The page's numbers; ``recipient_rows`` has a row a message, as many as a page may list."""

    recipient_rows: pl.DataFrame

    def header(self) -> Html:
        """Open the page."""
        lead = ""
        if not self.is_empty:
            attempts = formats.plural(self.total["total_attempts"], "attempt")
            lead = f"{attempts}, {self.lead()}"
        return self.page_start("One bulk send", lead)

    def attempts(self) -> Html:
        """Show total attempts, and what they came to."""
        return self.empty() if self.is_empty else components.tiles(self.figures(_ATTEMPTS))

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
        return components.funnel(funnel_steps(self.figures(_FUNNEL), counts, comparisons))

    def rates(self) -> Html:
        """Show the rates against the guide's benchmarks."""
        return self.empty() if self.is_empty else components.tiles(self.figures(_RATES))

    def recipients(self) -> Html:
        """List each recipient with what became of the message."""
        if self.source is None or self.is_empty:
            return self.empty()
        return listing(
            "Recipients",
            "bulk-statistics-recipients",
            self.recipient_rows,
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
            self.build,
            total=self.total["recipients"],
            mart="core.fct_messages",
            query=self.ready_query(
                "*", "core.fct_messages", "not is_test", "last_updated_at desc, message_id"
            ),
        )

    def definitions(self) -> Html:
        """List what each number of the page means."""
        return self.definitions_of({*_ATTEMPTS, *_FUNNEL, *_RATES, "opens", "clicks"})


def _read_recipients(page: SourcePage) -> pl.DataFrame:
    """Read the period's messages, the last updated first; one without any outcome is pending."""
    return warehouse.sql(
        """
        with

        messages as (
            select *
            from core.fct_messages
            where
                email_source_id = $id
                and not is_test
                and booked_date between $start and $end
            order by last_updated_at desc, message_id
            limit $most
        ),

        statuses as (
            select
                message_id,
                min(status) as status
            from marts.message_outcomes
            where email_source_id = $id and booked_date between $start and $end
            group by message_id
        )

        select
            contacts.full_name,
            contacts.email,
            coalesce(
                upper(statuses.status[1]) || replace(statuses.status[2:], '_', ' '), 'Pending'
            ) as status,
            messages.reason,
            messages.opens,
            messages.clicks,
            messages.sent_at,
            messages.last_updated_at
        from messages
        inner join core.dim_contacts as contacts on messages.contact_id = contacts.contact_id
        left join statuses on messages.message_id = statuses.message_id
        order by messages.last_updated_at desc, messages.message_id
        """,
        **page.asked,
        most=MOST_ROWS,
    )


def load(
    email_source_id: str = "",
    start_date: str = "",
    end_date: str = "",
    last_days: int = 30,
    as_of: str = "",
) -> BulkStatistics:
    """Read the page's numbers; the parameters are those of the notebook (``period``).

    Raises ``UsageError`` for parameters that can't be and ``WarehouseError`` where nothing is
    published.
    """

    def read(build: Build) -> BulkStatistics:
        page = source_page(
            _TYPE, email_source_id, start_date, end_date, last_days, as_of, build=build
        )
        return BulkStatistics(**vars(page), recipient_rows=_read_recipients(page))

    return read_from_one_build(read)
