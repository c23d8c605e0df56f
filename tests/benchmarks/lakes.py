"""Lakes to measure with: a sample, split by arrival into its history, a day and a minute."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb

from email_statistics.contract import raw_tables
from email_statistics.lake import raw_files

DAY = 1 / 365
MINUTE = DAY / (24 * 60)
LEAST_ROWS = 20  # of a minute, so that there is something to do in a small lake


@dataclass(frozen=True)
class Lake:
    """A lake that grows: builds read ``folder``; ``deliveries`` holds what arrives later."""

    folder: Path
    deliveries: Path

    def deliver(self, name: str) -> None:
        """Link the files of a delivery into the lake."""
        for file in sorted((self.deliveries / name).rglob("*.parquet")):
            table, part = file.relative_to(self.deliveries / name).parts
            target = self.folder / table / f"{name}-{part}"
            target.parent.mkdir(exist_ok=True)
            os.link(file, target)


def make_lake(messages: int, folder: Path) -> Lake:
    """Make a sample of so many messages and split its rows by ``loaded_at``.

    The last events, a minute's share of all, are the minute. The events before them, 1/365 of all,
    are the day. Everything earlier, with all special and dirty files, is the history: the lake as
    it is at first. An earlier lake in ``folder`` is replaced.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sample = folder / "sample"
    command = [str(email_stats()), "sample", "--out", str(sample), "--messages", str(messages)]
    subprocess.run(command, check=True, capture_output=True)
    with duckdb.connect() as connection:
        _deal(connection, sample, folder)
    shutil.rmtree(sample)
    return Lake(folder / "history", folder)


def email_stats() -> Path:
    """Return the command of this environment."""
    return Path(sys.executable).with_name("email-stats")


def _deal(connection: duckdb.DuckDBPyConnection, sample: Path, folder: Path) -> None:
    files = [(table.name, each) for table in raw_tables() for each in raw_files(sample, table.name)]
    events = [str(file) for table, file in files if table.endswith("_events") and _is_dealt(file)]
    rows = f"from read_parquet({events}, union_by_name = true)"
    ((count,),) = connection.sql(f"select count(*) {rows}").fetchall()
    of_minute = max(LEAST_ROWS, round(count * MINUTE))
    of_day = max(2 * LEAST_ROWS, round(count * DAY))
    latest = f"select loaded_at {rows} order by loaded_at desc limit 1 offset"
    ((minute,),) = connection.sql(f"{latest} {of_minute - 1}").fetchall()
    ((day,),) = connection.sql(f"{latest} {of_minute + of_day - 1}").fetchall()
    periods = {
        "history": f"loaded_at < timestamp '{day}'",
        "day": f"loaded_at >= timestamp '{day}' and loaded_at < timestamp '{minute}'",
        "minute": f"loaded_at >= timestamp '{minute}'",
    }
    for table, file in files:
        for name, condition in periods.items() if _is_dealt(file) else [("history", "true")]:
            chosen = connection.sql(f"from read_parquet('{file}') where {condition}")
            if chosen.limit(1).fetchall():
                target = folder / name / table / file.name
                target.parent.mkdir(parents=True, exist_ok=True)
                chosen.write_parquet(str(target), compression="zstd")


def _is_dealt(file: Path) -> bool:
    return file.name.startswith("part-")
