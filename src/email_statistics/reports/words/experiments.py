"""Experiments in words that can be repeated. Nobody is called a winner before a test may say so."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from email_statistics.reports.words import formats
from email_statistics.reports.words.period import Period
from email_statistics.reports.words.reasons import continued

NONE = "There is no experiment in these data."
ADVICE = (
    "Deliver the raw tables experiments and experiment_assignments, or the variants of an A/B test "
    "in send_events (models/staging/_sources.yml)."
)

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

_COMPARED_BY = {
    "ordered": "the share who ordered",
    "converted": "the share who converted",
    "delivered": "the share whose email was delivered",
    "opened": "the share who opened",
    "human_opened": "the share who opened, machines left out",
    "clicked": "the share who clicked",
    "unsubscribed": "the share who unsubscribed",
    "complained": "the share who complained",
}
"""What arms are compared by, in a sentence; revenue and orders as they are called."""

MISMATCHED = "contacts aren't shared among the arms as planned"
"""Why a test can't be read."""

CANNOT_BE_READ = (
    f"This test can't be read: {MISMATCHED}, so something else than chance decides who is in which "
    "arm."
)

STATUSES = {
    "sample_ratio_mismatch": f"Can't be read: {MISMATCHED}",
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


def between(
    metric: str, row: Mapping[str, Any], name: str, currency: str, joined_by: str = "to"
) -> str:
    """Write an interval of a difference, ``name``_low to ``name``_high; "" where there is none."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if low is None or high is None:
        return ""
    return f"{difference(metric, low, currency)} {joined_by} {difference(metric, high, currency)}"


def verdict(row: Mapping[str, Any], currency: str) -> str:
    """Say in a sentence how an arm compares with the control by a metric."""
    metric, arm, control = row["metric"], formats.isolated(row["arm"]), row["control_arm"]
    control, by = formats.isolated(control), compared_by(row["metric"])
    if row["status"] == "sample_ratio_mismatch":
        return CANNOT_BE_READ
    if row["status"] == "no_data":
        return f"By {by}, nothing can be said: too few contacts, or all alike."
    if row["status"] == "too_early":
        return f"By {by}, it is too early to say: {_still_needed(row)}"
    if row["status"] == "no_difference_found":
        may_be = between(metric, row, "difference", currency, "and")
        return (
            f"By {by}, no difference was found between {arm} and {control}. If there is one, it "
            f"is between {may_be}."
        )
    found = difference(metric, row["difference"], currency)
    word = "better" if row["status"] == "better" else "worse"
    # A test that was clear before its plan was reached is so by what holds at every look.
    low = row["difference_low"]
    name = "difference" if low is not None and low * row["difference"] > 0 else "always"
    may_be = between(metric, row, name, currency)
    return (
        f"By {by}, {arm} does {word} than {control}: {value(metric, row['mean'], currency)} "
        f"against {value(metric, row['control_mean'], currency)}, a difference of {found} "
        f"({may_be})."
    )


def compared_by(metric: str) -> str:
    """Say what arms are compared by, inside a sentence."""
    return _COMPARED_BY.get(metric) or LABELS[metric].lower()


def _still_needed(row: Mapping[str, Any]) -> str:
    planned = row["planned_contacts_per_arm"]
    if planned:
        so_far = formats.count(min(row["contacts"], row["control_contacts"]))
        return (
            f"{so_far} of {formats.plural(planned, 'contact')} planned per arm count so far. Let "
            "the test run as planned, however the numbers look today."
        )
    if row["ended_at"]:
        return "the days of its last contacts aren't over. Wait, however the numbers look today."
    return (
        "no number of contacts is planned and no end, so only a difference that is clear at every "
        "look would decide it."
    )


def found(arms: Sequence[str], statuses: Sequence[str]) -> str:
    """Say briefly how the arms of a test compare with its control by what it is judged by."""
    if not statuses:
        return "Nothing can be compared yet"
    if len(set(statuses)) == 1:
        return STATUSES[statuses[0]]
    return "; ".join(
        f"{formats.isolated(arm)}: {continued(STATUSES[status])}"
        for arm, status in zip(arms, statuses, strict=True)
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
    chosen = f"From the experiment's start to {'its end' if ended else 'the last day of the data'}"
    if as_of:
        day = formats.day(date.fromisoformat(as_of))
        chosen = f"{chosen}; the latest that had begun by the as-of date, {day}"
    return Period(min(start, end), end, chosen)
