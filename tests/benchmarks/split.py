"""A sample lake as a history and what came on top of it: a day, then a minute."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from email_statistics.checks.lake import raw_files, raw_tables

_LOADED_AT = "cast(try_cast(cast(loaded_at as varchar) as timestamptz) as timestamp)"


@dataclass(frozen=True)
class Split:
    """The parts of a lake, in folders beside it; the history is a lake of its own."""

    history: Path
    day: Path
    minute: Path
    rows: dict[str, int]


def split_lake(lake: Path, folder: Path) -> Split:
    """Split a lake by ``loaded_at`` into a history, a day and a minute.

    The day is the latest that brought a 365th of the events or more, the minute its last one with
    an event in it. What came later is left out.
    """
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        day = _a_full_day(connection, lake)
        minute = _last_minute(connection, lake, day)
        parts = {
            "history": f"{_LOADED_AT} < timestamp '{day}' or {_LOADED_AT} is null",
            "day": f"{_LOADED_AT} >= timestamp '{day}' and {_LOADED_AT} < timestamp '{minute}'",
            "minute": f"{_LOADED_AT} >= timestamp '{minute}' and {_LOADED_AT} < timestamp "
            f"'{minute + timedelta(minutes=1)}'",
        }
        rows = {
            part: sum(
                _copy(connection, file, where, _target(file, lake, folder, part))
                for table in raw_tables()
                for file in raw_files(lake, table.name)
            )
            for part, where in parts.items()
        }
    return Split(folder / "history", folder / "day", folder / "minute", rows)


def add(part: Path, lake: Path) -> None:
    """Put the files of a part into a lake."""
    shutil.copytree(part, lake, dirs_exist_ok=True)


def _target(file: Path, lake: Path, folder: Path, part: str) -> Path:
    inside = file.relative_to(lake)
    return folder / part / inside.parent / f"{part}-{inside.name}"


def _copy(connection: duckdb.DuckDBPyConnection, file: Path, where: str, target: Path) -> int:
    """Copy the rows of a file that a part has; returns how many, and writes no empty file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    rows = connection.read_parquet(str(file), hive_partitioning=False).filter(where)
    rows.write_parquet(str(target))
    count: int = connection.read_parquet(str(target)).aggregate("count(*)").fetchall()[0][0]
    if count == 0 and target.name.startswith(("day-", "minute-")):
        target.unlink()
    return count


def _events(connection: duckdb.DuckDBPyConnection, lake: Path) -> duckdb.DuckDBPyRelation:
    files = [
        str(file)
        for table in ("send_events", "engagement_events")
        for file in raw_files(lake, table)
        if file.name.startswith("part-")
    ]
    return connection.read_parquet(files, union_by_name=True, hive_partitioning=False).project(
        f"{_LOADED_AT} as loaded_at"
    )


def _a_full_day(connection: duckdb.DuckDBPyConnection, lake: Path) -> datetime:
    events = _events(connection, lake)
    days = events.aggregate("date_trunc('day', loaded_at) as day, count(*) as events", "day")
    found: datetime = days.query(
        "days",
        "select cast(max(day) as timestamp) from days"
        " where events >= (select sum(events) / 365 from days)",
    ).fetchall()[0][0]
    return found


def _last_minute(connection: duckdb.DuckDBPyConnection, lake: Path, day: datetime) -> datetime:
    end = day + timedelta(days=1)
    found: datetime = (
        _events(connection, lake)
        .filter(f"loaded_at >= timestamp '{day}' and loaded_at < timestamp '{end}'")
        .aggregate("cast(date_trunc('minute', max(loaded_at)) as timestamp)")
        .fetchall()[0][0]
    )
    return found
