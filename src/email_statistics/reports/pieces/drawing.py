"""Lines over time as inline SVG: drawn once, wide and narrow.

Colours are CSS variables, so that one drawing serves light, dark and print. The SVG needs no script
and asks for nothing. Each has a text alternative; its table is the caller's.
"""

import html
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
    """A line of a chart: its column, its colour in the stylesheet, what one is called."""

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
        date_format += ", %H:%M" if isinstance(times[0], datetime) else ""
    values = points.select(at, *(pl.col(line.column).cast(pl.Float64) for line in lines)).to_dicts()
    for value, row in zip(values, points.iter_rows(named=True), strict=True):
        value["text"] = _tooltip(row, lines, axes)
    return Html(
        "".join(
            _svg(_chart(values, lines, axes, size, {**x, "format": date_format}), axes, name)
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


def _chart(
    values: Sequence[Mapping[str, Any]],
    lines: Sequence[Series],
    axes: Axes,
    size: tuple[int, int],
    time: dict[str, Any],
) -> dict[str, Any]:
    """Describe a chart in the grammar of Vega-Lite."""
    width, height = size
    highest = max(
        0.001 if axes.is_rate else 1,
        *(value[line.column] or 0 for value in values for line in lines),
    )
    x = {
        "field": "at",
        "type": time["type"],
        "scale": time["scale"],
        "axis": {
            "title": axes.time_title,
            "format": time["format"],
            "grid": False,
            "tickCount": 4 if size == _NARROW else 8,
            "labelOverlap": "greedy",
            "labelSeparation": 10,
        },
    }
    layers: list[dict[str, Any]] = []
    for line, dash in zip(lines, _DASHES, strict=False):
        name = line.column
        y = {
            "field": name,
            "type": "quantitative",
            "scale": {"domain": [0, highest], "nice": True},
            "axis": {
                "title": axes.value_title,
                "format": ".2~%" if axes.is_rate else ",d",
                "tickCount": 4,
                "tickMinStep": 0 if axes.is_rate else 1,
            },
        }
        seen = {"encoding": {"x": x, "y": y}}
        mark = {"color": line.colour, "aria": False}
        if len(lines) == 1:
            layers.append({"mark": {**mark, "type": "area", "opacity": 0.12}, **seen})
        solid = {"strokeWidth": 2, "strokeDash": dash, "strokeJoin": "round"}
        layers.append({"mark": {**mark, "type": "line", **solid}, **seen})
        dot = {"filled": True, "size": 40, "opacity": 1}
        layers.append({"mark": {**mark, "type": "point", **dot}, "transform": _alone(name), **seen})
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
    # A tooltip of SVG is a <title>; Vega writes the description as aria-label (escaped) alone.
    body = re.sub(r'<line aria-label="([^"]*)"([^>]*)/>', r"<line\2><title>\1</title></line>", body)
    return (
        f'<svg class="es-drawing es-drawing--{name}" role="img" '
        f'aria-label="{html.escape(axes.alternative)}" {box}>{body}'
    )
