"""What each number is called, means and is measured against: ``core.dim_metrics``.

The one place in Python where rates and averages are formed: from summed counts, by the numerator
and denominator that the list names (spec: Rates).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from email_statistics import warehouse
from email_statistics.reports import formats

# What is measured or not, as a page calls it.
FAMILIES = {"delivery": "Delivery", "open": "Opens", "click": "Clicks"}

# Why a family isn't measured (spec: What is measured at all), as the end of a sentence.
_REASONS = {
    ("delivery", "not_reported"): "the outside SMTP service doesn't report delivery",
    ("open", "not_tracked"): "open tracking was off, or the sending domain isn't dedicated",
    ("click", "not_tracked"): "Track Clicks or the domain's click tracking was off",
    ("click", "not_supported"): "click tracking doesn't support A/B test and RSS campaigns",
    ("link_click", "not_tracked"): "Track Clicks or the domain's click tracking was off",
    ("link_click", "not_supported"): "Click Performance is for standard campaigns only",
}

Availability = Mapping[str, Collection[str]]
"""For each of ``FAMILIES`` the statuses of the sources at hand, such as ``{"not_tracked"}``."""


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


def read_metrics() -> dict[str, Metric]:
    """Every metric by name, in the order of the list."""
    rows = warehouse.sql(
        """
        select
            metric, label, definition, kind, numerator, denominator, unit, family,
            benchmark, benchmark_direction
        from core.dim_metrics
        order by sort_order
        """
    )
    return {row["metric"]: Metric(**row) for row in rows.iter_rows(named=True)}


def ratio(numerator: str, denominator: str) -> pl.Expr:
    """One column divided by another: a fraction, never rounded.

    Null when the denominator is 0 or null, or the numerator is null (not measured).
    """
    return pl.when(pl.col(denominator) > 0).then(
        pl.col(numerator).cast(pl.Float64) / pl.col(denominator).cast(pl.Float64)
    )


def known_money(sums: pl.DataFrame, columns: Collection[str]) -> pl.DataFrame:
    """Make money null where no order of a row has an exchange rate: the warehouse's sum is then 0.

    ``sums`` has ``orders`` and ``orders_without_rate`` beside the ``columns``.
    """
    is_known = (pl.col("orders") == 0) | (pl.col("orders") > pl.col("orders_without_rate"))
    return sums.with_columns(pl.when(is_known).then(pl.col(column)) for column in columns)


def with_ratios(sums: pl.DataFrame, metrics: Mapping[str, Metric]) -> pl.DataFrame:
    """Add each rate and average to ``sums``, which has every count and sum of money."""
    return sums.with_columns(
        ratio(metric.numerator, metric.denominator).alias(metric.metric)
        for metric in metrics.values()
        if metric.numerator and metric.denominator
    )


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
    reason = _REASONS[family, status]
    return f"{reason[0].upper()}{reason[1:]}."


def why_not_measured(metric: Metric, statuses: Availability) -> str:
    """Why a number is null, as the end of a sentence.

    Its own family's reasons come first, then those of the others, for a rate needs two.
    """
    for family in sorted(FAMILIES, key=lambda family: family != metric.family):
        reasons = [
            _REASONS[family, status] for status in statuses[family] if (family, status) in _REASONS
        ]
        if reasons and len(reasons) == len(statuses[family]):
            return "; ".join(reasons)
    return "what it needs was measured for none of these messages"
