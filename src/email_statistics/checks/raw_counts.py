"""The figures of a raw lake, read from its files' footers and, for event types, one column."""

import json
from pathlib import Path

import duckdb
from pydantic import BaseModel, ConfigDict, ValidationError

from email_statistics.checks.lake import LakeFile, RawTable, lake_files, raw_tables
from email_statistics.errors import EmailStatsError

# A blank text sorts before every printable character, so whole row groups are passed over by their
# statistics; trim() then knows Unicode's white space from the rest.
_FIRST_PRINTABLE = "!"


class RawLakeError(EmailStatsError):
    """A file of the lake can't be read; the text names it and says what to do."""


class TableCounts(BaseModel):
    """One raw table: rows, nulls and blanks a column, rows an event type, the last loaded_at."""

    model_config = ConfigDict(frozen=True)

    rows: int
    nulls: dict[str, int]
    event_types: dict[str, int]
    loaded_through: float | None


class RawCounts(BaseModel):
    """One raw lake, by table."""

    model_config = ConfigDict(frozen=True)

    lake: str
    tables: dict[str, TableCounts]
    files: list[LakeFile] = []


def count_lake(lake: Path, known: RawCounts | None = None) -> RawCounts:
    """Count every table of the contract that the lake has files of.

    Files that are counted in ``known`` aren't read again, unless one of them changed or is gone.

    A table without files counts nothing: whether it may be missing, dbt judges before it runs a
    model (macros/raw_lake.sql). Raises ``RawLakeError`` where a file can't be read.
    """
    files = lake_files(lake)
    read = set(known.files) if known is not None else set()
    if known is None or known.lake != str(lake) or not read or not read <= set(files):
        known, read = None, set()
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        connection.execute("set timezone = 'UTC'")
        tables = {}
        for table in raw_tables():
            new = [
                lake / each.path for each in files if each.table == table.name and each not in read
            ]
            counts = _count_table(connection, new, table)
            tables[table.name] = counts if known is None else _sum(known.tables[table.name], counts)
    return RawCounts(lake=str(lake), tables=tables, files=files)


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


def read_counts(path: Path) -> RawCounts | None:
    """Read the counts that a build left; None where there are none, or none that can be read."""
    try:
        return RawCounts.model_validate_json(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, UnicodeDecodeError, ValidationError):
        return None


def write_counts(counts: RawCounts, path: Path) -> None:
    """Leave the counts in a file for the next build to compare with."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.write_text(json.dumps(counts.model_dump(), indent=1), encoding="utf-8")
    unfinished.replace(path)


def _count_table(
    connection: duckdb.DuckDBPyConnection, files: list[Path], table: RawTable
) -> TableCounts:
    if not files:
        return TableCounts(rows=0, nulls={}, event_types={}, loaded_through=None)
    escaped = (
        str(file).replace("[", "[[]").replace("*", "[*]").replace("?", "[?]") for file in files
    )
    try:
        rows = connection.read_parquet(list(escaped), union_by_name=True, hive_partitioning=False)
        return _count_rows(rows, table)
    except duckdb.Error as error:
        raise RawLakeError(
            f"The raw table {table.name} can't be read ({str(error).splitlines()[0]}): deliver the "
            "file again, or let its name start with _ while a writer is at work on it."
        ) from error


def _count_rows(rows: duckdb.DuckDBPyRelation, table: RawTable) -> TableCounts:
    types = {
        name.lower(): str(data_type)
        for name, data_type in zip(rows.columns, rows.types, strict=True)
    }
    present = [column.name for column in table.columns if column.name in types]
    measures = ["count(*)", *(f"count(*) - count({name})" for name in present)]
    if "loaded_at" in present:
        measures.append(
            "epoch(try_cast(cast(max(loaded_at) as varchar) as timestamp with time zone))"
        )
    counted = rows.aggregate(", ".join(measures)).fetchall()[0]
    nulls = dict(zip(present, counted[1:], strict=False))
    for name in present:
        if types[name] == "VARCHAR":
            blanks = rows.filter(f"{name} < '{_FIRST_PRINTABLE}' and trim({name}) = ''")
            nulls[name] += blanks.aggregate("count(*)").fetchall()[0][0]
    event_types = {}
    if "event_type" in present:
        event_type = "lower(trim(cast(event_type as varchar)))"
        event_types = dict(
            rows.filter("event_type is not null")
            .aggregate(f"{event_type}, count(*)", event_type)
            .order("1")
            .fetchall()
        )
    return TableCounts(
        rows=counted[0],
        nulls={column.name: nulls.get(column.name, counted[0]) for column in table.columns},
        event_types=event_types,
        loaded_through=counted[-1] if "loaded_at" in present else None,
    )
