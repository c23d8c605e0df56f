"""The diagnostics (guide: If your statistics look wrong): what is wrong, and what to do about it.

The checks judge each email source over its whole life. The period picks the sources: those with
messages booked in it, and those that have none at all, such as drafts. What fails is shown of
every source, whenever it was sent.
"""

from dataclasses import dataclass

import polars as pl

from email_statistics.reports import pieces
from email_statistics.reports.ask.parameters import Checked, Day, LastDays
from email_statistics.reports.ask.queries import asking
from email_statistics.reports.ask.sources import type_in_words
from email_statistics.reports.pages.page import Page
from email_statistics.reports.pieces import Column, Html, Tab
from email_statistics.reports.words import formats
from email_statistics.reports.words.period import choose_period
from email_statistics.reports.words.reasons import QUARANTINED, QUARANTINED_LABELS, check_named

# From the worst on; in words for readers, with what the status means.
_STATUSES = {
    "fail": ("Fix", "numbers are incomplete or wrong, and there is something to do"),
    "warn": ("Check", "look at it"),
    "info": ("Info", "by design, or nothing is to be done"),
    "ok": ("OK", "nothing found"),
}


@dataclass(frozen=True)
class Diagnostics(Page):
    """The page's numbers, read once; ``findings`` has a row per source and check, worst first."""

    findings: pl.DataFrame
    raw_tables: pl.DataFrame
    reasons: pl.DataFrame
    quarantined: pl.DataFrame
    orphans: pl.DataFrame
    experiments: pl.DataFrame

    def header(self) -> Html:
        """Open the page: how much is wrong, which sources it judges, the data."""
        return self.opening(
            "Diagnostics",
            self._lead(),
            "Emails sent in these days or not at all; what needs a fix, of every email",
        )

    def at_a_glance(self) -> Html:
        """Count the findings of each check, in the order of the guide's troubleshooting."""
        if self.findings.is_empty():
            return self._empty()
        counts = (
            self.findings.group_by("check_name", "sort_order")
            .agg(
                (pl.col("status") == status).sum().cast(pl.Int64).alias(status)
                for status in _STATUSES
            )
            .sort("sort_order")
        )
        means = "; ".join(f"{label}: {means}" for label, means in _STATUSES.values())
        columns = [Column(status, label, "count") for status, (label, _) in _STATUSES.items()]
        listed = self.listing(
            "Email sources by check and status",
            "diagnostics_checks",
            "findings_fail",
            [Column("check_name", "What is checked"), *columns],
            counts.with_columns(_check_in_words()),
        )
        return pieces.stack([listed, pieces.note(f"Counts email sources. {means}.")])

    def all_findings(self) -> Html:
        """List what each check found, one tab per status, the worst first."""
        if self.findings.is_empty():
            return self._empty()
        panels = [
            Tab(label, self._of_status(status), formats.count(self._count(status)))
            for status, (label, _) in _STATUSES.items()
        ]
        return pieces.tabs("findings", "Status", panels)

    def unreadable_experiments(self) -> Html:
        """List the experiments that can't be read, or not yet, and why."""
        if self.experiments.is_empty():
            return pieces.empty(
                "No experiment has a problem.", "Its page says what a test found: experiment."
            )
        labels = {status: label for status, (label, _) in _STATUSES.items()}
        return self.listing(
            "Experiments that can't be read, or not yet",
            "unreadable_experiments",
            "experiments",
            [
                Column("experiment_name", "Experiment", experiment="experiment_id"),
                Column("check_name", "Check"),
                Column("status", "Status"),
                Column("message", "What it means and what to do", "prose"),
            ],
            self.experiments.with_columns(
                _check_in_words(), pl.col("status").replace_strict(labels)
            ),
        )

    def data_quality(self) -> Html:
        """Show what became of the raw rows: raw = accepted + duplicates + quarantined."""
        parts = pl.sum_horizontal("accepted_rows", "duplicate_rows", "quarantined_rows")
        adds_up = (
            pl.when(pl.col("accepted_rows").is_null())
            .then(pl.lit("The latest row of an id counts; the others are its history"))
            .when(pl.col("raw_rows") == parts)
            .then(pl.lit("Yes"))
            .otherwise(pl.lit("No: rows were lost or counted twice"))
        )
        listed = self.listing(
            "Raw rows and what became of them",
            "data_quality",
            "raw_tables",
            [
                Column("raw_table", "Raw table"),
                Column("raw_rows", "Raw rows", "count"),
                Column("accepted_rows", "Accepted", "count"),
                Column("duplicate_rows", "Duplicates", "count"),
                Column("quarantined_rows", "Quarantined", "count"),
                Column("orphan_rows", "Orphans", "count"),
                Column("adds_up", "Adds up?"),
            ],
            self.raw_tables.with_columns(adds_up=adds_up),
        )
        note = pieces.note(
            "Rows, of the whole lake. Of event tables: raw = accepted + duplicates + "
            "quarantined, with the raw rows counted by the files themselves. Orphans are "
            "accepted, and wait for their contact, source or message. A dash: not counted "
            "for this kind of table."
        )
        return pieces.stack([listed, note])

    def quarantined_reasons(self) -> Html:
        """Count quarantined rows by table and reason, with what is wrong."""
        if self.reasons.is_empty():
            return self._nothing_quarantined()
        wrong = pl.col("reason").replace_strict(QUARANTINED, default=pl.col("reason"))
        return self.listing(
            "Quarantined rows by table and reason",
            "quarantined_by_reason",
            "reasons",
            [
                Column("raw_table", "Raw table"),
                Column("reason", "Reason"),
                Column("wrong", "What is wrong", "prose"),
                Column("quarantined_rows", "Rows", "count"),
                Column("last_loaded_at", "Last loaded", "time", missing="unknown"),
            ],
            self.reasons.with_columns(_reason_in_words(), wrong=wrong),
        )

    def quarantined_rows(self) -> Html:
        """List quarantined rows whole, those that reached the lake last first."""
        if self.quarantined.is_empty():
            return self._nothing_quarantined()
        return self.listing(
            "Quarantined rows",
            "quarantined_rows",
            "quarantined",
            [
                Column("raw_table", "Raw table"),
                Column("reason", "Reason"),
                Column("event_id", "Event", missing="none"),
                Column("email_source_name", "Email source", missing="unknown"),
                Column("raw_row", "Raw row"),
                Column("loaded_at", "Loaded", "time", missing="unknown"),
            ],
            self.quarantined.with_columns(_reason_in_words()),
        )

    def waiting(self) -> Html:
        """List the sources whose messages wait for a contact or for the source itself."""
        if self.orphans.is_empty():
            return pieces.empty(
                "No orphans.", "The contact and the email source of every message are known."
            )
        todo = (
            pl.when(pl.col("email_source_name").is_not_null())
            .then(pl.lit("Deliver the contacts of these messages"))
            .otherwise(pl.lit("Deliver this row of email_sources"))
        )
        listed = self.listing(
            "Orphan messages by the email source that they name",
            "orphans",
            "orphans",
            [
                Column("email_source_name", "Email source", missing="unknown"),
                Column("email_source_id", "Id"),
                Column("orphan_messages", "Messages", "count"),
                Column("orphan_rows", "Send events", "count"),
                Column("todo", "What to do"),
            ],
            self.orphans.with_columns(todo=todo),
        )
        note = pieces.note(
            "They are kept and in no number; the first build that knows what they wait for takes "
            "them in."
        )
        return pieces.stack([listed, note])

    def definitions(self) -> Html:
        """Say what the page was made from; its numbers are of rows and checks."""
        return self.definitions_of(())

    def _count(self, status: str) -> int:
        return self.asked.answers[f"findings_{status}"].total

    def _lead(self) -> str:
        if self.findings.is_empty():
            return "There is no email source in these data to check."
        failing = self.frame("findings_fail")
        sources = formats.plural(failing["email_source_id"].n_unique(), "email source")
        fail = (
            f"{formats.plural(failing.height, 'check')} of {sources} "
            f"{'fails' if failing.height == 1 else 'fail'}: numbers there are incomplete or wrong."
            if failing.height
            else "No check fails."
        )
        warned = formats.plural(self._count("warn"), "more finding")
        rows = int(self.reasons["quarantined_rows"].sum())
        return (
            f"{fail} {warned} to look at. "
            f"{formats.plural(rows, 'record')} {'was' if rows == 1 else 'were'} rejected and "
            f"{'is' if rows == 1 else 'are'}n't counted."
        )

    def _empty(self) -> Html:
        return pieces.empty(
            "There is no email source to check.",
            "Deliver email_sources to the raw lake and run email-stats build; email-stats doctor "
            "checks the set-up.",
        )

    def _nothing_quarantined(self) -> Html:
        return pieces.empty("Nothing is quarantined.", "Every raw row could be read.")

    def _of_status(self, status: str) -> Html:
        label, means = _STATUSES[status]
        found = self.frame(f"findings_{status}")
        if found.is_empty():
            return pieces.empty(f"{label}: none.", "Nothing to do here.")
        listed = self.listing(
            f"Findings: {label}",
            f"diagnostics_{status}",
            f"findings_{status}",
            [
                Column("email_source_name", "Email", email="email_source_id"),
                Column("message", "What it means, what to do", "prose"),
                Column("check_name", "Check"),
                Column("affected", "Affected", "count"),
                Column("last_booked_date", "Last sent", "day", "never"),
                Column("email_source_type", "Type"),
            ],
            found.with_columns(
                _check_in_words(),
                email_source_type=type_in_words(),
            ),
        )
        return pieces.stack([listed, pieces.note(f"{label}: {means}.")])


def _check_in_words() -> pl.Expr:
    return pl.col("check_name").map_elements(check_named, return_dtype=pl.String)


def _reason_in_words() -> pl.Expr:
    return pl.col("reason").replace(QUARANTINED_LABELS)


@Checked
def load(start_date: Day, end_date: Day, last_days: LastDays, as_of: Day) -> Diagnostics:
    """Read the page's numbers."""
    with asking() as asked:
        last_day = asked.build.last_day
        period = asked.over(choose_period(start_date, end_date, last_days, as_of, last_day))
        findings = [
            asked("diagnostics/findings", name=f"findings_{status}", status=status)
            for status in _STATUSES
        ]
        return Diagnostics(
            asked=asked,
            period=period,
            metrics={},
            findings=pl.concat(findings),
            raw_tables=asked("diagnostics/raw_tables"),
            reasons=asked("diagnostics/reasons"),
            quarantined=asked("diagnostics/quarantined"),
            orphans=asked("diagnostics/orphans"),
            experiments=asked("diagnostics/experiments"),
        )
