"""BI tools bring a DuckDB of their own, often an older one: it opens what is published."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.faults import copy_build
from helpers.support import PROJECT_ROOT, SampleBuild, build_database

from email_statistics.build.database import PUBLISHED_FORMAT
from email_statistics.build.files import BuildFiles
from email_statistics.build.publish import publish_database
from email_statistics.storage import open_duckdb

# One file per version, with its hashes: they can't be in one environment.
CLIENTS = sorted((PROJECT_ROOT / "tests/python/helpers/older_clients").glob("*.txt"))

READ = """
import hashlib, json, sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
relations = connection.execute(
    "select table_schema || '.' || table_name from information_schema.tables"
    " where table_schema in ('core', 'marts') order by 1"
).fetchall()
read = {}
for (relation,) in relations:
    rows = sorted(map(repr, connection.execute(f"select * from {relation}").fetchall()))
    read[relation] = [len(rows), hashlib.sha256("".join(rows).encode()).hexdigest()]
print(duckdb.__version__)
print(json.dumps(read))
"""


@pytest.fixture(params=CLIENTS, ids=lambda path: path.stem)
def client(request: pytest.FixtureRequest) -> Path:
    """An older DuckDB, installed once below ``var``; none where no package index is at hand."""
    requirements: Path = request.param
    folder = PROJECT_ROOT / "var" / "older_clients" / requirements.stem
    if not (folder / "duckdb").exists():
        run = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
                *("--require-hashes", "--requirement", requirements, "--target", folder),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode != 0:
            pytest.skip(f"DuckDB {requirements.stem} can't be installed: {run.stderr[-200:]}")
    return folder


def test_an_older_client_reads_every_published_row(
    sample_build: SampleBuild, client: Path, tmp_path: Path
) -> None:
    published = copy_build(sample_build.database, tmp_path)
    publish_database(BuildFiles(published, build_database(published)))

    def read(environment: dict[str, str]) -> tuple[str, dict[str, list[object]]]:
        run = subprocess.run(
            [sys.executable, "-c", READ, published],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        version, rows = run.stdout.splitlines()
        return version, json.loads(rows)

    version, rows = read({"PYTHONPATH": str(client)})
    assert version == client.name
    assert rows == read({})[1]
    assert len(rows) > 25


def test_the_published_file_says_which_clients_can_read_it(
    sample_build: SampleBuild, tmp_path: Path
) -> None:
    published = copy_build(sample_build.database, tmp_path)
    publish_database(BuildFiles(published, build_database(published)))
    with open_duckdb(published, read_only=True) as connection:
        query = "select tags['storage_version'] from duckdb_databases() where not internal"
        assert connection.sql(query).fetchall() == [(PUBLISHED_FORMAT,)]
