"""Tables: plain ones, and lists that a reader sorts, searches, pages and exports as CSV, offline.

A list is a whole HTML table, which can be read and printed without the script (``table.js``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from email_statistics.reports.ask.build import Build
from email_statistics.reports.ask.queries import Answer
from email_statistics.reports.pieces.base import Html, link, render
from email_statistics.reports.words import formats
from email_statistics.reports.words.figures import Figure
from email_statistics.reports.words.metrics import Metric

# Characters that a column of texts, and the head of numbers, has place for without a break.
_WIDEST = 28
_WIDEST_HEAD = 15

_TEXTS = ("text", "prose", "link")


@dataclass(frozen=True)
class Name:
    """A source's name, with its tag, subject (if it says more) and a detail of ours below.

    Long names and subjects fold; they are whole on focus, on hover and in print.
    """

    text: str
    tag: str = ""
    subject: str | None = None
    detail: str = ""


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
class _Head:
    """A column's head; ``width``, in characters, is what it has place for without a break."""

    label: str
    metric: Metric | None
    sorts_as: str
    width: int = 0


@dataclass(frozen=True)
class _Cell:
    """What is shown, and what is sorted and exported."""

    kind: str
    text: str
    value: Any = ""


def table(
    caption: str, head: Sequence[str | Metric], rows: Sequence[Sequence[str | Name | Figure]]
) -> Html:
    """Show a table that scrolls by itself where the page is too narrow.

    A column headed by a metric holds numbers; the head leads to the metric's definition, which
    ``definitions`` puts at the end of the page. Why numbers are missing stands below the table.
    """
    missing = [cell.missing for row in rows for cell in row if isinstance(cell, Figure)]
    return render(
        "table",
        caption=caption,
        head=[
            _Head(one.label, one, "number") if isinstance(one, Metric) else _Head(one, None, "text")
            for one in head
        ],
        rows=[[_plain_cell(cell) for cell in row] for row in rows],
        remarks=list(dict.fromkeys(reason for reason in missing if reason)),
    )


def _plain_cell(cell: str | Name | Figure) -> _Cell:
    if isinstance(cell, str):
        return _Cell("plain", cell)
    return _Cell(type(cell).__name__.lower(), cell.text or "", cell)


def listing(
    caption: str, file: str, answer: Answer, columns: Sequence[Column], build: Build
) -> Html:
    """List the rows of an answer with its SQL, folded; ``caption`` names the list.

    ``file`` names the CSV (without ``.csv``), from this code, never from data.
    """
    rows = answer.rows
    first = f"First {formats.count(rows.height)} of {formats.count(answer.total)}."
    return render(
        "list",
        caption=caption,
        file=file,
        head=[_head(column, rows[column.name], build) for column in columns],
        rows=[
            [_cell(column, value, build) for column, value in zip(columns, row, strict=True)]
            for row in rows.select(column.name for column in columns).iter_rows()
        ],
        more=f"{first} The query below gives all of them." if answer.total > rows.height else "",
        sql=answer.sql,
    )


def _head(column: Column, values: pl.Series, build: Build) -> _Head:
    metric = column.head if isinstance(column.head, Metric) else None
    label = metric.label if metric else str(column.head)
    unit = {"money": build.currency, "time": build.timezone.key}.get(column.kind)
    label = f"{label} ({unit})" if unit else label
    is_text = column.kind in _TEXTS
    longest = values.str.len_chars().max() if is_text else None
    width = max(longest if isinstance(longest, int) else 0, len(label) + len(" \N{UP DOWN ARROW}"))
    sorts_as = "text" if is_text else "time" if column.kind == "time" else "number"
    return _Head(label, metric, sorts_as, min(width, _WIDEST if is_text else _WIDEST_HEAD))


def _cell(column: Column, value: Any, build: Build) -> _Cell:
    if value is None:
        return _Cell("null", column.missing)
    if column.kind == "time":
        local = build.clock(value)
        return _Cell("time", formats.second(local), local.isoformat())
    if column.kind == "count":
        return _Cell("number", formats.count(value), str(value))
    if column.kind == "money":
        return _Cell("number", formats.amount(value), str(value))
    if column.kind == "rate":
        return _Cell("number", formats.rate(value), repr(value))
    if column.kind == "link":
        return _Cell("link", value, link(value))
    return _Cell(column.kind, value)
