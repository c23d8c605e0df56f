"""The home page of the site: the last days against those before, what needs attention, emails."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from email_statistics.reports import pieces
from email_statistics.reports.ask.counts import before, read_metrics, sources, total
from email_statistics.reports.ask.parameters import Checked, Day, LastDays
from email_statistics.reports.ask.queries import asking
from email_statistics.reports.ask.sources import type_in_words
from email_statistics.reports.pages.page import Page
from email_statistics.reports.pieces import Column, Finding, Html
from email_statistics.reports.words import experiments, formats
from email_statistics.reports.words.changes import Before
from email_statistics.reports.words.metrics import Availability, availability, known_money
from email_statistics.reports.words.money import brought
from email_statistics.reports.words.period import choose_period
from email_statistics.reports.words.reasons import named

_HEADLINES = (
    "sent",
    "delivered_rate",
    "open_rate",
    "click_rate",
    "unsubscribe_rate",
    "complaint_rate",
    "orders",
    "revenue",
)
_NUMBERS = ("sent", "delivered_rate", "open_rate", "click_rate", "orders", "revenue")
_MOST_FINDINGS = 5
_HOLDOUT_OR_TEST = {"holdout": "Holdout", "ab_test": "A/B test"}
_NOTHING = "No email was sent in these days."


@dataclass(frozen=True)
class Home(Page):
    """The page's numbers.

    ``total`` is a row of all emails of the period; ``emails`` and ``experiments`` have all.
    """

    total: Mapping[str, Any]
    statuses: Availability
    before: Before | None
    attention: pl.DataFrame
    emails: pl.DataFrame
    experiments: pl.DataFrame

    def header(self) -> Html:
        """Open the page: what went out and what it brought, the range, where the data end."""
        return self.opening("Email statistics", self._lead(), "All emails, of every type")

    def headlines(self) -> Html:
        """Show the headline numbers, each against the period before."""
        if self.total["recipients"] is None:
            return pieces.empty(
                "No email was sent in these days.", "The list below has all emails."
            )
        figures = self.worded(_HEADLINES, self.total, self.statuses, self.before)
        return pieces.stack([pieces.tiles(figures), self.compared_note(self.before)])

    def needs_attention(self) -> Html:
        """Show the failing checks that concern most, and lead to all findings."""
        if self.attention.is_empty():
            return pieces.empty("Nothing fails.", "No check of an email found wrong numbers.")
        shown = self.attention.head(_MOST_FINDINGS)
        findings = [
            Finding("fail", row["message"], row["email_source_name"], row["email_source_id"])
            for row in shown.iter_rows(named=True)
        ]
        more = self.attention.height - shown.height
        words = f"{formats.count(more)} more to fix, and what to check" if more else "What to check"
        return pieces.findings(findings, words, "diagnostics")

    def all_emails(self) -> Html:
        """List every email with the numbers of its whole life."""
        if self.emails.is_empty():
            return pieces.empty(
                "There is no email in these data.",
                "Deliver email_sources to the raw lake and run email-stats build.",
            )
        return self.listing(
            "Emails",
            "emails",
            "emails",
            [
                Column("email_source_name", "Email", email="email_source_id"),
                Column("type", "Type"),
                Column("status", "Status", missing="unknown"),
                Column("first_sent_at", "First sent", "time", "not sent"),
                *self.metric_columns(_NUMBERS),
            ],
            self.emails.with_columns(
                type=type_in_words(),
                status=pl.col("status").map_elements(named, return_dtype=pl.String),
            ),
        )

    def all_experiments(self) -> Html:
        """List every experiment with what it found."""
        if self.experiments.is_empty():
            return pieces.empty(experiments.NONE, experiments.ADVICE)
        return self.listing(
            "Experiments",
            "experiments",
            "experiments",
            [
                Column("experiment_name", "Experiment", experiment="experiment_id"),
                Column("type", "Type"),
                Column("started_at", "Started", "time", "unknown"),
                Column("contacts", "Contacts", "count", "0"),
                Column("judged_by", "Judged by"),
                Column("found", "What it found", "prose"),
            ],
            self.experiments.with_columns(
                type=pl.col("experiment_type").replace(_HOLDOUT_OR_TEST),
                judged_by=pl.col("primary_metric").replace(experiments.LABELS),
                found=pl.Series(
                    [
                        experiments.found(row["arms"] or [], row["statuses"] or [])
                        for row in self.experiments.iter_rows(named=True)
                    ],
                    dtype=pl.String,
                ),
            ),
        )

    def reports(self) -> Html:
        """Leave room for the reports: which pages there are is known once all are made."""
        return Html("<!--es:reports-->")

    def definitions(self) -> Html:
        """List what each number of the page means."""
        return self.definitions_of({*_HEADLINES, *_NUMBERS})

    def _lead(self) -> str:
        if self.total["recipients"] is None:
            return _NOTHING
        sent = formats.plural(self.total["sent"] or 0, "email")
        return f"{sent} sent. They brought {brought(self.total, self.build.currency)}."


@Checked
def load(start_date: Day, end_date: Day, last_days: LastDays, as_of: Day) -> Home:
    """Read the page's numbers."""
    with asking() as asked:
        last_day = asked.build.last_day
        period = asked.over(choose_period(start_date, end_date, last_days, as_of, last_day))
        asked.bind(type=None, id=None)
        metrics = read_metrics(asked)
        return Home(
            asked=asked,
            period=period,
            metrics=metrics,
            total=total(asked, metrics).row(0, named=True),
            statuses=availability(sources(asked, metrics)),
            before=before(asked, metrics, period),
            attention=asked("home/attention"),
            experiments=asked("home/experiments"),
            emails=known_money(asked("home/emails"), ["revenue"]),
        )
