"""The figures of a raw lake, from its files' footers as far as these have them.

What is read besides: event types, texts that may be blank, and times of loading kept as text.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from pydantic import BaseModel, ConfigDict

from email_statistics.contract import RawTable, raw_tables
from email_statistics.errors import EmailStatsError
from email_statistics.lake import LakeFile
from email_statistics.storage import open_duckdb

# A blank text sorts before every printable character, so whole row groups are passed over by their
# statistics; trim() then knows Unicode's white space from the rest.
_FIRST_PRINTABLE = "!"


class RawLakeError(EmailStatsError):
    """A file of the lake can't be read; the text names it and says what to do."""


class TableCounts(BaseModel):
    """One raw table: rows, nulls and blanks per column, rows per event type, last loaded_at."""

    model_config = ConfigDict(frozen=True)

    rows: int
    nulls: dict[str, int]
    event_types: dict[str, int]
    loaded_through: float | None


@dataclass(frozen=True)
class RawCounts:
    """The files of a raw lake, and what they hold, by table."""

    lake: str
    files: list[LakeFile]
    tables: dict[str, TableCounts]


def count_lake(lake: Path, files: list[LakeFile], known: RawCounts | None = None) -> RawCounts:
    """Count every table of the contract in the ``files`` of a lake.

    Files that are counted in ``known`` aren't read again, unless one of them changed or is gone.

    A table without files counts nothing: dbt says, before it runs a model, whether it may be
    missing (macros/engine/raw_lake.sql). Raises ``RawLakeError`` where a file can't be read.
    """
    read = set(known.files) if known is not None else set()
    if (
        known is None
        or known.lake != str(lake)
        or known.tables.keys() != {table.name for table in raw_tables()}
        or not read
        or not read <= set(files)
    ):
        known, read = None, set()
    with open_duckdb() as connection:
        tables = {}
        for table in raw_tables():
            new = [
                lake / each.path for each in files if each.table == table.name and each not in read
            ]
            counts = _count_table(connection, new, table)
            tables[table.name] = counts if known is None else _sum(known.tables[table.name], counts)
    return RawCounts(str(lake), files, tables)


def _sum(one: TableCounts, other: TableCounts) -> TableCounts:
    times = [each for each in (one.loaded_through, other.loaded_through) if each is not None]
    return TableCounts(
        rows=one.rows + other.rows,
        nulls=_added(one.nulls, other.nulls),
        event_types=_added(one.event_types, other.event_types),
        loaded_through=max(times, default=None),
    )


def _added(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


def _count_table(
    connection: duckdb.DuckDBPyConnection, files: list[Path], table: RawTable
) -> TableCounts:
    if not files:
        return TableCounts(rows=0, nulls={}, event_types={}, loaded_through=None)
    try:
        return _Reader(connection, [str(file) for file in files]).count(table)
    except duckdb.Error as error:
        raise RawLakeError(
            f"The raw table {table.name} can't be read ({str(error).splitlines()[0]}): deliver the "
            "file again, or let its name start with _ while a writer is at work on it."
        ) from error


class _Reader:
    """The files of one raw table; what their footers lack is read, from as few as possible."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, files: list[str]) -> None:
        self._connection = connection
        self._globs = {
            file: file.replace("[", "[[]").replace("*", "[*]").replace("?", "[?]") for file in files
        }
        # For each column the files that have it, and whether it is text there. The path of a part
        # of a nested column has a comma.
        self._is_text: dict[str, dict[str, bool]] = {}
        for file, name, is_text in self._ask(
            "select distinct file_name, lower(path_in_schema), type = 'BYTE_ARRAY'"
            " from parquet_metadata($files)"
        ):
            self._is_text.setdefault(name, {})[file] = is_text

    def count(self, table: RawTable) -> TableCounts:
        rows = self._ask("select cast(sum(num_rows) as bigint) from parquet_file_metadata($files)")[
            0
        ][0]
        known = self._nulls_by_footers(rows)
        nulls = {}
        for name in (column.name for column in table.columns):
            if name not in self._is_text:
                nulls[name] = rows
                continue
            counted = known[name] if name in known else rows - self._count(name)
            nulls[name] = counted + self._blanks(name)
        return TableCounts(
            rows=rows,
            nulls=nulls,
            event_types=self._event_types(),
            loaded_through=self._loaded_through(),
        )

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        files = list(self._globs.values())
        return self._connection.execute(query, {"files": files}).fetchall()

    def _rows(self, files: Iterable[str]) -> duckdb.DuckDBPyRelation:
        globs = [self._globs[file] for file in files]
        return self._connection.read_parquet(globs, union_by_name=True, hive_partitioning=False)

    def _nulls_by_footers(self, rows: int) -> dict[str, int]:
        """Count the nulls per column as the footers state them; without columns that one lacks.

        A file that lacks a column holds nothing but nulls of it.
        """
        values = self._ask(
            """
            select lower(path_in_schema), cast(sum(num_values - stats_null_count) as bigint)
            from parquet_metadata($files)
            group by lower(path_in_schema)
            having count(*) = count(stats_null_count)
                -- Not of two columns that differ in case.
                and count(*) = count(distinct (file_name, row_group_id))
            """
        )
        return {name: rows - count for name, count in values}

    def _count(self, name: str) -> int:
        counted: int = self._rows(self._is_text[name]).aggregate(f"count({name})").fetchall()[0][0]
        return counted

    def _blanks(self, name: str) -> int:
        texts = [file for file, is_text in self._is_text[name].items() if is_text]
        if not texts:
            return 0
        text = f"cast({name} as varchar)"
        blanks = self._rows(texts).filter(f"{text} < '{_FIRST_PRINTABLE}' and trim({text}) = ''")
        counted: int = blanks.aggregate("count(*)").fetchall()[0][0]
        return counted

    def _event_types(self) -> dict[str, int]:
        if "event_type" not in self._is_text:
            return {}
        event_type = "lower(trim(cast(event_type as varchar)))"
        return dict(
            self._rows(self._is_text["event_type"])
            .filter("event_type is not null")
            .aggregate(f"{event_type}, count(*)", event_type)
            .order("1")
            .fetchall()
        )

    def _loaded_through(self) -> float | None:
        """The latest loaded_at that is a time, in seconds; what isn't is quarantined later."""
        latest: list[float | None] = []
        for is_text in (False, True):
            files = [
                file for file, text in self._is_text.get("loaded_at", {}).items() if text == is_text
            ]
            if files:
                # The greatest of native times is known from the footers; texts are read.
                time = "max(try_cast(trim(cast(loaded_at as varchar)) as timestamp with time zone))"
                if not is_text:
                    time = "try_cast(cast(max(loaded_at) as varchar) as timestamp with time zone)"
                latest += self._rows(files).aggregate(f"epoch({time})").fetchall()[0]
        return max((each for each in latest if each is not None), default=None)
