"""Which sources come first by a metric (spec: Reports)."""

import polars as pl

from email_statistics.reports.metrics import Metric


def top(sources: pl.DataFrame, metric: Metric, most: int, min_delivered: int) -> pl.DataFrame:
    """Return at most ``most`` rows of ``sources``, the greatest value of the metric first.

    A rate ranks only among sources with ``min_delivered`` delivered or more. Neither null (not
    measured) nor 0 ranks; ties go by id.
    """
    ranked = sources.filter(pl.col(metric.metric) > 0)
    if metric.kind == "rate":
        ranked = ranked.filter(pl.col("delivered") >= min_delivered)
    return ranked.sort(metric.metric, "email_source_id", descending=[True, False]).head(most)
