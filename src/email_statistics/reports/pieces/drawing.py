"""Lines over time as inline SVG: drawn once, wide and narrow.

Colours are CSS variables, so that one drawing serves light, dark and print. The SVG needs no script
and asks for nothing. Each has a text alternative; its table is the caller's.
"""

import html
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import vl_convert

from email_statistics.reports.pieces.base import Html
from email_statistics.reports.words import formats

# Plotting areas in pixels; the stylesheet shows the drawing that fits and scales it to its place.
_WIDE = (830, 190)
_NARROW = (270, 170)

# From here on months tell more than days (a chart by hour is never as long).
_LONG = timedelta(days=300)

_DAY = 24 * 60 * 60 * 1000

# Up to so many steps each has a dot.
_MOST_DOTS = 62
# Where no rate is below it, an axis from zero would show a flat line.
_HIGH_RATE = 0.5

# How the second and third line differ from the first, besides in colour; chart.css has the same.
_DASHES: list[list[int]] = [[], [7, 3], [2, 2]]

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
_CONFIG = {
    "axis": {
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
    },
    "view": {"stroke": None},
}


@dataclass(frozen=True)
class Series:
    """A line of a chart: its column, its colour in the stylesheet, what one is called.

    ``dash`` is a number of ``_DASHES``; None is the line's place among the lines.
    """

    column: str
    colour: str
    noun: str
    dash: int | None = None


@dataclass(frozen=True)
class Axes:
    """What a chart over time tells: its name for readers, the titles of its axes.

    Rates are fractions, shown as percent; where all are high, their axis doesn't begin at zero.
    ``benchmark`` is drawn across, ``mark`` down from a value of the time axis; each has its words.
    """

    alternative: str
    time_title: str
    value_title: str
    is_rate: bool = False
    benchmark: float | None = None
    mark: tuple[int, str] | None = None


