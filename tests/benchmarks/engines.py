"""What a full build costs on DuckDB, Sail and Spark, in seconds of CPU.

Run it by itself, after `make setup-sail` and `make setup-spark`, with a number of messages and the
engines, by default all: ``python tests/benchmarks/engines.py 100000 local spark``. It prints rows
of the table in `src/email_statistics/spark/README.md`; it asserts nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from lakes import email_stats, make_lake
from measuring import process_tree

_ENGINES = ("local", "sail", "spark")
_FOLDER = Path("var") / "benchmark" / "engines"
_TICKS = os.sysconf("SC_CLK_TCK")


class _Cpu(threading.Thread):
    """Adds up the CPU of a process and all below it; an engine may end without being waited for."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._ticks: dict[int, int] = {}
        self._is_over = threading.Event()

    def run(self) -> None:
        while not self._is_over.wait(0.2):
            for pid in process_tree(self._pid):
                try:
                    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
                except OSError:  # it has just ended
                    continue
                user, system = fields.rpartition(")")[2].split()[11:13]
                self._ticks[pid] = int(user) + int(system)

    def seconds(self) -> float:
        self._is_over.set()
        self.join()
        return sum(self._ticks.values()) / _TICKS


def _build(engine: str, lake: Path, folder: Path) -> tuple[float, float]:
    """Build a lake from nothing; returns seconds, and seconds of CPU."""
    environment = os.environ | {
        "EMAIL_STATS_RAW": str(lake),
        "EMAIL_STATS_WAREHOUSE": str(folder / engine / "email_stats.duckdb"),
        "EMAIL_STATS_SPARK_WAREHOUSE": str(folder / engine / "tables"),
        "DBT_TARGET_PATH": str(folder / engine / "target"),
        "DBT_LOG_PATH": str(folder / engine / "logs"),
    }
    command = [str(email_stats()), "build", "--full-refresh", "--accept-changes"]
    log = folder / f"{engine}.log"
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--target", engine], env=environment, stdout=output, stderr=output
        )
        cpu = _Cpu(process.pid)
        cpu.start()
        if process.wait():
            sys.exit(f"The build on {engine} failed: {log}")
    return time.monotonic() - started, cpu.seconds()


def main(messages: int, engines: list[str]) -> None:
    """Make a lake, build it on each engine and print what it took."""
    folder = _FOLDER.absolute() / str(messages)
    lake = make_lake(messages, folder / "lake").folder
    for engine in engines:
        seconds, cpu = _build(engine, lake, folder)
        print(f"| {messages:,} | {engine} | {cpu:,.0f} s | {seconds:,.0f} s |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:] or list(_ENGINES))
