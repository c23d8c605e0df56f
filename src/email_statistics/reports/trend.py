"""A count over the days of a period, as a chart and its table show it."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from email_statistics.reports import charts, components, formats
from email_statistics.reports.build import Build
from email_statistics.reports.components import Html
from email_statistics.reports.metrics import Availability, Metric, why_not_measured
from email_statistics.reports.period import Period

# About half a year: beyond it a line by day is noise.
_MOST_DAYS = 186


def by_day_or_week(
    activity: pl.DataFrame, column: str, period: Period, last_day: date
) -> tuple[str, pl.DataFrame]:
    """Spread a count of ``activity`` (a row a day with something, at least one) over the period.

    Returns the step, "day" or "week", and a row a step: ``day`` (of a week its Monday), ``value``.
    A step in which nothing happened has 0, one in which it wasn't measured null. The frame ends
    with ``last_day``, the last day of the data. Beyond half a year a step is a week, and the frame
    begins with the first activity.
    """
    is_long = period.days > _MOST_DAYS
    step = "1w" if is_long else "1d"
    steps = activity.group_by(day=pl.col("activity_date").dt.truncate(step)).agg(
        value=pl.when(pl.col(column).is_not_null().any()).then(pl.col(column).sum()),
        is_active=pl.lit(True),
    )
    first = steps.select(pl.col("day").min()).item() if is_long else period.start
    last = min(period.end, last_day)
    spread = (
        pl.select(day=pl.date_range(first, last, interval=step))
        .join(steps, on="day", how="left", maintain_order="left")
        .select("day", value=pl.when(pl.col("is_active")).then("value").otherwise(0))
    )
    return ("week" if is_long else "day"), spread


@dataclass(frozen=True)
class Trend:
    """A count to chart: its metric, the guide's name for it, what one is called, its axis."""

    metric: Metric
    label: str
    noun: str
    axis: str


def trend_panel(
    trend: Trend, activity: pl.DataFrame, period: Period, build: Build, statuses: Availability
) -> Html:
    """Chart a column of ``activity`` (at least one row) over the period, each event on its day.

    ``statuses`` are those of the sources, for why nothing of it is measured.
    """
    column = activity[trend.metric.metric]
    if column.null_count() == column.len():
        why = why_not_measured(trend.metric, statuses)
        return components.empty(f"{trend.label}: not measured", f"In these days {why}.")
    step, series = by_day_or_week(activity, trend.metric.metric, period, build.last_day)
    title = f"{trend.label} by {step}"
    summary = _summary(trend, step, series, period)
    line = charts.Line(
        alternative=f"{title}. {summary}",
        colour=f"var(--es-{trend.metric.metric})",
        time_title=f"{step.capitalize()} ({build.timezone.key})",
        value_title=f"{trend.axis} a {step}",
        noun=trend.noun,
    )
    rows = [
        [formats.day(day), "not measured" if value is None else formats.count(value)]
        for day, value in series.iter_rows()
    ]
    gaps = series["value"].null_count()
    return components.chart(
        title,
        summary,
        charts.line_chart(series, line),
        components.table(title, [step.capitalize(), trend.metric], rows),
        remark=(
            f"A gap: {formats.plural(gaps, step)} on which only emails were active for which this "
            "isn't measured."
            if gaps
            else ""
        ),
    )


def _summary(trend: Trend, step: str, series: pl.DataFrame, period: Period) -> str:
    total = int(series["value"].sum())
    counted = f"{formats.plural(total, trend.noun)} in {formats.days(period.start, period.end)}"
    if total == 0:
        return f"{counted}."
    day, most = series.sort("value", "day", descending=[True, False], nulls_last=True).row(0)
    when = f"in the week from {formats.day(day)}" if step == "week" else f"on {formats.day(day)}"
    return f"{counted}; most {when}: {formats.count(most)}."
