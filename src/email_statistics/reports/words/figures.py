"""One number of a page in words: label, definition, value or why there is none, verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from email_statistics.reports.words import formats
from email_statistics.reports.words.changes import Before, Change, change
from email_statistics.reports.words.metrics import (
    Availability,
    Metric,
    Verdict,
    in_figures,
    verdict,
    why_not_measured,
)
from email_statistics.reports.words.reasons import begun, continued


@dataclass(frozen=True)
class Figure:
    """A metric's number as a page shows it; ``text`` is None where ``missing`` says why.

    ``change`` is how it differs from the period before, where that is compared.
    """

    metric: Metric
    text: str | None
    missing: str | None
    made_of: str | None
    verdict: Verdict | None
    change: Change | None = None

    @property
    def number_and_unit(self) -> tuple[str, str]:
        """``text`` in two, such as ("12.30", "USD"); the unit is "" where it has none."""
        number, _, unit = (self.text or "").partition(formats.UNIT_SPACE)
        return number, unit


def figure(
    metric: Metric,
    row: Mapping[str, Any],
    metrics: Mapping[str, Metric],
    availability: Availability,
    currency: str,
    before: Before | None = None,
) -> Figure:
    """Word a metric's number of ``row``, which has every metric's value.

    A rate or average says what it is made of; a missing one why (``availability`` of its sources).
    ``before`` is the period to compare it with.
    """
    value = row[metric.metric]
    is_money = metric.unit == "reporting currency"
    if value is not None:
        text, missing, made_of = in_figures(metric, value, currency), None, None
    elif is_money:
        text, missing, made_of = None, "Not known: none of these orders has an exchange rate", None
    else:
        text, made_of = None, None
        missing = f"{begun(formats.UNMEASURED)}: {why_not_measured(metric, availability)}"
    if metric.numerator and metric.denominator:
        above, below = metrics[metric.numerator], metrics[metric.denominator]
        if value is not None:
            made_of = (
                f"{in_figures(above, row[above.metric], currency)} "
                f"{'of' if metric.kind == 'rate' else 'from'} "
                f"{in_figures(below, row[below.metric], currency)} {below.label.lower()}"
            )
        elif row[above.metric] is not None and row[below.metric] == 0:
            missing = f"No {metric.kind}: 0 {below.label.lower()}"
    compared = change(metric, value, before, availability, currency) if before else None
    return Figure(metric, text, missing, made_of, verdict(metric, value), compared)


def with_net(revenue: Figure, net: Figure) -> Figure:
    """Show revenue with what is left of it after refunds."""
    return replace(revenue, made_of=f"{net.text} after refunds" if net.text else None)


def relabelled(of: Figure, label: str, definition: str) -> Figure:
    """Show a number under another name of the guide's."""
    return replace(of, metric=replace(of.metric, label=label, definition=definition))


def headline(count: Figure, rate: Figure) -> Figure:
    """Show a metric as a percentage with its counts, by the count's name (guide: Summary page).

    Where there is no percentage, the count stands alone and says why, if it is known at all.
    """
    if rate.text is None:
        return _alone(count, rate)
    definition = f"{count.metric.definition} {rate.metric.label}: {rate.metric.definition}"
    return relabelled(rate, count.metric.label, definition)


def counted(count: Figure, rate: Figure) -> Figure:
    """Show a metric as a count with its rate, and the rate's verdict, beside it."""
    if rate.text is None:
        return _alone(count, rate)
    made_of = f"{rate.metric.label} {rate.text}"
    return replace(count, made_of=made_of, verdict=rate.verdict)


def _alone(count: Figure, rate: Figure) -> Figure:
    if count.text is None or rate.missing is None:
        return count
    return replace(count, made_of=f"{rate.metric.label}: {continued(rate.missing)}")
