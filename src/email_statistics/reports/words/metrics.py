"""What each number is called, means and is measured against: ``core.dim_metrics``.

The one place in Python where rates and averages are formed: from summed counts, by the numerator
and denominator that ``core.dim_metrics`` names.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from email_statistics.reports.words import formats
from email_statistics.reports.words.reasons import NOT_MEASURED, begun

FAMILIES = ("delivery", "acceptance", "reply", "unsubscribe", "complaint", "open", "click")

Availability = Mapping[str, Collection[str]]
"""For each family the statuses of the sources at hand, such as ``{"not_tracked"}``."""


@dataclass(frozen=True)
class Metric:
    """One row of ``core.dim_metrics``."""

    metric: str
    label: str
    definition: str
    kind: str
    numerator: str | None
    denominator: str | None
    unit: str
    family: str | None
    benchmark: float | None
    benchmark_direction: str | None

    @property
    def is_ratio(self) -> bool:
        """Whether it is formed from two others: a rate or an average."""
        return self.denominator is not None

    @property
    def shown_as(self) -> Literal["rate", "money", "count"]:
        """How a number of it is written."""
        if self.kind == "rate":
            return "rate"
        return "money" if self.unit == "reporting currency" else "count"

    @property
    def benchmark_text(self) -> str:
        """``at least 90%``, ``under 1%``; "" without a benchmark."""
        if self.benchmark is None:
            return ""
        bound = formats.benchmark(self.benchmark)
        return f"at least {bound}" if self.benchmark_direction == "at_least" else f"under {bound}"


@dataclass(frozen=True)
class Verdict:
    """How a number stands against its benchmark, in words too, so that colour isn't needed."""

    is_met: bool
    text: str


def in_figures(metric: Metric, value: Any, currency: str) -> str:
    """Write a number of a metric: ``34.2%``, ``12.00 USD``, ``1,234``."""
    if metric.shown_as == "money":
        return formats.money(value, currency)
    return formats.rate(value) if metric.shown_as == "rate" else formats.count(value)


def ratio(numerator: str, denominator: str) -> pl.Expr:
    """One column divided by another: a fraction, never rounded.

    Null when the denominator is 0 or null, or the numerator is null (not measured).
    """
    return pl.when(pl.col(denominator) > 0).then(
        pl.col(numerator).cast(pl.Float64) / pl.col(denominator).cast(pl.Float64)
    )


def with_ratios(sums: pl.DataFrame, metrics: Mapping[str, Metric]) -> pl.DataFrame:
    """Add to ``sums`` each rate and average whose numerator and denominator are columns of it."""
    return sums.with_columns(
        ratio(metric.numerator, metric.denominator).alias(metric.metric)
        for metric in metrics.values()
        if metric.numerator in sums.columns
        and metric.denominator in sums.columns
        # The types of a ratio's parts, which mypy can't conclude from the line before.
        and metric.numerator
        and metric.denominator
    )


def known_money(sums: pl.DataFrame, columns: Collection[str]) -> pl.DataFrame:
    """Make money null where no order of a row has an exchange rate: the warehouse's sum is then 0.

    ``sums`` has ``orders`` and ``orders_without_rate`` beside the ``columns``.
    """
    is_known = (pl.col("orders") == 0) | (pl.col("orders") > pl.col("orders_without_rate"))
    return sums.with_columns(pl.when(is_known).then(pl.col(column)) for column in columns)


def verdict(metric: Metric, value: float | None) -> Verdict | None:
    """Judge a number by its metric's benchmark; None without a benchmark or a number."""
    if metric.benchmark is None or value is None:
        return None
    if metric.benchmark_direction == "at_least":
        is_met, verb = value >= metric.benchmark, "Low: aim for"
    else:
        is_met, verb = value < metric.benchmark, "High: keep it"
    return Verdict(is_met, f"{'Good:' if is_met else verb} {metric.benchmark_text}")


def availability(sources: pl.DataFrame) -> Availability:
    """Collect the statuses by family of a frame of sources, one or many."""
    return {
        family: sources[f"{family}_availability"].unique().sort().to_list() for family in FAMILIES
    }


def in_words(family: str, status: str) -> str:
    """Put into words why a family of one source has this status; "" where all was measured."""
    if status == "measured":
        return ""
    if status == "partly_measured":
        return "The settings changed: some of its messages are measured, others not."
    return f"{begun(NOT_MEASURED[family, status])}."


def why_not_measured(metric: Metric, statuses: Availability) -> str:
    """Why a number is null, as the end of a sentence.

    Its own family's reasons come first, then those of the others, for a rate needs two.
    """
    for family in sorted(FAMILIES, key=lambda family: family != metric.family):
        found = [(family, status) for status in statuses[family]]
        if found and all(one in NOT_MEASURED for one in found):
            return "; ".join(NOT_MEASURED[one] for one in found)
    return "what it needs was measured for none of these messages"
