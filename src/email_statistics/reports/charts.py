"""Charts as inline SVG: drawn once, wide and narrow, in the colours of the reader's scheme.

Colours are CSS variables of ``report.css``, so that one drawing serves light, dark and print. The
SVG needs no script and asks for nothing. Each has a text alternative; its table is the caller's.
"""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import altair as alt
import polars as pl
import vl_convert

from email_statistics.reports import formats
from email_statistics.reports.components import Html

# Plotting areas in pixels; report.css shows the drawing that fits and scales it to its place.
_WIDE = (830, 190)
_NARROW = (270, 170)

# From here on months tell more than days (a chart by hour is never as long).
_LONG = timedelta(days=300)

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
_AXIS = {
    "domain": False,
    "ticks": False,
    "gridColor": "var(--es-line)",
    "labelColor": "var(--es-muted)",
    "labelFont": _FONT,
    "labelFontSize": 12,
    "labelPadding": 8,
    "titleColor": "var(--es-muted)",
    "titleFont": _FONT,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
    "titlePadding": 12,
}


@dataclass(frozen=True)
class Series:
    """A line of a chart: its column, its colour in ``report.css``, what one is called."""

    column: str
    colour: str
    noun: str


@dataclass(frozen=True)
class Axes:
    """What a chart over time tells: its name for readers, the titles of its axes.

    Rates are fractions, shown as percent.
    """

    alternative: str
    time_title: str
    value_title: str
    is_rate: bool = False


# How the second and third line differ from the first, besides in colour; report.css has the same.
_DASHES = [[], [7, 3], [2, 2]]


def line_chart(points: pl.DataFrame, lines: Sequence[Series], axes: Axes) -> Html:
    """Draw up to three columns of ``points`` as lines from zero, wide and narrow.

    ``points`` has a row a step: ``at``, its local day or hour (a date, or a time without a zone),
    and a number or null (a gap) for each of ``lines``. Each step's numbers stand in a tooltip; a
    step between two gaps is a dot. One line alone has its area tinted. Where ``at`` is a whole
    number, it is one of days.
    """
    times = points["at"]
    is_number = times.dtype.is_integer()
    date_format = "%b %Y" if not is_number and times[-1] - times[0] > _LONG else "%-d %b"
    if isinstance(times[0], datetime):
        date_format += ", %H:%M"
    drawn = points.with_columns(
        # A time of UTC: without a zone it would be one of this machine's.
        at=pl.col("at")
        if is_number
        else pl.col("at").cast(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        text=pl.Series([_tooltip(row, lines, axes) for row in points.iter_rows(named=True)]),
    )
    return Html(
        "".join(
            _svg(_layers(drawn, lines, axes, size, date_format), axes.alternative, name)
            for name, size in (("wide", _WIDE), ("narrow", _NARROW))
        )
    )


def _tooltip(row: Mapping[str, Any], lines: Sequence[Series], axes: Axes) -> str:
    words = [_counted(row[line.column], line, axes) for line in lines]
    at = row["at"]
    step = formats.plural(at, "day") if isinstance(at, int) else formats.step(at)
    return f"{step}: {', '.join(words)}"


def _counted(value: int | Decimal | float | None, line: Series, axes: Axes) -> str:
    if value is None:
        return f"{line.noun}s not measured"
    if axes.is_rate:
        return formats.rate(float(value))
    if isinstance(value, Decimal):
        return f"{formats.amount(value)} {line.noun}"
    return formats.plural(int(value), line.noun)


def _layers(
    points: pl.DataFrame,
    lines: Sequence[Series],
    axes: Axes,
    size: tuple[int, int],
    date_format: str,
) -> alt.LayerChart:
    width, height = size
    is_narrow = size == _NARROW
    names = [line.column for line in lines]
    least = 0.001 if axes.is_rate else 1
    highest = max(least, *(value or 0 for value in points.select(pl.col(names).max()).row(0)))
    points = points.with_columns(pl.col(names).cast(pl.Float64))
    is_number = points["at"].dtype.is_integer()
    chart = alt.Chart(points).encode(
        x=alt.X(
            "at:Q" if is_number else "at:T",
            scale=alt.Scale(nice=False, zero=False) if is_number else alt.Scale(type="utc"),
            axis=alt.Axis(
                title=axes.time_title,
                format="d" if is_number else date_format,
                grid=False,
                tickCount=4 if is_narrow else 8,
                labelOverlap="greedy",
                labelSeparation=10,
            ),
        )
    )
    layers: list[alt.Chart] = []
    for line, dash in zip(lines, _DASHES, strict=False):
        name = line.column
        one = chart.encode(
            y=alt.Y(
                f"{name}:Q",
                scale=alt.Scale(domain=[0, float(highest)], nice=True),
                axis=alt.Axis(
                    title=axes.value_title,
                    format=".2~%" if axes.is_rate else ",d",
                    tickCount=4,
                    tickMinStep=0 if axes.is_rate else 1,
                ),
            )
        )
        alone = one.transform_window(
            before=f"lag({name})", after=f"lead({name})", sort=[alt.SortField("at")]
        ).transform_filter(
            f"isValid(datum.{name}) && !isValid(datum.before) && !isValid(datum.after)"
        )
        if len(lines) == 1:
            layers.append(one.mark_area(color=line.colour, opacity=0.12, aria=False))
        layers += [
            one.mark_line(
                color=line.colour, strokeWidth=2, strokeDash=dash, strokeJoin="round", aria=False
            ),
            alone.mark_point(color=line.colour, filled=True, size=40, opacity=1, aria=False),
        ]
    # Broad and unseen: where the pointer finds the tooltip.
    tooltips = chart.mark_rule(strokeWidth=width / points.height, opacity=0).encode(
        y=alt.value(0), y2=alt.value(height), description="text:N"
    )
    layered: alt.LayerChart = (
        alt.layer(*layers, tooltips)
        .properties(width=width, height=height)
        .configure(background="transparent", axis=_AXIS, view={"stroke": None}, padding=6)
    )
    return layered


def _svg(chart: alt.LayerChart, alternative: str, name: str) -> str:
    drawn: str = vl_convert.vegalite_to_svg(chart.to_dict())
    opening, body = drawn.split(">", maxsplit=1)
    box = re.findall(r'viewBox="[^"]*"', opening)[0]
    # A tooltip of SVG is a <title>; Vega writes the description as aria-label (escaped) alone.
    body = re.sub(r'<line aria-label="([^"]*)"([^>]*)/>', r"<line\2><title>\1</title></line>", body)
    return (
        f'<svg class="es-drawing es-drawing--{name}" role="img" '
        f'aria-label="{html.escape(alternative)}" {box}>{body}'
    )
