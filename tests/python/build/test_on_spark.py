"""Builds on a real cluster of Spark's, whose machines die: a worker, then the master."""

import hashlib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from helpers.faults import EMAIL_STATS, the_error
from helpers.same_tables import differences
from helpers.spark_cluster import Cluster, cluster, require_spark
from helpers.support import build_database, environment

# A part with staging, contacts, messages, engagement: all of it takes two minutes on a cluster.
PART = "+fct_engagement_events"
BUILD_A_PART = f"""
from email_statistics.build.engine import BuildOptions
from email_statistics.build.run import Strictness, build
build(BuildOptions(select=({PART!r},), target="spark"), Strictness())
"""

# The worker is killed when this table is there: half of the part is built then.
HALF = "int_messages_grouped"

SECONDS = 300


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A master and two workers, for all tests in turn."""
    require_spark()
    with cluster(tmp_path_factory.mktemp("spark") / "cluster") as started:
        yield started


@contextmanager
def _building(
    command: list[str], spark: Cluster, lake: Path, warehouse: Path, tables: Path
) -> Iterator[subprocess.Popen[str]]:
    variables = {
        "EMAIL_STATS_SPARK_WAREHOUSE": str(tables),
        # Of a part only the tests that ask for nothing else.
        "DBT_INDIRECT_SELECTION": "cautious",
        **spark.variables,
    }
    with subprocess.Popen(
        command,
        env=environment(lake, warehouse) | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as build:
        try:
            yield build
        finally:
            build.kill()


def _wait_until_built(table: str, tables: Path, build: subprocess.Popen[str]) -> None:
    until = time.monotonic() + SECONDS
    while not any(tables.glob(f"spark/*/*/{table}/_SUCCESS")):
        assert build.poll() is None, build.communicate()
        assert time.monotonic() < until, f"{table} wasn't built"
        time.sleep(0.1)


def test_a_build_goes_on_without_a_worker_that_dies(
    spark: Cluster, sample_lake: Path, sample_warehouse: Path, tmp_path: Path
) -> None:
    warehouse, tables = tmp_path / "warehouse" / "spark.duckdb", tmp_path / "tables"
    command = [sys.executable, "-c", BUILD_A_PART]

    with _building(command, spark, sample_lake, warehouse, tables) as build:
        _wait_until_built(HALF, tables, build)
        spark.workers[0].kill()
        output, errors = build.communicate(timeout=SECONDS)

    assert build.returncode == 0, errors
    assert "--select builds a part" in output
    on_spark = build_database(warehouse).parent / "spark" / warehouse.name
    assert not differences(build_database(sample_warehouse), on_spark, is_part=True)


def test_a_build_whose_master_dies_ends_and_leaves_what_was_published(
    spark: Cluster, sample_lake: Path, tmp_path: Path
) -> None:
    """The last test of the module: it is another's master too."""
    warehouse, tables = tmp_path / "warehouse" / "spark.duckdb", tmp_path / "tables"
    warehouse.parent.mkdir(mode=0o700)
    warehouse.write_bytes(b"what was published")
    before = hashlib.sha256(warehouse.read_bytes()).digest()
    command = [*EMAIL_STATS, "build", "--target", "spark"]

    with _building(command, spark, sample_lake, warehouse, tables) as build:
        _wait_until_built("*", tables, build)
        spark.master.kill()
        output, errors = build.communicate(timeout=SECONDS)

    ended = subprocess.CompletedProcess(command, build.returncode, output, errors)
    assert build.returncode == 1, output + errors
    assert f"{spark.address} went away during the build" in the_error(ended)
    assert hashlib.sha256(warehouse.read_bytes()).digest() == before
    assert not list(tables.glob("spark/*"))
