"""Experiments in words that can be repeated. Nobody is called a winner before a test may say so."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from email_statistics.reports.words import formats
from email_statistics.reports.words.period import Period

LABELS = {
    "revenue": "Revenue per contact",
    "orders": "Orders per contact",
    "ordered": "Ordered",
    "converted": "Converted",
    "delivered": "Delivered",
    "opened": "Opened",
    "human_opened": "Opened by people",
    "clicked": "Clicked",
    "unsubscribed": "Unsubscribed",
    "complained": "Complained",
}
"""What a metric of an experiment is called."""

STATUSES = {
    "sample_ratio_mismatch": "Can't be read: the arms don't have as many contacts as planned",
    "no_data": "Nothing to compare: too few contacts, or all alike",
    "too_early": "Too early to say",
    "better": "Better than the control",
    "worse": "Worse than the control",
    "no_difference_found": "No difference found",
}
"""How a comparison ends (overview: Experiments)."""


def value(metric: str, number: float | Decimal | None, currency: str) -> str:
    """Write a metric's value: money, orders per contact, or a share of contacts."""
    if number is None:
        return "unknown"
    if metric == "revenue":
        return formats.money(number, currency)
    return f"{number:,.3f}" if metric == "orders" else formats.rate(float(number))


def difference(metric: str, number: float | None, currency: str) -> str:
    """Write a difference with its sign; of shares in percentage points."""
    if number is None:
        return "unknown"
    sign = "+" if number > 0 else "\N{MINUS SIGN}" if number < 0 else ""
    size = abs(number)
    if metric == "revenue":
        return f"{sign}{formats.money(size, currency)}"
    if metric == "orders":
        return f"{sign}{size:,.3f}"
    return f"{sign}{100 * size:,.1f}{formats.UNIT_SPACE}points"


def between(metric: str, row: Mapping[str, Any], name: str, currency: str) -> str:
    """Write an interval of a difference, ``name``_low to ``name``_high; "" where there is none."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if low is None or high is None:
        return ""
    return f"{difference(metric, low, currency)} to {difference(metric, high, currency)}"


def verdict(row: Mapping[str, Any], currency: str) -> str:
    """Say in a sentence how an arm compares with the control by a metric."""
    metric, arm, control = row["metric"], formats.isolated(row["arm"]), row["control_arm"]
    control, label = formats.isolated(control), LABELS[row["metric"]].lower()
    if row["status"] == "sample_ratio_mismatch":
        return (
            "This test can't be read: the arms don't have as many contacts as planned, so "
            "something else than chance decides who is in which arm."
        )
    if row["status"] == "no_data":
        return f"By {label} nothing can be said: too few contacts, or all alike."
    if row["status"] == "too_early":
        return (
            f"It is too early to say which arm is better by {label}. Let the test run as planned, "
            "however the numbers look today."
        )
    if row["status"] == "no_difference_found":
        may_be = between(metric, row, "difference", currency)
        return (
            f"By {label} no difference was found between {arm} and {control}. If there is one, it "
            f"is within {may_be}."
        )
    found = difference(metric, row["difference"], currency)
    word = "better" if row["status"] == "better" else "worse"
    # A test that was clear before its plan was reached is so by what holds at every look.
    low = row["difference_low"]
    name = "difference" if low is not None and low * row["difference"] > 0 else "always"
    may_be = between(metric, row, name, currency)
    return (
        f"By {label} {arm} does {word} than {control}: {value(metric, row['mean'], currency)} "
        f"against {value(metric, row['control_mean'], currency)}, a difference of {found} "
        f"({may_be})."
    )


def latest(known: pl.DataFrame, as_of: str) -> str:
    """The id of the first of ``known`` that had begun by a day, "" for any day; "" where none had.

    ``known`` are experiments, the latest first; one whose start isn't known has begun.
    """
    if as_of:
        began = pl.col("started_at").dt.date().fill_null(date.min) <= date.fromisoformat(as_of)
        known = known.filter(began)
    return known["experiment_id"][0] if known.height else ""


def period_of(experiment: Mapping[str, Any] | None, as_of: str, last_day: date) -> Period:
    """The days of an experiment, from its start to its end, as far as they are known."""
    started = experiment and experiment["started_at"]
    ended = experiment and experiment["ended_at"]
    start = started.date() if started else last_day
    end = ended.date() if ended else last_day
    chosen = "From the start of the experiment to its end, else to the last day of the data"
    if as_of:
        day = formats.day(date.fromisoformat(as_of))
        chosen = f"{chosen}; the latest that had begun by the as-of date, {day}"
    return Period(min(start, end), end, chosen)
