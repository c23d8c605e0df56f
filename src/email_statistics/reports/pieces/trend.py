"""Numbers over the days or hours of a period, as a chart and its table show them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import polars as pl

from email_statistics.reports.ask.build import Build
from email_statistics.reports.pieces.base import Html, empty
from email_statistics.reports.pieces.chart import chart
from email_statistics.reports.pieces.drawing import Axes, Series, line_chart
from email_statistics.reports.pieces.table import table
from email_statistics.reports.pieces.tabs import Tab, tabs
from email_statistics.reports.words import formats
from email_statistics.reports.words.changes import Before
from email_statistics.reports.words.metrics import Availability, Metric, why_not_measured
from email_statistics.reports.words.period import Period

# About half a year: beyond it a line by day is noise.
_MOST_DAYS = 186
# The dash (drawing.py) of the period before.
_DOTTED = 2
_NEARLY_ALL = 0.95
_LEAST_HOURS = 12


def _per_step(activity: pl.DataFrame, at: pl.Expr, names: Sequence[str]) -> pl.DataFrame:
    """Sum columns over steps; a sum in which nothing was measured is null."""
    return activity.group_by(at=at).agg(
        *(pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()) for name in names),
        is_active=pl.lit(True),
    )


def _spread(steps: pl.DataFrame, at: pl.Series, names: Sequence[str]) -> pl.DataFrame:
    """Give each step of ``at`` a row: 0 where nothing happened, null where it wasn't measured.

    What was measured in no step is null in all: nobody knows that nothing happened.
    """
    known = [name for name in names if steps[name].null_count() < steps.height]
    return (
        pl.DataFrame({"at": at})
        .join(steps, on="at", how="left", maintain_order="left")
        .with_columns(pl.when(pl.col("is_active")).then(name).otherwise(0) for name in known)
        .select("at", *names)
    )


def by_day_or_week(
    activity: pl.DataFrame, names: Sequence[str], period: Period, last_day: date
) -> tuple[str, pl.DataFrame]:
    """Spread columns of ``activity`` (at least one row, by ``activity_date``) over the period.

    Returns the step, "day" or "week", and a row per step: ``at`` (of a week its Monday) and the
    columns. A step in which nothing happened has 0, one in which it wasn't measured null. The frame
    ends with ``last_day``, the last day of the data. Beyond half a year a step is a week, and the
    frame begins with the first activity.
    """
    is_long = period.days > _MOST_DAYS
    every = "1w" if is_long else "1d"
    steps = _per_step(activity, pl.col("activity_date").dt.truncate(every), names)
    first = steps.select(pl.col("at").min()).item() if is_long else period.start
    last = min(period.end, last_day)
    days = pl.date_range(first, last, interval=every, eager=True)
    return ("week" if is_long else "day"), _spread(steps, days, names)


def by_hour(
    activity: pl.DataFrame, names: Sequence[str], most_hours: int, build: Build
) -> pl.DataFrame:
    """Spread columns of ``activity`` (at least one row, by ``activity_hour`` in UTC) over hours.

    ``at`` is the hour on the clocks of the reporting time zone, from the first one with activity,
    ``most_hours`` at most and none after the last activity: as many as hold nearly all that came in
    these, but at least 12. An hour that the clocks show twice is one step.
    """
    local = (
        pl.col("activity_hour")
        .dt.replace_time_zone("UTC")
        .dt.convert_time_zone(build.timezone.key)
        .dt.replace_time_zone(None)
    )
    steps = _per_step(activity, local, names)
    first, last = steps.select(first=pl.col("at").min(), last=pl.col("at").max()).row(0)
    last = min(last, first + timedelta(hours=most_hours - 1))
    so_far = pl.sum_horizontal(pl.col(names)).cum_sum()
    within = steps.filter(pl.col("at") <= last).sort("at")
    nearly_all = within.filter(so_far >= _NEARLY_ALL * so_far.last())["at"].min()
    last = min(last, max(nearly_all, first + timedelta(hours=_LEAST_HOURS - 1)))
    return _spread(steps, pl.datetime_range(first, last, interval="1h", eager=True), names)


@dataclass(frozen=True)
class Trend:
    """A number to chart: its metric, the guide's name for it, what one is called, its axis.

    ``is_before`` is that number of the period before: its label is the days of that.
    """

    metric: Metric
    label: str
    noun: str
    axis: str
    is_before: bool = False

    @property
    def name(self) -> str:
        """The column."""
        return f"{self.metric.metric}_before" if self.is_before else self.metric.metric

    @property
    def colour(self) -> str:
        """The colour in the stylesheet."""
        name = "muted" if self.is_before else self.name.replace("_", "-")
        return f"var(--es-{name})"

    @property
    def head(self) -> Metric:
        """The head of its column in a table."""
        if not self.is_before:
            return self.metric
        return replace(self.metric, label=f"{self.metric.label}, {self.label}")

    @property
    def series(self) -> Series:
        """Its line; that of the period before is dotted."""
        return Series(self.name, self.colour, self.noun, _DOTTED if self.is_before else None)

    def counted(self, value: int | Decimal | None) -> str:
        """Put a number of it into words."""
        if value is None:
            return formats.UNMEASURED
        if self.metric.kind == "money":
            return f"{formats.amount(value)} {self.noun}"
        return formats.plural(int(value), self.noun)


def trend_tabs(
    name: str,
    trends: Sequence[Trend],
    activity: pl.DataFrame,
    period: Period,
    build: Build,
    statuses: Availability,
    before: Before | None = None,
    activity_before: pl.DataFrame | None = None,
) -> Html:
    """Chart columns of ``activity`` (at least one row) over the period, one shown at a time.

    Each event stands on its day. ``name`` is unlike that of any other tabs of the page,
    ``statuses`` are those of the sources, for why nothing is measured. The period before is drawn
    dotted, day by day, where the same was measured then.
    """

    def panel(trend: Trend) -> Html:
        return _panel(trend, activity, period, build, statuses, before, activity_before)

    panels = [Tab(trend.label, panel(trend)) for trend in trends]
    return tabs(name, "Metric", panels, is_titled=False)


def _panel(
    trend: Trend,
    activity: pl.DataFrame,
    period: Period,
    build: Build,
    statuses: Availability,
    before: Before | None,
    activity_before: pl.DataFrame | None,
) -> Html:
    step, points = by_day_or_week(activity, [trend.name], period, build.last_day)
    trends = [trend]
    if before is not None and activity_before is not None and not activity_before.is_empty():
        family = trend.metric.family or ""
        is_same = set(statuses.get(family, ())) == set(before.statuses.get(family, ()))
        if step == "day" and is_same:
            earlier = Trend(trend.metric, before.days, f"earlier {trend.noun}", trend.axis, True)
            _, days = by_day_or_week(activity_before, [trend.name], before.period, build.last_day)
            points = points.with_columns(days[trend.name].head(points.height).alias(earlier.name))
            trends.append(earlier)
    return trends_chart(trend.label, trends, step, points, build, statuses)


def trends_chart(
    label: str,
    trends: Sequence[Trend],
    step: str,
    points: pl.DataFrame,
    build: Build,
    statuses: Availability,
) -> Html:
    """Chart up to three columns of ``points`` (``at`` and theirs), one row per step ("day").

    The first of ``trends`` is of the period itself.

    What is measured nowhere in it isn't drawn: the page says why, by ``statuses``.
    """
    drawn = [trend for trend in trends if points[trend.name].null_count() < points.height]
    missing = [
        f"{trend.label} {formats.UNMEASURED}: {why_not_measured(trend.metric, statuses)}."
        for trend in trends
        if trend not in drawn and not trend.is_before
    ]
    if all(trend.is_before for trend in drawn):
        return empty(f"{label}: {formats.UNMEASURED}", " ".join(missing))
    title = f"{label} by {step}"
    counted = " ".join(_summary(trend, step, points) for trend in drawn)
    summary = f"{_span(step, points)}: {counted}"
    axes = Axes(
        alternative=f"{title}. {summary}",
        time_title=f"{step.capitalize()} ({build.timezone.key})",
        value_title=f"{trends[0].axis} per {step}",
    )
    rows = [
        [
            formats.step(at),
            *(_cell(trend, value) for trend, value in zip(drawn, values, strict=True)),
        ]
        for at, *values in points.select("at", *(trend.name for trend in drawn)).iter_rows()
    ]
    gaps = max(points[trend.name].null_count() for trend in drawn)
    if gaps:
        missing.append(
            f"A gap: {formats.plural(gaps, step)} on which only emails were active for which this "
            "isn't measured."
        )
    return chart(
        title,
        summary,
        line_chart(points, [trend.series for trend in drawn], axes),
        table(title, [step.capitalize(), *(trend.head for trend in drawn)], rows),
        legend=_legend(drawn, _span(step, points)) if len(trends) > 1 else [],
        remark=" ".join(missing),
    )


def _legend(trends: Sequence[Trend], days: str) -> list[tuple[str, str, int]]:
    is_compared = any(trend.is_before for trend in trends)
    return [
        (
            days if is_compared and not trend.is_before else trend.label,
            trend.colour,
            _DOTTED if trend.is_before else place,
        )
        for place, trend in enumerate(trends)
    ]


def _cell(trend: Trend, value: int | Decimal | None) -> str:
    if value is None:
        return formats.UNMEASURED
    return formats.amount(value) if trend.metric.kind == "money" else formats.count(int(value))


def _span(step: str, points: pl.DataFrame) -> str:
    first: date = points["at"][0]
    last: date = points["at"][-1]
    if isinstance(first, datetime):
        return f"{formats.step(first)} to {formats.step(last)}"
    return formats.days(first, last + timedelta(days=6) if step == "week" else last)


def _summary(trend: Trend, step: str, points: pl.DataFrame) -> str:
    total: int | Decimal = points.select(pl.col(trend.name).sum()).item()
    counted = trend.counted(total)
    if trend.is_before:
        return f"{trend.label}: {counted}."
    if not total:
        return f"{counted}."
    at, most = (
        points.select("at", trend.name)
        .sort(trend.name, "at", descending=[True, False], nulls_last=True)
        .row(0)
    )
    peak = {"week": "in the week from", "hour": "in the hour from"}.get(step, "on")
    return f"{counted}; most {peak} {formats.step(at)}: {_cell(trend, most)}."
