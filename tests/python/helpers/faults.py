"""What the tests of faults share: the command, a build database at hand, tireless readers."""

import atexit
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
from helpers.support import PROJECT_ROOT, build_database, copy_database, environment

from email_statistics.gate.checks import Checker

EMAIL_STATS = [sys.executable, "-c", "from email_statistics.cli import main; main()"]


def email_stats(
    *arguments: str,
    lake: Path,
    warehouse: Path,
    variables: Mapping[str, str] | None = None,
    launcher: list[str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run ``email-stats`` in a process of its own, with its output captured."""
    return subprocess.run(
        [*(launcher or EMAIL_STATS), *arguments],
        env=environment(lake, warehouse) | dict(variables or {}),
        capture_output=True,
        text=True,
        check=False,
    )


def start_email_stats(*arguments: str, lake: Path, warehouse: Path) -> subprocess.Popen[str]:
    """Start ``email-stats`` and leave it to the caller."""
    return subprocess.Popen(
        [*EMAIL_STATS, *arguments],
        env=environment(lake, warehouse),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def copy_build(database: Path, folder: Path) -> Path:
    """A build database of one's own: returns where it would be published, and nothing is."""
    warehouse = folder / "email_stats.duckdb"
    for part in (folder, build_database(warehouse).parent):
        part.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy_database(database, build_database(warehouse))
    return warehouse


@cache
def shared_checker() -> Checker:
    """One process for all tests that ask it in turn: it takes seconds to start."""
    checker = Checker().__enter__()
    atexit.register(checker.__exit__, None, None, None)
    return checker


def the_error(run: subprocess.CompletedProcess[str]) -> str:
    """The one line of a command's error; whatever else it is, it must be the only one."""
    assert "Traceback" not in run.stderr, run.stderr
    (line,) = [each for each in run.stderr.splitlines() if each.startswith("Error: ")]
    assert run.stderr.rstrip().endswith(line), run.stderr
    return line


@dataclass(frozen=True)
class Version:
    """One published version, as far as its numbers tell it from another."""

    rows: tuple[tuple[str, int], ...]
    sent: int


def read_version(published: Path) -> Version:
    """Read every table of a published file, as one version; raises where it isn't whole."""
    with duckdb.connect(published, read_only=True) as connection:
        tables = connection.sql(
            "select schema_name || '.' || table_name from duckdb_tables() union all"
            " select schema_name || '.' || view_name from duckdb_views() where not internal"
            " order by 1"
        ).fetchall()
        rows = [
            (table, connection.sql(f"select count(*) from {table}").fetchall()[0][0])
            for (table,) in tables
        ]
        performance, daily, messages = connection.sql(
            "select (select sum(sent) from marts.email_performance),"
            " (select sum(sent) from marts.email_performance_daily),"
            " (select count(*) from core.fct_messages where is_sent and not is_test)"
        ).fetchall()[0]
    assert performance == daily == messages, f"{published} is no whole version"
    return Version(tuple(rows), int(messages))


@dataclass
class Polled:
    """What readers saw."""

    reads: int = 0
    errors: list[str] | None = None


@contextmanager
def readers(published: Path, count: int) -> Iterator[Polled]:
    """Poll the published file from ``count`` processes while the block runs."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "helpers.faults", str(published)],
            cwd=PROJECT_ROOT / "tests" / "python",
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    polled = Polled(errors=[])
    try:
        for process in processes:  # each has read once
            assert process.stdout is not None
            process.stdout.readline()
        yield polled
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            output, _ = process.communicate()
            seen = json.loads(output)
            polled.reads += seen["reads"]
            assert polled.errors is not None
            polled.errors += seen["errors"]


def _poll(published: Path, pause: float) -> None:
    """Read without end as analysts do; at SIGTERM say how often, and what went wrong."""
    import time

    from email_statistics import warehouse

    asked_to_stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked_to_stop.append(number))
    os.environ["EMAIL_STATS_WAREHOUSE"] = str(published)
    parent = os.getppid()
    reads, errors = 0, []
    while not asked_to_stop and os.getppid() == parent:
        try:
            sums = warehouse.sql(
                "select (select sum(sent) from marts.email_performance) as performance,"
                " (select count(*) from core.fct_messages where is_sent and not is_test)"
                " as messages, (select count(*) from marts.data_quality) as raw_tables"
            ).row(0)
            if sums[0] != sums[1] or not sums[2]:
                errors.append(f"not one version: {sums}")
        except Exception as error:  # whatever it is
            errors.append(repr(error))
        if reads == 0:
            print("reading", flush=True)
        reads += 1
        time.sleep(pause)
    print(json.dumps({"reads": reads, "errors": errors}))


if __name__ == "__main__":
    _poll(Path(sys.argv[1]), pause=0.2)
