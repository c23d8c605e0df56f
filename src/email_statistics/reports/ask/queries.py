"""The queries of a page: files of ``queries/``, asked in one connection and remembered.

A query is SQL over ``core`` and ``marts`` whose ``$name`` are bound; after ``from`` and ``join`` it
is the name of another query of the same folder. What a page shows as its SQL is the text of the
file that ran, with the values that were bound.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import duckdb
import polars as pl

from email_statistics import warehouse
from email_statistics.reports.ask.build import Build, build_of
from email_statistics.reports.words.period import Period

_BATCH_ROWS = 100_000


@dataclass(frozen=True)
class Answer:
    """Rows of a query, of how many in all, and its SQL, ready to be run: it gives all of them."""

    rows: pl.DataFrame
    total: int
    sql: str


class Asked:
    """What a page asked of one build of the warehouse; ``answers`` are by the query's name."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Read the build; the connection sees that one, whatever is published meanwhile."""
        self._connection = connection
        self._bound: dict[str, Any] = {}
        self.answers: dict[str, Answer] = {}
        self.build: Build = build_of(self.ask("shared/build").rows.row(0, named=True))

    def bind(self, **parameters: Any) -> None:
        """Give the queries asked from now on these values."""
        self._bound |= parameters

    def over(self, period: Period) -> Period:
        """Ask for the days of this period from now on."""
        self.bind(start=period.start, end=period.end)
        return period

    def __call__(self, query: str, *, name: str = "", **parameters: Any) -> pl.DataFrame:
        """Return all rows of ``queries/<query>.sql``."""
        return self.ask(query, name=name, **parameters).rows

    def ask(
        self,
        query: str,
        *,
        name: str = "",
        first: int | None = None,
        skip: int = 0,
        **parameters: Any,
    ) -> Answer:
        """Answer ``queries/<query>.sql``: all its rows, or the ``first`` ones after ``skip``.

        It is remembered by ``name``, by default the file's. Raises ``duckdb.Error`` where the query
        can't be run.
        """
        text = _text(query)
        bound = self._bound | parameters
        values = {key: bound[key] for key in sorted(set(_PARAMETER.findall(text)))}
        if first is None:
            rows = self._run(text, values)
            total = rows.height
        else:
            rows = self._run(f"from (\n{text}\n) limit {first:d} offset {skip:d}", values)
            total = rows.height
            if skip or total == first:
                total = self._run(f"from (\n{text}\n) select count(*)", values).item()
        answer = Answer(rows, total, _filled(text, values))
        self.answers[name or query.rpartition("/")[2]] = answer
        return answer

    def stream(self, query: str, **parameters: Any) -> Iterator[pl.DataFrame]:
        """Give all rows of ``queries/<query>.sql``, however many: in frames, at least one.

        They aren't remembered.
        """
        text = _text(query)
        bound = self._bound | parameters
        values = {key: bound[key] for key in set(_PARAMETER.findall(text))}
        reader = self._connection.sql(text, params=values).to_arrow_reader(_BATCH_ROWS)
        yield pl.DataFrame(reader.schema.empty_table())
        for batch in reader:
            yield pl.DataFrame(batch)

    def _run(self, text: str, values: dict[str, Any]) -> pl.DataFrame:
        rows: pl.DataFrame = self._connection.sql(text, params=values).pl()
        return rows


@contextmanager
def asking() -> Iterator[Asked]:
    """Open the warehouse for the queries of one page, all answered by the same build.

    Raises ``WarehouseError`` where nothing is published, or by another version of the project.
    """
    with warehouse.of_this_version(), warehouse.connect(warehouse.location()) as connection:
        yield Asked(connection)


_PARAMETER = re.compile(r"\$([a-z_]+)")
_QUERY = re.compile(r"(?<=\b(?:from|join) )\$([a-z_]+)")


@cache
def _text(query: str) -> str:
    """Read a query, with those that it reads from."""
    page, _, name = query.partition("/")
    folder = resources.files("email_statistics.reports").joinpath("queries", page)
    text = folder.joinpath(f"{name}.sql").read_text(encoding="utf-8").strip()
    return _QUERY.sub(lambda found: f"(\n{_text(f'{page}/{found[1]}')}\n)", text)


def _filled(text: str, values: dict[str, Any]) -> str:
    return _PARAMETER.sub(lambda found: _literal(values[found[1]]), text)


def _literal(value: Any) -> str:
    """Write a value as SQL, for a query that is shown, never run by us."""
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, date):
        return f"date '{value}'"
    return "'" + str(value).replace("'", "''") + "'"
