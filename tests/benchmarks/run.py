"""The benchmark: builds and reports of lakes of several sizes, beside bare scripts.

    make benchmark
    .venv/bin/python tests/benchmarks/run.py --messages 100000 1000000 --out var/benchmarks

Writes ``results.json``, ``results.csv``, ``README.md`` and ``benchmark.svg`` to ``--out``; with
``--docs`` the page and the plot also beside this file. It asserts no time: that is for whoever
reads the table, of a machine that had nothing else to do.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from lakes import Lake, email_stats, make_lake
from machine import describe_machine
from measuring import Cost, measure
from raw_contract import PROJECT_ROOT
from results import START_MESSAGES, Measurement, write_results

HERE = Path(__file__).parent
SIZES = (100_000, 1_000_000, 10_000_000)
INCREMENTS = ("day", "minute")
REPORT = "campaign_dashboard"


class Benchmark:
    """Measures one size after the other; everything lies below one folder."""

    def __init__(self, folder: Path, increments: list[str], *, keeps: bool) -> None:
        """Work below ``folder``; what was made there is removed, or kept."""
        self._folder = folder
        self._increments = increments
        self._keeps = keeps
        self.measurements: list[Measurement] = []

    def start(self) -> None:
        """Measure what a build costs that has next to nothing to do: the start of its parts."""
        folder, lake = self._make(START_MESSAGES, "start")
        self._build(folder, lake, "first")
        self._note(0, "start", self._build(folder, lake, "start"), folder)
        self._clear(folder)

    def size(self, messages: int) -> None:
        """Measure a lake of so many messages."""
        folder, lake = self._make(messages, str(messages))
        for name in ("bare_duckdb", "bare_polars"):
            output = folder / name
            command = [sys.executable, str(HERE / f"{name}.py"), str(lake.folder), str(output)]
            cost = measure(command, os.environ, PROJECT_ROOT, folder / f"{name}.log")
            self._note(messages, name, cost, output)
            shutil.rmtree(output)
        warehouse = folder / "warehouse"
        self._note(messages, "full", self._build(folder, lake, "full"), warehouse)
        for name in self._increments:
            lake.deliver(name)
            self._note(messages, name, self._build(folder, lake, name), warehouse)
        command = [str(email_stats()), "report", REPORT]
        cost = self._measure(command, folder, lake, "report")
        self._note(messages, "report", cost, folder / "reports")
        self._clear(folder)

    def _make(self, messages: int, name: str) -> tuple[Path, Lake]:
        print(f"{messages:,} messages: making the lake", file=sys.stderr, flush=True)
        folder = self._folder / name
        shutil.rmtree(folder, ignore_errors=True)
        return folder, make_lake(messages, folder / "lake")

    def _build(self, folder: Path, lake: Lake, name: str) -> Cost:
        return self._measure([str(email_stats()), "build"], folder, lake, name)

    def _measure(self, command: list[str], folder: Path, lake: Lake, name: str) -> Cost:
        environment = os.environ | {
            "EMAIL_STATS_RAW": str(lake.folder),
            "EMAIL_STATS_WAREHOUSE": str(folder / "warehouse" / "email_stats.duckdb"),
            "EMAIL_STATS_REPORTS": str(folder / "reports"),
            # One for all: only the first build reads the project anew.
            "DBT_TARGET_PATH": str(self._folder / "dbt" / "target"),
            "DBT_LOG_PATH": str(self._folder / "dbt" / "logs"),
        }
        return measure(command, environment, PROJECT_ROOT, folder / f"{name}.log")

    def _note(self, messages: int, step: str, cost: Cost, output: Path) -> None:
        stored = sum(file.stat().st_size for file in output.rglob("*") if file.is_file())
        self.measurements.append(Measurement(messages, step, cost, stored))
        print(
            f"{messages:,} messages: {step} {cost.seconds:.1f} s, {cost.cpu_seconds:.1f} s of CPU,"
            f" {cost.memory_bytes / 2**30:.2f} GiB",
            file=sys.stderr,
            flush=True,
        )

    def _clear(self, folder: Path) -> None:
        if not self._keeps:
            shutil.rmtree(folder)


def main() -> None:
    """Measure, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--messages", type=int, nargs="+", default=SIZES, metavar="N")
    parser.add_argument(
        "--increments", nargs="*", choices=INCREMENTS, default=INCREMENTS, metavar="NAME"
    )
    parser.add_argument("--out", type=Path, default=PROJECT_ROOT / "var" / "benchmarks")
    parser.add_argument("--docs", action="store_true", help="write README.md and the plot here too")
    parser.add_argument("--keep", action="store_true", help="keep lakes, warehouses and logs")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    benchmark = Benchmark(options.out.resolve(), options.increments, keeps=options.keep)
    benchmark.start()
    folders = [options.out, *([HERE] if options.docs else [])]
    for messages in options.messages:
        benchmark.size(messages)
        # What was measured stays, whatever becomes of the next size.
        write_results(benchmark.measurements, describe_machine(), options.out, folders)
    print(options.out / "README.md")


if __name__ == "__main__":
    main()
