"""The diagnostics (guide: If your statistics look wrong): what is wrong, and what to do about it.

The checks judge each email source over its whole life. The period picks the sources: those with
messages booked in it, and those that have none at all, such as drafts. What fails is shown of
every source, whenever it was sent.
"""

from dataclasses import dataclass

import polars as pl

from email_statistics import warehouse
from email_statistics.reports import components, formats
from email_statistics.reports.build import Build, read_from_one_build
from email_statistics.reports.components import Html, Tab
from email_statistics.reports.contact_lists import worded
from email_statistics.reports.listing import MOST_ROWS, Column, listing, literal
from email_statistics.reports.page import page_header
from email_statistics.reports.period import Period, choose_period

# From the worst on; in words for readers, with what the status means.
_STATUSES = {
    "fail": ("Fail", "numbers are incomplete or wrong, and there is something to do"),
    "warn": ("Warn", "look at it"),
    "info": ("Info", "by design, or nothing is to be done"),
    "ok": ("OK", "nothing found"),
}

# What is wrong with a quarantined row (the raw contract).
_REASONS = {
    "missing_key": "A required id, type or time is null or blank",
    "unknown_event_type": "The event type is none of the table's",
    "unknown_value": "A type, kind or service is none of the known ones",
    "invalid_timestamp": "A time can't be read, is before 2000, or more than a day after loaded_at",
    "invalid_amount": "An amount is missing, negative, no number, or has over two decimals",
    "invalid_currency": "A currency isn't three letters",
    "invalid_value": "A value can't be read as its column's type",
}


