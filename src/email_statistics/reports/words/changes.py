"""How a number differs from that of the period of the same length before."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from email_statistics.reports.words import formats
from email_statistics.reports.words.metrics import Availability, Metric, in_figures
from email_statistics.reports.words.period import Period

# Of these neither more nor less is better.
_NEUTRAL = {"recipients", "recipient_contacts", "sent", "total_attempts", "accepted"}
# From here on "so many times as much" says more than percent.
_MANIFOLD = 2
_LESS_IS_BETTER = (
    "bounce",
    "complain",
    "deferred",
    "failed",
    "hard_bounce",
    "rejected",
    "skipped",
    "soft_bounce",
    "unsubscribe",
)


@dataclass(frozen=True)
class Change:
    """A change in words: ``12.3% from 1,845``; ``is_good`` is None where that can't be said."""

    direction: Literal["up", "down", "same", "unknown"]
    text: str
    is_good: bool | None = None


@dataclass(frozen=True)
class Before:
    """The period before: its days, its row of every metric, what was measured of its emails."""

    period: Period
    row: Mapping[str, Any]
    statuses: Availability

    @property
    def days(self) -> str:
        """Its days in words."""
        return formats.days(self.period.start, self.period.end)

    @property
    def is_empty(self) -> bool:
        """Whether no message was booked in it."""
        return self.row["recipients"] is None


def change(
    metric: Metric, value: Any, before: Before, statuses: Availability, currency: str
) -> Change | None:
    """Compare a number with that of the period before; None where neither is known.

    A count isn't comparable where other things were measured then (``statuses`` are those of the
    emails now): fewer opens may mean fewer tracked emails. A rate leaves out what wasn't measured.
    """
    earlier = before.row[metric.metric]
    if value is None and earlier is None:
        return None
    family = metric.family
    is_same = set(statuses.get(family or "", ())) == set(before.statuses.get(family or "", ()))
    if value is None or earlier is None or not (metric.is_ratio or is_same):
        return Change("unknown", "Not comparable: measured differently before")
    difference = value - earlier
    if not difference:
        return Change("same", "As before")
    direction: Literal["up", "down"] = "up" if difference > 0 else "down"
    is_good = None
    if metric.metric not in _NEUTRAL:
        is_good = (difference < 0) == metric.metric.startswith(_LESS_IS_BETTER)
    was = f"from {in_figures(metric, earlier, currency)}"
    return Change(direction, _in_words(metric, difference, earlier, was), is_good)


def _in_words(metric: Metric, difference: Any, earlier: Any, was: str) -> str:
    if metric.kind == "rate":
        points = abs(difference) * 100
        return f"{points:.{1 if points >= 0.1 else 3}f} points {was}"
    if not earlier:
        return was
    share = float(difference) / float(earlier)
    if share >= _MANIFOLD:
        return f"{was} ({formats.times(share + 1)})"
    return f"{formats.rate(abs(share))} {was}"
