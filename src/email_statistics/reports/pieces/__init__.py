"""The pieces of a page: each takes plain values and gives HTML that a notebook cell shows.

A piece is a module with the template and the style of the same name beside it. Templates escape all
text: what comes from data never becomes markup, and its direction (right to left) stays its own.
"""

from email_statistics.reports.pieces.base import (
    Html,
    columns,
    empty,
    folded,
    leading,
    link,
    note,
    outside,
    script,
    stack,
    stylesheet,
)
from email_statistics.reports.pieces.chart import chart
from email_statistics.reports.pieces.definitions import definitions
from email_statistics.reports.pieces.drawing import Axes, Series, line_chart
from email_statistics.reports.pieces.funnel import Comparison, funnel
from email_statistics.reports.pieces.header import header, source, source_name
from email_statistics.reports.pieces.interval import Interval, intervals
from email_statistics.reports.pieces.measured import Finding, Measured, findings, measured
from email_statistics.reports.pieces.ranking import Rank, ranking
from email_statistics.reports.pieces.table import Column, Name, Number, listing, table
from email_statistics.reports.pieces.tabs import Tab, tabs
from email_statistics.reports.pieces.tile import tiles
from email_statistics.reports.pieces.trend import Trend, trend_tabs, trends_chart

__all__ = [
    "Axes",
    "Column",
    "Comparison",
    "Finding",
    "Html",
    "Interval",
    "Measured",
    "Name",
    "Number",
    "Rank",
    "Series",
    "Tab",
    "Trend",
    "chart",
    "columns",
    "definitions",
    "empty",
    "findings",
    "folded",
    "funnel",
    "header",
    "intervals",
    "leading",
    "line_chart",
    "link",
    "listing",
    "measured",
    "note",
    "outside",
    "ranking",
    "script",
    "source",
    "source_name",
    "stack",
    "stylesheet",
    "table",
    "tabs",
    "tiles",
    "trend_tabs",
    "trends_chart",
]