def line_chart(points: pl.DataFrame, lines: Sequence[Series], axes: Axes) -> Html:
    """Draw up to three columns of ``points`` as lines from zero, wide and narrow.

    ``points`` has a row per step: ``at``, its local day or hour (a date, or a time without a zone),
    and a number or null (a gap) for each of ``lines``. A tooltip has each step's numbers; a
    step between two gaps is a dot. One line alone has its area tinted. Where ``at`` is a whole
    number, it is one of days.
    """
    times = points["at"]
    if times.dtype.is_integer():
        at, x = pl.col("at"), {"type": "quantitative", "scale": {"nice": False, "zero": False}}
        date_format = "d"
    else:
        # A time of UTC: without a zone it would be one of this machine's.
        at = pl.col("at").cast(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        x = {"type": "temporal", "scale": {"type": "utc"}}
        date_format = "%b %Y" if times[-1] - times[0] > _LONG else "%-d %b"
    values = points.select(at, *(pl.col(line.column).cast(pl.Float64) for line in lines)).to_dicts()
    for value, row in zip(values, points.iter_rows(named=True), strict=True):
        value["text"] = _tooltip(row, lines, axes)
    time = {**x, "format": date_format, "is_hourly": isinstance(times[0], datetime)}
    return Html(
        "".join(
            _svg(_chart(values, lines, axes, size, time), axes, name)
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
        return f"{line.noun}s {formats.UNMEASURED}"
    if axes.is_rate:
        return formats.rate(float(value))
    if isinstance(value, Decimal):
        return f"{formats.amount(value)} {line.noun}"
    return formats.plural(int(value), line.noun)


def _chart(
    values: Sequence[Mapping[str, Any]],
    lines: Sequence[Series],
    axes: Axes,
    size: tuple[int, int],
    time: dict[str, Any],
) -> dict[str, Any]:
    """Describe a chart in the grammar of Vega-Lite."""
    width, height = size
    numbers = [value[line.column] for value in values for line in lines]
    ticks = _ticks([number for number in numbers if number is not None], axes)
    steps = _steps(values, 4 if size == _NARROW else 8, time["type"])
    x = {
        "field": "at",
        "type": time["type"],
        "scale": time["scale"],
        "axis": {
            "title": axes.time_title,
            "format": time["format"],
            **({"labelExpr": _hour_labels(steps)} if time["is_hourly"] else {}),
            "grid": False,
            "values": steps,
            "labelOverlap": "greedy",
            "labelSeparation": 10,
        },
    }
    layers: list[dict[str, Any]] = []
    for place, line in enumerate(lines):
        dash = _DASHES[place if line.dash is None else line.dash]
        name = line.column
        y = {
            "field": name,
            "type": "quantitative",
            "scale": {"domain": [ticks[0], ticks[-1]], "nice": False, "zero": False},
            "axis": {
                "title": axes.value_title,
                "format": ".2~%" if axes.is_rate else ",d",
                "values": ticks,
            },
        }
        seen = {"encoding": {"x": x, "y": y}}
        mark = {"color": line.colour, "aria": False}
        if len(lines) == 1 and ticks[0] == 0:
            layers.append({"mark": {**mark, "type": "area", "opacity": 0.12}, **seen})
        solid = {"strokeWidth": 2, "strokeDash": dash, "strokeJoin": "round"}
        layers.append({"mark": {**mark, "type": "line", **solid}, **seen})
        is_dotted = len(values) <= _MOST_DOTS and line.dash is None
        dot = {"filled": True, "size": 20 if is_dotted else 40, "opacity": 1}
        shown = [{"filter": f"isValid(datum.{name})"}] if is_dotted else _alone(name)
        layers.append({"mark": {**mark, "type": "point", **dot}, "transform": shown, **seen})
    if axes.benchmark is not None and ticks[0] <= axes.benchmark <= ticks[-1]:
        words = f"Benchmark: {formats.benchmark(axes.benchmark)}"
        layers += _across(axes.benchmark, words)
    if axes.mark is not None:
        layers += _down(x, *axes.mark, height)
    # Broad and unseen: where the pointer finds the tooltip.
    layers.append(
        {
            "mark": {"type": "rule", "strokeWidth": width / len(values), "opacity": 0},
            "encoding": {
                "x": x,
                "y": {"value": 0},
                "y2": {"value": height},
                "description": {"field": "text", "type": "nominal"},
            },
        }
    )
    return {
        "data": {"values": values},
        "width": width,
        "height": height,
        "layer": layers,
        "background": "transparent",
        "padding": 6,
        "config": _CONFIG,
    }


def _ticks(numbers: Sequence[float], axes: Axes) -> list[float]:
    """Choose up to six round values for the value axis, the last of them above all numbers.

    The first is 0, but for rates that are all high: what differs between them is to be seen.
    """
    highest, lowest = max(numbers, default=0), min(numbers, default=0)
    if axes.benchmark is not None and axes.benchmark <= 2 * highest:
        highest, lowest = max(highest, axes.benchmark), min(lowest, axes.benchmark)
    base = math.floor(lowest * 20) / 20 if axes.is_rate and lowest >= _HIGH_RATE else 0.0
    span = max(highest - base, 0.001 if axes.is_rate else 1)
    magnitude = 10 ** math.floor(math.log10(span / 4))
    step = next(size * magnitude for size in (1, 2, 2.5, 5, 10) if size * magnitude * 4 >= span)
    step = step if axes.is_rate else max(1, math.ceil(step))
    count = math.ceil(span / step - 1e-9)
    ticks = [round(base + number * step, 6) for number in range(count + 1)]
    return [tick for tick in ticks if not axes.is_rate or tick <= 1.0001]


def _steps(values: Sequence[Mapping[str, Any]], most: int, kind: str) -> list[Any]:
    """Choose up to ``most`` of the steps for ticks: a tick stands where a value does."""
    if kind != "temporal":
        every = next(size for size in (1, 2, 5, 10, 20, 50) if len(values) / size <= most + 1)
        return [value["at"] for value in values if value["at"] % every == 0]
    chosen = [value["at"] for value in values[:: math.ceil(len(values) / most)]]
    return [datetime.fromisoformat(at).timestamp() * 1000 for at in chosen]


def _hour_labels(steps: Sequence[float]) -> str:
    """Write what labels ticks of hours: the hour, and below the first one of a day that day."""
    days = [step // _DAY for step in steps]
    firsts = [step for step, day in zip(steps, days, strict=True) if step == steps[days.index(day)]]
    hour, day = "utcFormat(datum.value, '%H:%M')", "utcFormat(datum.value, '%-d %b')"
    return f"indexof({firsts}, +datum.value) < 0 ? {hour} : [{hour}, {day}]"


# Else a line and its words are drawn once for each row of the chart, one upon the other.
_ONCE: dict[str, Any] = {"values": [{}]}


def _across(value: float, words: str) -> list[dict[str, Any]]:
    """Draw a line across at a value, with its words."""
    y = {"datum": value, "type": "quantitative"}
    rule = {"type": "rule", "color": "var(--es-muted)", "strokeDash": [1, 3], "aria": False}
    text = {
        "type": "text", "color": "var(--es-muted)", "align": "right", "baseline": "bottom",
        "dy": -3, "font": _FONT, "fontSize": 11, "text": words, "aria": False,
    }  # fmt: skip
    return [
        {"data": _ONCE, "mark": rule, "encoding": {"y": y}},
        {"data": _ONCE, "mark": text, "encoding": {"y": y, "x": {"value": "width"}}},
    ]


def _down(x: Mapping[str, Any], value: int, words: str, height: int) -> list[dict[str, Any]]:
    """Draw a line down at a value of the time axis, with its words."""
    at = {**x, "datum": value}
    del at["field"]
    rule = {"type": "rule", "color": "var(--es-muted)", "strokeDash": [1, 3], "aria": False}
    text = {
        "type": "text", "color": "var(--es-muted)", "align": "left", "baseline": "bottom",
        "dx": 5, "font": _FONT, "fontSize": 11, "text": words, "aria": False,
    }  # fmt: skip
    ends = {"y": {"value": 0}, "y2": {"value": height}}
    return [
        {"data": _ONCE, "mark": rule, "encoding": {"x": at, **ends}},
        {"data": _ONCE, "mark": text, "encoding": {"x": at, "y": {"value": 12}}},
    ]


def _alone(name: str) -> list[dict[str, Any]]:
    """Keep the points between two gaps."""
    beside = [
        {"op": "lag", "field": name, "as": "before"},
        {"op": "lead", "field": name, "as": "after"},
    ]
    is_alone = f"isValid(datum.{name}) && !isValid(datum.before) && !isValid(datum.after)"
    return [{"window": beside, "sort": [{"field": "at"}]}, {"filter": is_alone}]


def _svg(chart: dict[str, Any], axes: Axes, name: str) -> str:
    drawn: str = vl_convert.vegalite_to_svg(chart)
    opening, body = drawn.split(">", maxsplit=1)
    box = re.findall(r'viewBox="[^"]*"', opening)[0]
    # A tooltip of SVG is a <title>, and chart.js shows it better; Vega writes the description as
    # aria-label (escaped) alone.
    hit = r'<line class="es-hit"\2><title>\1</title></line>'
    body = re.sub(r'<line aria-label="([^"]*)"([^>]*)/>', hit, body)
    body = re.sub(r'(<line class="es-hit") role="[^"]*" aria-roledescription="[^"]*"', r"\1", body)
    return (
        f'<svg class="es-drawing es-drawing--{name}" role="img" '
        f'aria-label="{html.escape(axes.alternative)}" {box}>{body}'
    )
