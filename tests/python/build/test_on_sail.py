"""Builds on Sail, which speaks Spark's SQL, hold what builds on DuckDB hold."""

import os
import shutil
import stat
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from helpers.builder import Builder
from helpers.faults import email_stats
from helpers.same_tables import differences
from helpers.support import build_database
from reference.worlds import DIRTY_RATES, draw_worlds, write_lake

from email_statistics.commands.build import command
from email_statistics.errors import UsageError
from email_statistics.spark.session import running_engine
from email_statistics.spark.target import (
    EngineError,
    Target,
    packages_folder,
    require_java,
    spark_address,
    table_format,
    use_packages,
)

# Sail leaves nulls out of JSON, so of a quarantined row's too.
NOT_COMPARED = frozenset({"raw_row"})

WORLDS = 20
SETTINGS = {
    "attribution_window_days": 30,
    "attribution_source_types": ["campaign", "workflow", "bulk"],
    "click_implies_open": False,
    "count_machine_engagement": False,
    "reporting_timezone": "Asia/Kolkata",
}


# Files of the sample that hold no column or type of their own: they arrive after a first build.
LATER = (
    "send_events/part-receipts-00000.parquet",
    "send_events/delivery=special/edge_cases.parquet",
    "send_events/experiments.parquet",
    "engagement_events/part-receipts-00000.parquet",
    "engagement_events/experiments.parquet",
    "order_events/part-web.parquet",
    "order_events/experiments.parquet",
    "goal_events/delivery=special/edge_cases.parquet",
    "contacts/delivery=special/edge_cases.parquet",
)


def _build_on_sail(
    lake: Path, folder: Path, *arguments: str, format_: str = "parquet"
) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Build a lake; returns how the command ended, and where it publishes."""
    if not packages_folder("sail").is_dir():
        pytest.skip("Sail isn't installed: make setup-sail")
    warehouse = folder / "warehouse" / "sail.duckdb"
    run = email_stats(
        *("build", "--target", "sail", *arguments),
        lake=lake,
        warehouse=warehouse,
        variables={
            "EMAIL_STATS_SPARK_WAREHOUSE": str(folder / "tables"),
            "EMAIL_STATS_SPARK_FORMAT": format_,
        },
    )
    return run, warehouse


def test_the_sample_built_on_sail_equals_duckdb(
    sample_lake: Path, sample_warehouse: Path, tmp_path: Path
) -> None:
    run, published = _build_on_sail(sample_lake, tmp_path)

    assert run.returncode == 0, run.stderr
    assert "Full refresh of " in run.stdout
    assert not differences(build_database(sample_warehouse), published, NOT_COMPARED)
    (tables,) = (tmp_path / "tables" / "sail").iterdir()
    assert list((tables / "core" / "fct_messages").glob("*.parquet"))
    for path in (published, tables, *tables.rglob("*")):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_an_increment_on_delta_equals_a_full_refresh_on_duckdb(
    sample_lake: Path, sample_warehouse: Path, tmp_path: Path
) -> None:
    lake, later = tmp_path / "lake", tmp_path / "later"
    shutil.copytree(sample_lake, lake)
    for path in LATER:
        (later / path).parent.mkdir(parents=True, exist_ok=True)
        (lake / path).rename(later / path)
    first, _ = _build_on_sail(lake, tmp_path, "--accept-changes", format_="delta")
    assert first.returncode == 0, first.stderr
    assert "nothing was built before" in first.stdout

    shutil.copytree(later, lake, dirs_exist_ok=True)
    run, published = _build_on_sail(lake, tmp_path, "--accept-changes", format_="delta")

    assert run.returncode == 0, run.stderr
    assert f"Incremental: {len(LATER)} new files" in run.stdout
    assert not differences(build_database(sample_warehouse), published, NOT_COMPARED)
    assert len(list((tmp_path / "tables" / "sail").iterdir())) == 1


def test_real_data_built_on_sail_equal_duckdb(
    builder: Builder, real_lake: Path, tmp_path: Path
) -> None:
    run, published = _build_on_sail(real_lake, tmp_path)
    assert run.returncode == 0, run.stderr

    on_duckdb = builder.build(real_lake, tmp_path / "duckdb" / "email_stats.duckdb")

    assert not differences(on_duckdb, published, NOT_COMPARED)


def test_random_dirty_lakes_built_on_sail_equal_duckdb(builder: Builder, tmp_path: Path) -> None:
    """The build databases: whether such a lake would be published is the checks' matter."""
    lake = tmp_path / "lake"
    write_lake(draw_worlds(WORLDS, seed=6, dirt=True).values(), DIRTY_RATES, lake, dirt=True)
    run, warehouse = _build_on_sail(lake, tmp_path, "--vars", yaml.safe_dump(SETTINGS))
    on_sail = warehouse.parent / "build" / "sail" / warehouse.name
    assert on_sail.exists(), run.stderr

    on_duckdb = builder.build(lake, tmp_path / "duckdb" / "email_stats.duckdb", SETTINGS)

    assert not differences(on_duckdb, on_sail, NOT_COMPARED)