@dataclass(frozen=True)
class Diagnostics:
    """The page's numbers, read once; each public method is a piece of the page."""

    build: Build
    period: Period
    findings: pl.DataFrame
    raw_tables: pl.DataFrame
    reasons: pl.DataFrame
    quarantined: pl.DataFrame
    orphans: pl.DataFrame

    def header(self) -> Html:
        """Open the page: how much is wrong, which sources it judges, the data."""
        return page_header(
            self._lead(),
            "Checks of the email sources with messages booked in these days or with none at all; "
            "failing checks of every source",
            self.period,
            self.build,
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
            .with_columns(check=_in_words("check_name"))
        )
        labels = {status: label for status, (label, _) in _STATUSES.items()}
        means = "; ".join(f"{label}: {means}" for label, means in _STATUSES.values())
        return components.stack(
            [
                listing(
                    "Email sources by check and status",
                    "diagnostics_checks",
                    counts,
                    [
                        Column("check", "Check"),
                        *(Column(status, label, "count") for status, label in labels.items()),
                    ],
                    self.build,
                ),
                components.note(f"Counts email sources. {means}."),
            ]
        )

    def all_findings(self) -> Html:
        """List what each check found, a tab a status, the worst first."""
        if self.findings.is_empty():
            return self._empty()
        return components.tabs(
            "findings",
            "Status",
            [
                Tab(label, self._of_status(status), formats.count(self._count(status)))
                for status, (label, _) in _STATUSES.items()
            ],
        )

    def data_quality(self) -> Html:
        """Show what became of the raw rows: raw = accepted + duplicates + quarantined."""
        labelled = self.raw_tables.with_columns(
            adds_up=pl.when(pl.col("accepted_rows").is_null())
            .then(pl.lit("The latest row of an id counts; the others are its history"))
            .when(
                pl.col("raw_rows")
                == pl.sum_horizontal("accepted_rows", "duplicate_rows", "quarantined_rows")
            )
            .then(pl.lit("Yes"))
            .otherwise(pl.lit("No: rows were lost or counted twice"))
        )
        return components.stack(
            [
                listing(
                    "Raw rows and what became of them",
                    "data_quality",
                    labelled,
                    [
                        Column("raw_table", "Raw table"),
                        Column("raw_rows", "Raw rows", "count"),
                        Column("accepted_rows", "Accepted", "count"),
                        Column("duplicate_rows", "Duplicates", "count"),
                        Column("quarantined_rows", "Quarantined", "count"),
                        Column("orphan_rows", "Orphans", "count"),
                        Column("adds_up", "Adds up?"),
                    ],
                    self.build,
                ),
                components.note(
                    "Rows, of the whole lake. Of event tables: raw = accepted + duplicates + "
                    "quarantined, with the raw rows counted by the files themselves. Orphans are "
                    "accepted, and wait for their contact, source or message. A dash: not counted "
                    "for this kind of table."
                ),
            ]
        )

    def quarantined_reasons(self) -> Html:
        """Count quarantined rows by table and reason, with what is wrong."""
        if self.reasons.is_empty():
            return self._nothing_quarantined()
        return listing(
            "Quarantined rows by table and reason",
            "quarantined_by_reason",
            self.reasons.with_columns(
                wrong=pl.col("reason").replace_strict(_REASONS, default=pl.col("reason"))
            ),
            [
                Column("raw_table", "Raw table"),
                Column("reason", "Reason"),
                Column("wrong", "What is wrong", "prose"),
                Column("quarantined_rows", "Rows", "count"),
                Column("last_loaded_at", "Last loaded", "time", missing="not told"),
            ],
            self.build,
        )

    def quarantined_rows(self) -> Html:
        """List quarantined rows whole, those that reached the lake last first."""
        if self.quarantined.is_empty():
            return self._nothing_quarantined()
        return listing(
            "Quarantined rows",
            "quarantined_rows",
            self.quarantined,
            [
                Column("raw_table", "Raw table"),
                Column("reason", "Reason"),
                Column("event_id", "Event", missing="none"),
                Column("email_source_name", "Email source", missing="not told"),
                Column("raw_row", "Raw row"),
                Column("loaded_at", "Loaded", "time", missing="not told"),
            ],
            self.build,
            total=int(self.reasons["quarantined_rows"].sum()),
            mart="core.fct_quarantined_events",
            query="select *\nfrom core.fct_quarantined_events\norder by loaded_at desc nulls last",
        )

    def waiting(self) -> Html:
        """List the sources whose messages wait for a contact or for the source itself."""
        if self.orphans.is_empty():
            return components.empty(
                "No orphans.", "The contact and the email source of every message are known."
            )
        is_known = pl.col("email_source_name").is_not_null()
        return components.stack(
            [
                listing(
                    "Orphan messages by the email source that they name",
                    "orphans",
                    self.orphans.with_columns(
                        todo=pl.when(is_known)
                        .then(pl.lit("Deliver the contacts of these messages"))
                        .otherwise(pl.lit("Deliver this row of email_sources"))
                    ),
                    [
                        Column("email_source_name", "Email source", missing="unknown"),
                        Column("email_source_id", "Id"),
                        Column("orphan_messages", "Messages", "count"),
                        Column("orphan_rows", "Send events", "count"),
                        Column("todo", "What to do"),
                    ],
                    self.build,
                    mart="core.fct_orphans",
                    query="select *\nfrom core.fct_orphans\norder by orphan_messages desc",
                ),
                components.note(
                    "They are kept and in no number; the first build that knows what they wait for "
                    "takes them in."
                ),
            ]
        )

    def _count(self, status: str) -> int:
        return self.findings.filter(pl.col("status") == status).height

    def _lead(self) -> str:
        if self.findings.is_empty():
            return "There is no email source in these data to check."
        failing = self.findings.filter(pl.col("status") == "fail")
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
            f"{formats.plural(rows, 'raw row')} quarantined, in no number."
        )

    def _empty(self) -> Html:
        return components.empty(
            "There is no email source to check.",
            "Deliver email_sources to the raw lake and run email-stats build; email-stats doctor "
            "checks the set-up.",
        )

    def _nothing_quarantined(self) -> Html:
        return components.empty("Nothing is quarantined.", "Every raw row could be read.")

    def _of_status(self, status: str) -> Html:
        label, means = _STATUSES[status]
        found = self.findings.filter(pl.col("status") == status)
        if found.is_empty():
            return components.empty(f"{label}: none.", "Nothing to do here.")
        return components.stack(
            [
                listing(
                    f"Findings: {label}",
                    f"diagnostics_{status}",
                    found.with_columns(
                        check=_in_words("check_name"),
                        type=_in_words("email_source_type"),
                        last_booked=pl.col("last_booked_date").dt.to_string("iso"),
                    ),
                    [
                        Column("email_source_name", "Email source"),
                        Column("check", "Check"),
                        Column("message", "What it means, what to do", "prose"),
                        Column("affected", "Affected", "count"),
                        Column(
                            "last_booked",
                            f"Last booked ({self.build.timezone.key})",
                            missing="never",
                        ),
                        Column("type", "Type"),
                    ],
                    self.build,
                    mart="marts.email_diagnostics",
                    query=(
                        "select *\nfrom marts.email_diagnostics\n"
                        f"where status = {literal(status)}\norder by email_source_id, sort_order"
                    ),
                ),
                components.note(f"{label}: {means}."),
            ]
        )


