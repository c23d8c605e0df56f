"""Charts as inline SVG: drawn once, wide and narrow, in the colours of the reader's scheme.

Colours are CSS variables of ``report.css``, so that one drawing serves light, dark and print. The
SVG needs no script and asks for nothing. Each has a text alternative; its table is the caller's.
"""

import html
import re
from dataclasses import dataclass
from datetime import date, timedelta

import altair as alt
import polars as pl
import vl_convert

from email_statistics.reports import formats
from email_statistics.reports.components import Html

# Plotting areas in pixels; report.css shows the drawing that fits and scales it to its place.
_WIDE = (830, 190)
_NARROW = (270, 170)

# From here on months tell more than days.
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
class Line:
    """What a line over time tells: its name for readers, its colour in ``report.css``, its axes."""

    alternative: str
    colour: str
    time_title: str
    value_title: str
    noun: str


def line_chart(series: pl.DataFrame, line: Line) -> Html:
    """Draw ``series`` (``day``, ``value``; null is a gap) as a line from zero, wide and narrow.

    Each step's count stands in a tooltip; a step between two gaps is a dot.
    """
    days = series["day"]
    is_long = days[-1] - days[0] > _LONG
    points = series.with_columns(
        # A time of UTC: without a zone it would be one of this machine's.
        day=pl.col("day").dt.strftime("%Y-%m-%dT00:00:00Z"),
        text=pl.struct("day", "value").map_elements(
            lambda row: _tooltip(row["day"], row["value"], line.noun), return_dtype=pl.String
        ),
    )
    return Html(
        "".join(
            _svg(_layers(points, line, size, is_long), line.alternative, name)
            for name, size in (("wide", _WIDE), ("narrow", _NARROW))
        )
    )


def _tooltip(day: date, value: int | None, noun: str) -> str:
    counted = "not measured" if value is None else formats.plural(value, noun)
    return f"{formats.day(day)}: {counted}"


def _layers(
    points: pl.DataFrame, line: Line, size: tuple[int, int], is_long: bool
) -> alt.LayerChart:
    width, height = size
    is_narrow = size == _NARROW
    highest = max(1, points.select(pl.col("value").max()).item() or 0)
    chart = alt.Chart(points).encode(
        x=alt.X(
            "day:T",
            scale=alt.Scale(type="utc"),
            axis=alt.Axis(
                title=line.time_title,
                format="%b %Y" if is_long else "%-d %b",
                grid=False,
                tickCount=4 if is_narrow else 8,
                labelOverlap="greedy",
                labelSeparation=10,
            ),
        ),
        y=alt.Y(
            "value:Q",
            scale=alt.Scale(domain=[0, highest], nice=True),
            axis=alt.Axis(title=line.value_title, format=",d", tickCount=4, tickMinStep=1),
        ),
    )
    alone = chart.transform_window(
        before="lag(value)", after="lead(value)", sort=[alt.SortField("day")]
    ).transform_filter("isValid(datum.value) && !isValid(datum.before) && !isValid(datum.after)")
    layered: alt.LayerChart = (
        alt.layer(
            chart.mark_area(color=line.colour, opacity=0.12, aria=False),
            chart.mark_line(color=line.colour, strokeWidth=2, strokeJoin="round", aria=False),
            alone.mark_point(color=line.colour, filled=True, size=40, opacity=1, aria=False),
            # Broad and unseen: where the pointer finds the tooltip.
            chart.mark_rule(strokeWidth=width / points.height, opacity=0).encode(
                y=alt.value(0), y2=alt.value(height), description="text:N"
            ),
        )
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