def test_a_part_is_built_on_duckdb_alone() -> None:
    result = CliRunner().invoke(command, ["--target", "sail", "--select", "marts"])

    assert result.exit_code == 2
    assert "--select and --watch are for DuckDB" in result.output


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("spark_connect", "sc://localhost:1/;use_ssl=false"),
        ("spark", "spark://localhost:1,localhost:2"),
    ],
)
def test_a_cluster_that_nobody_answers_at_is_said_so(
    target: Target, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_STATS_SPARK", address)

    with pytest.raises(EngineError, match="Nobody answers at"), running_engine(target):
        pass


@pytest.mark.parametrize("given", ["", "/opt/python"])
def test_workers_run_the_python_of_the_command_or_the_one_that_is_set(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYSPARK_PYTHON", given)
    if not given:
        monkeypatch.delenv("PYSPARK_PYTHON")
    monkeypatch.setenv("EMAIL_STATS_SPARK", "local[2]")
    monkeypatch.setattr("email_statistics.spark.session._session", lambda _: nullcontext())

    with running_engine("spark"):
        assert os.environ["PYSPARK_PYTHON"] == (given or sys.executable)


@pytest.mark.parametrize(
    ("target", "address"), [("spark_connect", "local[2]"), ("spark", "sc://localhost:15002")]
)
def test_an_address_for_another_target_is_refused(
    target: Target, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_STATS_SPARK", address)

    with pytest.raises(UsageError, match="sc://host:port goes with spark_connect"):
        spark_address(target)


def test_a_format_of_tables_that_isn_t_known_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_STATS_SPARK_FORMAT", "iceberg")

    with pytest.raises(UsageError, match="it can be parquet or delta"):
        table_format()


def _java(folder: Path, version: str) -> str:
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n", encoding="utf-8")
    java.chmod(0o755)
    return str(folder)


@pytest.mark.parametrize(("version", "number"), [("17.0.15", 17), ("21", 21)])
def test_a_java_that_runs_spark(
    version: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", _java(tmp_path, version))

    assert require_java() == number


def test_an_old_java_or_none_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(UsageError, match="there is no java at JAVA_HOME"):
        require_java()

    monkeypatch.setenv("JAVA_HOME", _java(tmp_path, "1.8.0_292"))
    with pytest.raises(UsageError, match=r"is 8: install it"):
        require_java()


def test_a_missing_engine_is_told_before_anything_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("EMAIL_STATS_RAW", str(tmp_path / "none"))

    result = CliRunner().invoke(command, ["--target", "sail"])

    assert isinstance(result.exception, UsageError)
    assert "run `make setup-sail`" in str(result.exception)


def test_a_target_without_its_packages_says_how_to_install_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))

    with pytest.raises(UsageError, match="run `make setup-sail`"):
        use_packages("sail")
