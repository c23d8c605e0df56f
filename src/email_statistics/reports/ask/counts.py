"""Counts, money and rates of email sources over the days of a period.

A date range picks messages by the day on which they were booked, with everything that has happened
to them since. ``asked`` binds the type, the id (None for all of the type) and the days.
"""

from collections.abc import Collection, Mapping

import polars as pl

from email_statistics.reports.ask.queries import Asked
from email_statistics.reports.words.changes import Before
from email_statistics.reports.words.metrics import (
    Availability,
    Metric,
    availability,
    known_money,
    with_ratios,
)
from email_statistics.reports.words.period import Period


def read_metrics(asked: Asked) -> dict[str, Metric]:
    """Every metric by name, in the order of ``core.dim_metrics``."""
    rows = asked("shared/metrics").iter_rows(named=True)
    return {row["metric"]: Metric(**row) for row in rows}


def sources(asked: Asked, metrics: Mapping[str, Metric]) -> pl.DataFrame:
    """One row per source of the type with messages booked in the period, the most recent first.

    It has the source's description, every count and sum of money of these messages, and the rates
    and averages of them; ``first_sent_at`` and the availability are those of its whole life. Most
    recent is by ``first_sent_at``, ties by id; what was never sent comes last.
    """
    return _completed(asked("shared/sources"), metrics)


def before(
    asked: Asked,
    metrics: Mapping[str, Metric],
    period: Period,
    statuses: Availability | None = None,
) -> Before | None:
    """Sum the messages of the days of the same number before a period.

    ``statuses`` are those of the one source that is asked for; those of a type are found. None
    where nothing was booked in these days.
    """
    earlier = period.before
    if earlier is None:
        return None
    days = {"start": earlier.start, "end": earlier.end}
    row = _completed(asked("shared/total", name="total_before", **days), metrics).row(0, named=True)
    if row["recipients"] is None:
        return None
    if statuses is None:
        statuses = availability(asked("shared/sources", name="sources_before", **days))
    return Before(earlier, row, statuses)


def activity_before(asked: Asked, before: Before | None) -> pl.DataFrame:
    """Ask for the activity of the days before a period, one row per hour; none where none are."""
    if before is None:
        return pl.DataFrame()
    days = {"start": before.period.start, "end": before.period.end}
    return asked("shared/activity", name="activity_before", **days)


def total(asked: Asked, metrics: Mapping[str, Metric]) -> pl.DataFrame:
    """Sum the period's messages to one row: every count, sum of money, rate and average.

    They are those of all sources of the type, or of the one whose id is asked for. A count is null
    when it was measured for none of them, money when no order has an exchange rate; all are null
    when there is no message.
    """
    return _completed(asked("shared/total"), metrics)


def emails(asked: Asked, metrics: Mapping[str, Metric], types: Collection[str]) -> pl.DataFrame:
    """One row per source of the ``types`` with messages booked in the period.

    It has ``email_source_id`` and the source's description, then every metric in the order of
    ``core.dim_metrics``, what was measured, ``recipient_contacts`` (which don't add up) and the
    first and last ``sent_at`` (UTC): all of the period's messages. The order is that of
    ``sources``.
    """
    rows = _completed(asked("exports/emails", types=list(types)), metrics)
    named = [name for name in metrics if name != "recipient_contacts"]
    described = rows.columns[: rows.columns.index("email_source_id")]
    first = ["email_source_id", *described, *named]
    return rows.select(*first, pl.exclude(first))


def _completed(sums: pl.DataFrame, metrics: Mapping[str, Metric]) -> pl.DataFrame:
    """Give sums their types, unknown money as null, and every rate and average."""
    # DuckDB sums bigints to a hugeint, which arrives as a decimal.
    counted = sums.with_columns(
        pl.col(metric.metric).cast(pl.Int64)
        for metric in metrics.values()
        if metric.kind == "count"
    )
    money = [metric.metric for metric in metrics.values() if metric.kind == "money"]
    return with_ratios(known_money(counted, money), metrics)
