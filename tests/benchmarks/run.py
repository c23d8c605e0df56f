"""The benchmark: builds and reports of lakes of several sizes, beside a bare DuckDB script.

    make benchmark
    .venv/bin/python tests/benchmarks/run.py --messages 100000 1000000 --out var/benchmarks

Writes ``results.json``, ``results.csv``, ``README.md`` and ``benchmark.svg`` to ``--out``; with
``--docs`` the page and the plot also beside this file. ``--nodes`` prints dbt's time per node
after each build. It asserts no time: measure on a machine that does nothing else, and read the
table.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from pathlib import Path

from lakes import Lake, email_stats, make_lake
from machine import describe_machine
from measuring import Cost, measure
from results import START_MESSAGES, Measurement, write_results

from email_statistics.paths import PROJECT_ROOT

HERE = Path(__file__).parent
SIZES = (100_000, 1_000_000, 10_000_000)
INCREMENTS = ("day", "minute")
REPORT = "campaign_dashboard"


class Benchmark:
    """Measures one size after the other, below one folder."""

    def __init__(
        self, folder: Path, increments: list[str], *, prints_nodes: bool, keeps: bool
    ) -> None:
        """Work below ``folder``; lakes, warehouses and logs are removed unless it ``keeps`` them.

        ``prints_nodes``: print dbt's time per node after each build.
        """
        self._folder = folder
        self._increments = increments
        self._prints_nodes = prints_nodes
        self._keeps = keeps
        self.measurements: list[Measurement] = []

    def start(self) -> None:
        """Measure a build that has next to nothing to do: the start of its parts."""
        folder, lake = self._make(START_MESSAGES)
        # The first build parses the project: it doesn't count.
        self._measure([str(email_stats()), "build"], folder, lake, "full")
        lake.deliver("day")
        self._build(0, folder, lake, "start")
        self._clear("start")

    def size(self, messages: int) -> None:
        """Measure a lake of so many messages."""
        folder, lake = self._make(messages)
        output = folder / "bare"
        script = [sys.executable, str(HERE / "bare_duckdb.py"), str(lake.folder), str(output)]
        cost = measure(script, os.environ, PROJECT_ROOT, folder / "bare_duckdb.log")
        self._note(messages, "bare_duckdb", cost, output)
        shutil.rmtree(output)
        self._build(messages, folder, lake, "full")
        self._build(messages, folder, lake, "nothing")
        for name in self._increments:
            lake.deliver(name)
            self._build(messages, folder, lake, name)
        cost = self._measure([str(email_stats()), "report", REPORT], folder, lake, "report")
        self._note(messages, "report", cost, folder / "reports")
        self._clear(str(messages))

    def _make(self, messages: int) -> tuple[Path, Lake]:
        print(f"{messages:,} messages: making the lake", file=sys.stderr, flush=True)
        # One place for all sizes: dbt reads some models again for a lake elsewhere.
        folder = self._folder / "at_work"
        shutil.rmtree(folder, ignore_errors=True)
        return folder, make_lake(messages, folder / "lake")

    def _build(self, messages: int, folder: Path, lake: Lake, step: str) -> None:
        run_results = self._target / "run_results.json"
        run_results.unlink(missing_ok=True)
        started_at = time.time()
        cost = self._measure([str(email_stats()), "build"], folder, lake, step)
        # Taking the place of the published file is the last change of a file's entry.
        published_at = (folder / "warehouse" / "email_stats.duckdb").stat().st_ctime
        is_published = published_at >= started_at
        published_seconds = published_at - started_at if is_published else None
        self._note(messages, step, cost, folder / "warehouse", published_seconds)
        if self._prints_nodes and run_results.exists():
            print(node_times(run_results), file=sys.stderr, flush=True)

    def _measure(self, command: list[str], folder: Path, lake: Lake, name: str) -> Cost:
        environment = os.environ | {
            "EMAIL_STATS_RAW": str(lake.folder),
            "EMAIL_STATS_WAREHOUSE": str(folder / "warehouse" / "email_stats.duckdb"),
            "EMAIL_STATS_REPORTS": str(folder / "reports"),
            # One for all sizes: only the first build parses the project.
            "DBT_TARGET_PATH": str(self._target),
            "DBT_LOG_PATH": str(self._folder / "dbt" / "logs"),
            "DBT_WRITE_JSON": str(self._prints_nodes),
        }
        return measure(command, environment, PROJECT_ROOT, folder / f"{name}.log")

    @property
    def _target(self) -> Path:
        return self._folder / "dbt" / "target"

    def _note(
        self,
        messages: int,
        step: str,
        cost: Cost,
        output: Path,
        published_seconds: float | None = None,
    ) -> None:
        stored = sum(file.stat().st_size for file in output.rglob("*") if file.is_file())
        self.measurements.append(Measurement(messages, step, cost, published_seconds, stored))
        print(
            f"{messages:,} messages: {step} {cost.seconds:.1f} s, {cost.cpu_seconds:.1f} s of CPU,"
            f" {cost.memory_bytes / 2**30:.2f} GiB",
            file=sys.stderr,
            flush=True,
        )

    def _clear(self, name: str) -> None:
        if self._keeps:
            shutil.rmtree(self._folder / name, ignore_errors=True)
            (self._folder / "at_work").rename(self._folder / name)
        else:
            shutil.rmtree(self._folder / "at_work")


def node_times(run_results: Path) -> str:
    """Return a line per dbt node of a build, the slowest first: seconds, kind, name."""
    results = json.loads(run_results.read_text(encoding="utf-8"))["results"]
    nodes = sorted(((each["execution_time"], each["unique_id"]) for each in results), reverse=True)
    total = f"{sum(seconds for seconds, _ in nodes):8.2f} s  {len(nodes)} nodes"
    return "\n".join([total, *(f"{seconds:8.2f} s  {name}" for seconds, name in nodes)])


def main() -> None:
    """Measure, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--messages", type=int, nargs="+", default=SIZES, metavar="N")
    parser.add_argument(
        "--increments", nargs="*", choices=INCREMENTS, default=INCREMENTS, metavar="NAME"
    )
    parser.add_argument("--out", type=Path, default=PROJECT_ROOT / "var" / "benchmarks")
    parser.add_argument("--docs", action="store_true", help="write README.md and the plot here too")
    parser.add_argument("--nodes", action="store_true", help="print dbt's time per node")
    parser.add_argument("--keep", action="store_true", help="keep lakes, warehouses and logs")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    benchmark = Benchmark(
        options.out.resolve(),
        options.increments,
        prints_nodes=options.nodes,
        keeps=options.keep,
    )
    benchmark.start()
    folders = [options.out, *([HERE] if options.docs else [])]
    for messages in options.messages:
        benchmark.size(messages)
        # A size that fails doesn't cost the results of the sizes before it.
        write_results(benchmark.measurements, describe_machine(), options.out, folders)
    print(options.out / "README.md")


if __name__ == "__main__":
    main()
