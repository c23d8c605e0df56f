"""The benchmark runs to its end, and its bare script gives the same tables as a build."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from helpers.support import PROJECT_ROOT, parsed

BENCHMARKS = PROJECT_ROOT / "tests" / "benchmarks"
MESSAGES = 2_000
# A build takes long to start: one increment is enough to see that increments are measured.
STEPS = {"bare_duckdb", "full", "nothing", "day", "report"}
TABLES = {
    *("fct_messages", "fct_engagement_events", "fct_conversions", "fct_order_events"),
    *("fct_orphans", "fct_quarantined_events", "fct_raw_tables"),
    *("dim_contacts", "dim_email_sources", "dim_links", "dim_sending_domains"),
}
LEFT_OUT = {"fct_quarantined_events": {"raw_row"}, "dim_links": {"tagged_url"}}


def run(script: str, *arguments: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, BENCHMARKS / script, *arguments],
        cwd=PROJECT_ROOT,
        env=os.environ | parsed(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the benchmark of one small lake leaves, with the lake and its warehouse."""
    folder = tmp_path_factory.mktemp("benchmark")
    options = ("--increments", "day", "--nodes", "--keep")
    progress = run("run.py", "--messages", str(MESSAGES), "--out", folder, *options)
    (folder / "progress.txt").write_text(progress, encoding="utf-8")
    return folder


def test_every_step_is_measured_and_stands_in_the_files(benchmark: Path) -> None:
    results = json.loads((benchmark / "results.json").read_text(encoding="utf-8"))
    steps = {(each["messages"], each["step"]) for each in results["measurements"]}
    assert steps == {(0, "start"), *((MESSAGES, step) for step in STEPS)}
    for each in results["measurements"]:
        assert each["seconds"] > 0
        assert each["cpu_seconds"] > 0
        assert each["memory_bytes"] > 10_000_000
        assert each["stored_bytes"] > 0
        is_published = each["published_seconds"] is not None
        assert is_published or each["step"] not in ("start", "full", "day")
        assert not is_published or 0 < each["published_seconds"] <= each["seconds"]
    with (benchmark / "results.csv").open(encoding="utf-8", newline="") as file:
        assert [float(row["seconds"]) for row in csv.DictReader(file)] == [
            each["seconds"] for each in results["measurements"]
        ]


def test_the_page_has_table_plot_and_machine_but_no_host(benchmark: Path) -> None:
    page = (benchmark / "README.md").read_text(encoding="utf-8")
    assert page.count(f"| {MESSAGES:,} |") == len(STEPS)
    assert "(benchmark.svg)" in page
    assert f"{len(os.sched_getaffinity(0))} cores" in page
    assert f"duckdb {duckdb.__version__}" in page
    assert os.uname().nodename not in page
    plot = (benchmark / "benchmark.svg").read_text(encoding="utf-8")
    assert plot.startswith("<svg")
    assert ">bare DuckDB script</text>" in plot


def test_an_increment_is_an_increment(benchmark: Path) -> None:
    said = {
        name: (benchmark / str(MESSAGES) / f"{name}.log").read_text(encoding="utf-8")
        for name in ("full", "day")
    }
    assert "Full refresh" in said["full"]
    assert "Incremental" in said["day"]


def test_the_time_of_each_dbt_node_is_printed_on_demand(benchmark: Path) -> None:
    progress = (benchmark / "progress.txt").read_text(encoding="utf-8")
    assert re.search(r"^ +[\d.]+ s  \d+ nodes$", progress, re.MULTILINE)
    nodes = re.findall(r"^ +([\d.]+) s  model\.\w+\.(\w+)$", progress, re.MULTILINE)
    assert {"fct_messages", "email_performance"} <= {name for _, name in nodes}


def test_the_bare_script_gives_the_tables_of_a_build(benchmark: Path, tmp_path: Path) -> None:
    """Row for row, of a lake with all its dirt, after the last increment."""
    run("bare_duckdb.py", benchmark / str(MESSAGES) / "lake" / "history", tmp_path)
    warehouse = benchmark / str(MESSAGES) / "warehouse" / "email_stats.duckdb"
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach '{warehouse}' as built (read_only)")
        connection.execute(f"attach '{tmp_path / 'bare.duckdb'}' as bare (read_only)")
        compared = {table: _compare(connection, table) for table in TABLES}
        judged = connection.sql(
            "select sum(duplicate_rows), sum(quarantined_rows), sum(orphan_rows)"
            " from bare.core.fct_raw_tables"
        ).fetchall()[0]
    assert {table: found for table, found in compared.items() if found} == {}
    # Otherwise the comparison would say little.
    assert all(rows > 0 for rows in judged)


def _compare(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """Return how a table differs from the built one; "" if it doesn't and isn't empty."""
    types = {
        catalog: dict(
            connection.sql(
                f"select column_name, column_type from (describe {catalog}.core.{table})"
            ).fetchall()
        )
        for catalog in ("built", "bare")
    }
    for column in LEFT_OUT.get(table, set()):
        del types["built"][column]
    if types["built"] != types["bare"]:
        return f"columns {set(types['built'].items()) ^ set(types['bare'].items())}"
    columns = ", ".join(types["built"])
    built, bare = (f"select {columns} from {each}.core.{table}" for each in ("built", "bare"))
    if not connection.sql(f"{built} limit 1").fetchall():
        return "no rows"
    missing = connection.sql(f"{built} except all {bare}").fetchall()
    more = connection.sql(f"{bare} except all {built}").fetchall()
    return f"missing {missing[:2]}, more {more[:2]}" if missing or more else ""