def _in_words(column: str) -> pl.Expr:
    return pl.col(column).map_elements(worded, return_dtype=pl.String)


def _read_findings(period: Period) -> pl.DataFrame:
    """Each finding that the page tells of, the worst first, then those of the period's sources."""
    return warehouse.sql(
        """
        with

        booked as (
            select
                email_source_id,
                max(booked_date) as last_booked_date,
                bool_or(booked_date between $start and $end) as is_in_period
            from marts.email_performance_daily
            group by email_source_id
        ),

        judged as (
            select
                diagnostics.email_source_id,
                sources.email_source_type,
                coalesce(sources.email_source_name, sources.email_source_id) as email_source_name,
                diagnostics.check_name,
                diagnostics.status,
                diagnostics.message,
                diagnostics.affected,
                diagnostics.sort_order,
                booked.last_booked_date,
                coalesce(booked.is_in_period, true) as is_in_period
            from marts.email_diagnostics as diagnostics
            inner join core.dim_email_sources as sources
                on diagnostics.email_source_id = sources.email_source_id
            left join booked on diagnostics.email_source_id = booked.email_source_id
        )

        select *
        from judged
        where is_in_period or status = 'fail'
        order by
            list_position(['fail', 'warn', 'info', 'ok'], status),
            is_in_period desc,
            sort_order,
            affected desc,
            email_source_id
        """,
        start=period.start,
        end=period.end,
    )


def _read_raw_tables() -> pl.DataFrame:
    return warehouse.sql("from marts.data_quality order by raw_rows desc, raw_table")


def _read_reasons() -> pl.DataFrame:
    return warehouse.sql(
        """
        select
            raw_table,
            reason,
            count(*) as quarantined_rows,
            max(loaded_at) as last_loaded_at
        from core.fct_quarantined_events
        group by raw_table, reason
        order by quarantined_rows desc, raw_table, reason
        """
    )


def _read_quarantined() -> pl.DataFrame:
    return warehouse.sql(
        """
        select
            quarantined.raw_table,
            quarantined.reason,
            quarantined.event_id,
            coalesce(sources.email_source_name, sources.email_source_id) as email_source_name,
            quarantined.raw_row,
            quarantined.loaded_at
        from core.fct_quarantined_events as quarantined
        left join core.dim_email_sources as sources
            on quarantined.email_source_id = sources.email_source_id
        order by
            quarantined.loaded_at desc nulls last,
            quarantined.raw_table,
            quarantined.reason,
            quarantined.raw_row
        limit $most
        """,
        most=MOST_ROWS,
    )


def _read_orphans() -> pl.DataFrame:
    return warehouse.sql(
        """
        select
            orphans.email_source_id,
            sources.email_source_type,
            coalesce(sources.email_source_name, sources.email_source_id) as email_source_name,
            orphans.orphan_messages,
            orphans.orphan_rows
        from core.fct_orphans as orphans
        left join core.dim_email_sources as sources
            on orphans.email_source_id = sources.email_source_id
        order by orphans.orphan_messages desc, orphans.email_source_id
        """
    )


def load(
    start_date: str = "", end_date: str = "", last_days: int = 30, as_of: str = ""
) -> Diagnostics:
    """Read the page's numbers; the parameters are those of the notebook (``period``).

    Raises ``UsageError`` for parameters that can't be and ``WarehouseError`` where nothing is
    published.
    """

    def read(build: Build) -> Diagnostics:
        period = choose_period(start_date, end_date, last_days, as_of, build.last_day)
        return Diagnostics(
            build=build,
            period=period,
            findings=_read_findings(period),
            raw_tables=_read_raw_tables(),
            reasons=_read_reasons(),
            quarantined=_read_quarantined(),
            orphans=_read_orphans(),
        )

    return read_from_one_build(read)
