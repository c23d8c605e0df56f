"""The raw lake for Spark: what its files hold, and the statements that open it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from email_statistics.contract import RawTable, raw_tables
from email_statistics.errors import EmailStatsError
from email_statistics.lake import LakeFile
from email_statistics.senders.loading.register import LOADS, read_loads

_INTEGERS = ("tinyint", "smallint", "int", "bigint")
_TIMES = ("date", "timestamp_ntz", "timestamp_ltz")


_LOADS = pa.schema(
    {
        "load_id": pa.string(),
        "outcome": pa.string(),
        "reason": pa.string(),
        "sender": pa.string(),
        "loaded_at": pa.timestamp("us"),
        "records": pa.int64(),
    }
)


class LakeError(EmailStatsError):
    """The raw lake can't be opened; the text says which file, and what to do."""


@dataclass(frozen=True)
class FileOnSpark:
    """A file of the lake with what its footer says: rows, and Spark's type of each column."""

    file: LakeFile
    path: Path
    rows: int
    columns: dict[str, str]


def read_footers(lake: Path, files: Sequence[LakeFile]) -> list[FileOnSpark]:
    """Read what the footers of these files say.

    Raises ``LakeError`` where one can't be read, lacks a required column, or has times in
    nanoseconds, which Spark doesn't read.
    """
    tables = {table.name: table for table in raw_tables()}
    return [_read_footer(lake, file, tables[file.table]) for file in files]


def _read_footer(lake: Path, file: LakeFile, table: RawTable) -> FileOnSpark:
    path = lake / file.path
    try:
        footer = pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise LakeError(f"{path} can't be read ({error}): deliver the file again.") from error
    with footer:
        schema = footer.schema_arrow
        columns = {field.name.lower(): _spark_type(field, path) for field in schema}
        rows = footer.metadata.num_rows
    missing = [each.name for each in table.columns if each.is_required and each.name not in columns]
    if missing:
        raise LakeError(
            f"Raw table '{table.name}': the file {path} lacks the required column "
            f"{', '.join(missing)}. Deliver the file with it (see models/staging/_sources.yml)."
        )
    return FileOnSpark(file, path, rows, columns)


def _spark_type(field: pa.Field, path: Path) -> str:
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if pa.types.is_timestamp(kind):
        if kind.unit == "ns":
            raise LakeError(
                f"{path} has {field.name} in nanoseconds, which Spark doesn't read: deliver the "
                "file with microseconds."
            )
        return "timestamp_ltz" if kind.tz else "timestamp_ntz"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    names = {
        pa.bool_(): "boolean",
        pa.date32(): "date",
        pa.int8(): "tinyint",
        pa.int16(): "smallint",
        pa.int32(): "int",
        pa.int64(): "bigint",
        pa.float32(): "double",
        pa.float64(): "double",
    }
    return names.get(kind, "string")


def load_outcomes(lake: Path) -> pa.Table:
    """Return ``raw.loads``: a row per load of the lake, outcome of its records and reason.

    Raises ``LakeError`` where a record of a load can't be read.
    """
    rows = []
    try:
        for entry in read_loads(lake):
            load = {"load_id": entry["load_id"], "sender": entry.get("sender")}
            # In UTC, without its offset, as every time of the tables.
            loaded_at = datetime.fromisoformat(entry["loaded_at"]).astimezone(UTC)
            load["loaded_at"] = loaded_at.replace(tzinfo=None)
            rows.append(load | {"outcome": "with_rows", "records": entry.get("records_with_rows")})
            for outcome in ("ignored", "rejected"):
                rows += [
                    load | {"outcome": outcome, "reason": reason, "records": records}
                    for reason, records in entry.get(outcome, {}).items()
                ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LakeError(
            f"A record of a load in {lake / LOADS} can't be read ({error}): move it away, or load "
            "its files again with `email-stats load`."
        ) from error
    return pa.Table.from_pylist(rows, schema=_LOADS)


def columns_of(files: Sequence[FileOnSpark]) -> dict[str, dict[str, str]]:
    """Return each raw table's columns over all its files, with one type that holds all values."""
    types: dict[str, dict[str, str]] = defaultdict(dict)
    for each in files:
        known = types[each.file.table]
        for name, kind in each.columns.items():
            known[name] = united(known.get(name, kind), kind)
    return {table: dict(sorted(known.items())) for table, known in types.items()}


def opening_statements(
    files: Sequence[FileOnSpark], columns: Mapping[str, Mapping[str, str]], *, is_delta: bool
) -> Iterator[str]:
    """Yield the statements that open a view ``raw.<table>`` over these files of each raw table.

    It has the columns of the contract in their order, then what else the table's files have; NULL
    for each that a file lacks, in the types of ``columns``. Raises ``LakeError`` where a required
    table has no file, and it isn't a delta, which reads new files alone.
    """
    of_table: dict[str, list[FileOnSpark]] = defaultdict(list)
    for each in files:
        of_table[each.file.table].append(each)
    yield "create schema if not exists raw"
    for table in raw_tables():
        if table.is_required and not of_table[table.name] and not is_delta:
            raise LakeError(
                f"Raw table '{table.name}' is missing: there is no Parquet file of it. Deliver it, "
                "or point EMAIL_STATS_RAW to the raw lake."
            )
        yield from _open_table(table, of_table[table.name], columns.get(table.name, {}))


def united(one: str, other: str) -> str:
    """Return the type that holds the values of two: text where there is no other."""
    if one == other:
        return one
    for ladder in (_INTEGERS, _TIMES):
        if one in ladder and other in ladder:
            return ladder[max(ladder.index(one), ladder.index(other))]
    if {one, other} <= {*_INTEGERS, "double"}:
        return "double"
    return "string"


def _open_table(
    table: RawTable, files: Sequence[FileOnSpark], types: Mapping[str, str]
) -> Iterator[str]:
    contract = [column.name for column in table.columns]
    names = contract + sorted(name for name in types if name not in contract)
    queries = []
    for number, file in enumerate(files):
        part = f"raw.{table.name}__{number}"
        yield f"drop table if exists {part}"
        yield f"create table {part} using parquet location {quoted(str(file.path))}"
        queries.append(f"{_select(names, types, file.columns)} from {part}")
    nothing = f"{_select(names, types, {})} where false"
    yield f"create or replace view raw.{table.name} as {' union all '.join(queries) or nothing}"


def _select(names: Sequence[str], types: Mapping[str, str], there: Mapping[str, str]) -> str:
    return "select " + ", ".join(
        f"cast({_value(name, there.get(name))} as {types.get(name, 'string')}) as {_name(name)}"
        for name in names
    )


def _value(name: str, kind: str | None) -> str:
    # Sail keeps the zone that a file states, and would cut it off with the zone's clock left.
    if kind == "timestamp_ltz":
        return f"timestamp_micros(unix_micros({_name(name)}))"
    return _name(name) if kind else "null"


def _name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def quoted(text: str) -> str:
    """Return a text as Spark's literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
