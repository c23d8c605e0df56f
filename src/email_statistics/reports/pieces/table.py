"""Tables: plain ones, and lists that a reader sorts, searches, pages and exports as CSV, offline.

A list is an HTML table, which can be read and printed without the script (``table.js``). Rows
beyond the first thousand come compressed: the script shows, searches, sorts and exports all of
them, however many there are.
"""

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from email_statistics.reports.ask.build import Build
from email_statistics.reports.ask.queries import Answer
from email_statistics.reports.pieces.base import Html, link, render
from email_statistics.reports.words import formats
from email_statistics.reports.words.figures import Figure
from email_statistics.reports.words.metrics import Metric

_ROWS = 1_000
"""Rows of a list that are in the table itself."""

_TEXTS = ("text", "prose", "link")


class Number(str):
    """The head of a column of numbers."""

    __slots__ = ()


@dataclass(frozen=True)
class Name:
    """A source's name, with its tag, subject (if it says more) and a detail of ours below.

    Long names and subjects fold; they are whole on focus, on hover and in print. ``email`` is the
    id of the email whose page the name leads to.
    """

    text: str
    tag: str = ""
    subject: str | None = None
    detail: str = ""
    email: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a list: ``name`` in the frame, ``head`` for readers, what null says.

    ``kind``: text (a long one folds); prose (never does); link (a URL, from data); count; money (of
    the reporting currency); rate (a fraction); time (UTC without a zone, as the warehouse has it);
    day. Unit and zone are put into the head. A link that ``filters`` leads to the list whose file
    this is, and shows there the rows with its address; the column ``is_visited`` says whether the
    address itself may be opened too. ``email`` or ``experiment`` is the column with the
    id of what a text leads to the page of; ``contact``, of a list's first column, with that of the
    contact whose record it leads to on the live site.
    """

    name: str
    head: str | Metric
    kind: Literal["text", "prose", "link", "count", "money", "rate", "time", "day"] = "text"
    missing: str = "\N{EN DASH}"
    email: str = ""
    experiment: str = ""
    contact: str = ""
    is_optional: bool = False
    filters: str = ""
    is_visited: str = ""


@dataclass(frozen=True)
class _Head:
    """A column's head: how it sorts, how its values are written, what a missing one says."""

    label: str
    metric: Metric | None
    sorts_as: str
    kind: str = ""
    missing: str = ""


@dataclass(frozen=True)
class _Cell:
    """What is shown, what is sorted and exported, and the id of what it leads to the page of."""

    kind: str
    text: str
    value: Any = ""
    leads_to: str = ""
    noun: str = "email"


def table(
    caption: str,
    head: Sequence[str | Metric],
    rows: Sequence[Sequence[str | Name | Figure | Html]],
) -> Html:
    """Show a table that scrolls by itself where the page is too narrow.

    A column headed by a metric or a ``Number`` holds numbers; a metric leads to its definition,
    which ``definitions`` puts at the end of the page. Why numbers are missing stands below.
    """
    missing = [cell.missing for row in rows for cell in row if isinstance(cell, Figure)]
    return render(
        "table",
        caption=caption,
        head=[
            _Head(one.label, one, "number")
            if isinstance(one, Metric)
            else _Head(one, None, "number" if isinstance(one, Number) else "text")
            for one in head
        ],
        rows=[[_plain_cell(cell) for cell in row] for row in rows],
        remarks=list(dict.fromkeys(reason for reason in missing if reason)),
    )


def _plain_cell(cell: str | Name | Figure | Html) -> _Cell:
    if isinstance(cell, str):
        return _Cell("plain", cell)
    if isinstance(cell, Html):
        return _Cell("link", "", cell)
    return _Cell(type(cell).__name__.lower(), cell.text or "", cell)


def listing(
    caption: str, file: str, answer: Answer, columns: Sequence[Column], build: Build
) -> Html:
    """List the rows of an answer with its SQL, folded; ``caption`` names the list.

    ``file`` names the CSV (without ``.csv``), from this code, never from data. A column whose every
    value is missing isn't shown, if it ``is_optional``.
    """
    columns = [
        column
        for column in columns
        if not column.is_optional or answer.rows[column.name].null_count() < answer.rows.height
    ]
    # What leads to a page has its link made later, in the markup.
    is_linked = any(column.email or column.experiment or column.filters for column in columns)
    in_table = answer.rows.height if is_linked else _ROWS
    rows, rest = answer.rows.head(in_table), answer.rows.slice(in_table)
    contact = columns[0].contact
    return render(
        "list",
        caption=caption,
        file=file,
        head=[_head(column, build) for column in columns],
        rows=[
            [_cell(column, row, build) for column in columns] for row in rows.iter_rows(named=True)
        ],
        contacts=rows[contact].to_list() if contact else [],
        count=answer.rows.height,
        rest=_packed(rest, columns, build) if rest.height else "",
        sql=answer.sql,
    )


def _packed(rows: pl.DataFrame, columns: Sequence[Column], build: Build) -> str:
    """Pack rows for the script: JSON with a list of texts or nulls per column, gzip, base64.

    The last list is the ids of their contacts, where the list has them.
    """
    values = [
        rows.select(_plainly(column, build).cast(pl.String)).to_series().to_list()
        for column in columns
    ]
    if columns[0].contact:
        values.append(rows[columns[0].contact].to_list())
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _plainly(column: Column, build: Build) -> pl.Expr:
    """Write a column's values as sorting and the CSV need them."""
    value = pl.col(column.name)
    if column.kind != "time":
        return value
    local = value.dt.replace_time_zone("UTC").dt.convert_time_zone(build.timezone.key)
    return local.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f%:z")


def _head(column: Column, build: Build) -> _Head:
    metric = column.head if isinstance(column.head, Metric) else None
    label = metric.label if metric else str(column.head)
    zone = build.timezone.key
    unit = {"money": build.currency, "time": zone, "day": zone}.get(column.kind)
    label = f"{label} ({unit})" if unit else label
    sorts_as = "text" if column.kind in _TEXTS else "number"
    sorts_as = "time" if column.kind in ("time", "day") else sorts_as
    return _Head(label, metric, sorts_as, column.kind, column.missing)


def _cell(column: Column, row: Mapping[str, Any], build: Build) -> _Cell:
    value = row[column.name]
    if value is None:
        return _Cell("null", column.missing)
    if column.kind == "time":
        local = build.clock(value)
        return _Cell("time", formats.step(local), local.isoformat())
    if column.kind == "day":
        return _Cell("time", formats.day(value), value.isoformat())
    if column.kind == "count":
        return _Cell("number", formats.count(value), str(value))
    if column.kind == "money":
        return _Cell("number", formats.amount(value), str(value))
    if column.kind == "rate":
        return _Cell("number", formats.rate(value), repr(value))
    if column.kind == "link":
        is_open = not column.is_visited or row[column.is_visited]
        return _Cell("link", value, link(value, column.filters, is_open=is_open))
    target = column.email or column.experiment
    noun = "experiment" if column.experiment else "email"
    return _Cell(column.kind, value, leads_to=(row[target] or "") if target else "", noun=noun)
