"""Lists that a reader sorts, searches, pages and takes along as CSV (``list.js``), offline.

Each is a whole HTML table, which can be read and printed without the script.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import polars as pl

from email_statistics.reports import components, formats
from email_statistics.reports.build import Build
from email_statistics.reports.components import Html
from email_statistics.reports.metrics import Metric

MOST_ROWS = 1_000
"""Rows that a page holds of one list (spec: Reports)."""

# Characters that a column of texts, and the head of numbers, has place for without a break.
_WIDEST = 28
_WIDEST_HEAD = 15


@dataclass(frozen=True)
class Column:
    """A column of a list: ``name`` in the frame, ``head`` for readers, what null says.

    ``kind``: text (a long one folds); prose (never does); link (a URL, from data); count; money (of
    the reporting currency); rate (a fraction); time (UTC without a zone, as the warehouse has it).
    Unit and zone are put into the head.
    """

    name: str
    head: str | Metric
    kind: Literal["text", "prose", "link", "count", "money", "rate", "time"] = "text"
    missing: str = "\N{EN DASH}"


@dataclass(frozen=True)
class Head:
    """A column's head as the template shows it; ``sorts_as``: text, number or time.

    ``width``, in characters, is what it has place for without a break.
    """

    label: str
    metric: Metric | None
    sorts_as: str
    width: int


def listing(
    caption: str,
    file: str,
    rows: pl.DataFrame,
    columns: Sequence[Column],
    build: Build,
    *,
    total: int | None = None,
    mart: str = "",
    query: str = "",
) -> Html:
    """List ``rows``, of which the first ``MOST_ROWS`` are in the page; ``caption`` names the list.

    ``file`` names the CSV (without ``.csv``), from this code, never from data. Where ``rows`` are
    the first of ``total``, ``mart`` and ``query`` (ready SQL, ``literal`` for what stands in it)
    say how to get all of them.
    """
    shown = rows.head(MOST_ROWS)
    everything = rows.height if total is None else total
    more = ""
    if everything > shown.height:
        more = f"First {formats.count(shown.height)} of {formats.count(everything)}."
    return components.list_of(
        caption=caption,
        file=file,
        columns=[_head(column, shown[column.name], build) for column in columns],
        rows=[
            [_cell(column, value, build) for column, value in zip(columns, row, strict=True)]
            for row in shown.select(column.name for column in columns).iter_rows()
        ],
        more=more,
        mart=mart,
        query=query,
    )


def literal(text: str) -> str:
    """Write a text as a literal of SQL, for a query that is shown, not run."""
    return "'" + text.replace("'", "''") + "'"


def _head(column: Column, values: pl.Series, build: Build) -> Head:
    metric = column.head if isinstance(column.head, Metric) else None
    label = metric.label if metric else str(column.head)
    unit = {"money": build.currency, "time": build.timezone.key}.get(column.kind)
    texts = dict.fromkeys(("text", "prose", "link"), "text")
    sorts_as = {**texts, "time": "time"}.get(column.kind, "number")
    label = f"{label} ({unit})" if unit else label
    longest = values.str.len_chars().max() if sorts_as == "text" else None
    width = max(longest if isinstance(longest, int) else 0, len(label) + len(" \N{UP DOWN ARROW}"))
    return Head(
        label, metric, sorts_as, min(width, _WIDEST if sorts_as == "text" else _WIDEST_HEAD)
    )


def _cell(column: Column, value: Any, build: Build) -> tuple[str, str, str | Html]:
    """What is shown and what is sorted and exported, as kind, text, value."""
    if value is None:
        return "null", column.missing, ""
    if column.kind == "time":
        return _time_cell(value.replace(tzinfo=UTC), build)
    if column.kind == "count":
        return "number", formats.count(value), str(value)
    if column.kind == "money":
        return "number", formats.amount(value), str(value)
    if column.kind == "rate":
        return "number", formats.rate(value), repr(value)
    if column.kind == "link":
        return "link", value, components.link(value)
    return column.kind, value, ""


def _time_cell(moment: datetime, build: Build) -> tuple[str, str, str]:
    local = moment.astimezone(build.timezone)
    return "time", formats.second(local), local.isoformat()
