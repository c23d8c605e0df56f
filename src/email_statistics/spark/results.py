"""From an engine's tables to the DuckDB database that is checked and published.

The public tables are created as dbt creates them on DuckDB, with types, keys, constraints and
comments, and filled from the engine's Parquet files. Views are views there too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import Any

import duckdb

from email_statistics.build.database import remove
from email_statistics.build.lake_state import BUILDING
from email_statistics.errors import EmailStatsError
from email_statistics.spark.increments import parquet_files
from email_statistics.storage import limit_memory, open_duckdb, write_log

_PUBLIC = ("core", "marts")


class ResultsError(EmailStatsError):
    """What an engine built can't be published; the text says why."""


@dataclass(frozen=True)
class Reading:
    """What a build read: files, their rows, and why all of them, where it wasn't an increment."""

    files: int
    rows: int
    reason: str | None


def write_build_database(
    models: Sequence[Any], folder: Path, database: Path, reading: Reading
) -> None:
    """Write the public tables of a build that passed into a new database.

    ``models`` are dbt's nodes in the order in which they were built, ``folder`` holds each model's
    files in ``<schema>/<name>``. Raises ``ResultsError`` where a table can't be read, or
    breaks a key or a constraint; there is then no database.
    """
    remove(database)
    remove(write_log(database))
    try:
        with open_duckdb() as connection:
            limit_memory(connection, BUILDING)
            connection.execute(
                f"attach {_literal(str(database))} as built (storage_version 'v1.0.0')"
            )
            connection.execute("use built")
            for model in models:
                if model.schema in _PUBLIC:
                    _write(connection, model, folder / model.schema / model.name)
            _note_outcome(connection, reading)
            connection.execute("use memory; detach built")
    except BaseException:
        remove(database)
        remove(write_log(database))
        raise


def _write(connection: duckdb.DuckDBPyConnection, model: Any, files: Path) -> None:
    address = f"{_name(model.schema)}.{_name(model.name)}"
    kind = "view" if model.config.materialized == "view" else "table"
    connection.execute(f"create schema if not exists {_name(model.schema)}")
    if kind == "view":
        connection.execute(f"create view {address} as {model.compiled_code}")
    else:
        connection.execute(f"create table {address} ({', '.join(_definitions(model))})")
        # An engine may write no file for a table without rows.
        if found := parquet_files(files):
            _fill(connection, model, found)
    connection.execute(f"comment on {kind} {address} is {_literal(model.description)}")
    for column in model.columns.values():
        comment = _literal(column.description)
        connection.execute(f"comment on column {address}.{_name(column.name)} is {comment}")


def _fill(connection: duckdb.DuckDBPyConnection, model: Any, files: Sequence[Path]) -> None:
    columns = ", ".join(map(_name, model.columns))
    patterns = [escape(str(file)) for file in files]
    try:
        rows = connection.read_parquet(patterns, hive_partitioning=False).select(columns)
        rows.insert_into(f"{model.schema}.{model.name}")
    except (duckdb.ConstraintException, duckdb.ConversionException) as error:
        raise ResultsError(
            f"The table {model.schema}.{model.name} can't be published "
            f"({str(error).splitlines()[0]}): what the engine built breaks its contract."
        ) from error


def _definitions(model: Any) -> Iterator[str]:
    """Yield the columns and constraints of a table, as in ``create table``."""
    for column in model.columns.values():
        required = any(each.type == "not_null" for each in column.constraints)
        yield f"{_name(column.name)} {column.data_type}{' not null' if required else ''}"
        yield from (f"check ({each.expression})" for each in column.constraints if each.expression)
    for constraint in model.constraints:
        if constraint.type == "primary_key":
            yield f"primary key ({', '.join(map(_name, constraint.columns))})"
        elif constraint.expression:
            yield f"check ({constraint.expression})"


def _note_outcome(connection: duckdb.DuckDBPyConnection, reading: Reading) -> None:
    """Write what a build on DuckDB leaves for publishing and the summary."""
    connection.execute(
        "create schema raw;"
        "create table raw.build_outcome as select true as is_passed, null::varchar as reason"
    )
    connection.execute(
        "create table raw.batch as select reason is null as is_delta, reason"
        " from (select ?::varchar as reason)",
        [reading.reason],
    )
    connection.execute(
        "create table raw.arrived as select if(number = 0, ?, 0)::bigint as raw_rows"
        " from range(?) as files (number)",
        [reading.rows, reading.files],
    )


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
