"""`email-stats doctor`: each part of the set-up, well and unwell, and nothing changed."""

import os
import shutil
import socket
from pathlib import Path

import pytest
from helpers.faults import copy_build, email_stats, the_error
from helpers.support import SampleBuild, build_database

from email_statistics.build import doctor
from email_statistics.build.doctor import Diagnosis, examine
from email_statistics.build.files import BuildFiles
from email_statistics.build.publish import publish_database
from email_statistics.storage import locked


@pytest.fixture(autouse=True)
def _set_up(sample_lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_STATS_RAW", str(sample_lake))
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(tmp_path / "email_stats.duckdb"))
    monkeypatch.setattr(doctor, "package_version", lambda target, package: None)


@pytest.fixture
def files(sample_build: SampleBuild, tmp_path: Path) -> BuildFiles:
    """A published build."""
    published = copy_build(sample_build.database, tmp_path)
    files = BuildFiles(published, build_database(published))
    publish_database(files)
    return files


def _diagnosis(part: str) -> Diagnosis:
    (diagnosis,) = (each for each in examine() if each.part == part)
    return diagnosis


def _is_unwell(part: str, sentence: str) -> None:
    diagnosis = _diagnosis(part)
    assert diagnosis.state == "fail"
    assert sentence in diagnosis.sentence


def test_before_the_first_build_nothing_is_wrong_and_nothing_is_made(tmp_path: Path) -> None:
    assert {each.part: each.state for each in examine()} == {
        "versions": "ok",
        "engines": "ok",
        "settings": "ok",
        "raw lake": "ok",
        "folders": "ok",
        "lock": "ok",
        "last build": "note",
        "published": "note",
    }
    assert list(tmp_path.iterdir()) == []


def test_after_a_build_all_is_well(files: BuildFiles) -> None:
    diagnoses = list(examine())
    assert {each.state for each in diagnoses} == {"ok"}
    assert "from sample_lake, data through" in diagnoses[-1].sentence
    assert str(files.published) in diagnoses[-1].sentence


def test_engines_with_java_and_the_folder_of_their_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_STATS_SPARK_WAREHOUSE", str(tmp_path / "tables"))
    monkeypatch.setattr(doctor, "package_version", lambda target, package: "4.3.0")
    monkeypatch.setattr(doctor, "require_java", lambda: 17)

    assert _diagnosis("engines").sentence == "DuckDB, Sail 4.3.0, Spark 4.3.0, Java 17."
    assert _diagnosis("tables").sentence.endswith(str(tmp_path / "tables."))

    (tmp_path / "tables").touch()
    _is_unwell("tables", "point EMAIL_STATS_SPARK_WAREHOUSE")


def test_a_cluster_that_answers_and_one_that_doesn_t(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"spark://127.0.0.1:{listening.getsockname()[1]}"
        monkeypatch.setenv("EMAIL_STATS_SPARK", address)
        assert _diagnosis("cluster").state == "ok"
    _is_unwell("cluster", f"Nobody answers at {address}")
    monkeypatch.setenv("EMAIL_STATS_SPARK", "spark://nowhere")
    _is_unwell("cluster", "has no host:port")


def test_a_misspelt_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_STATS_WAREHOSE", "x")
    _is_unwell("settings", "did you mean EMAIL_STATS_WAREHOUSE?")


def test_a_lake_that_is_missing_or_lacks_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_STATS_RAW", str(tmp_path / "none"))
    _is_unwell("raw lake", "There is no raw lake at")
    monkeypatch.setenv("EMAIL_STATS_RAW", str(tmp_path))
    _is_unwell("raw lake", "has no Parquet file of contacts, sending_domains")


def test_a_package_that_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "version", lambda name: "0.9" if name == "duckdb" else "99")
    _is_unwell("versions", "duckdb is 0.9 and must be")


def test_folders_that_can_not_be_written_or_are_full(
    files: BuildFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = os.statvfs(files.published)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": usage.f_bsize}))
    _is_unwell("folders", "MB left and a build may need")
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(files.published / "in" / "a" / "file.duckdb"))
    _is_unwell("folders", "can't be written")


def test_a_build_at_work(files: BuildFiles) -> None:
    with locked(files.lock, "build"):
        assert f"process {os.getpid()}" in _diagnosis("lock").sentence
        assert _diagnosis("last build").state == "note"


def test_a_build_database_that_is_damaged(files: BuildFiles) -> None:
    files.database.write_bytes(b"no database" * 999)
    _is_unwell("last build", "Run `email-stats build`, which writes it again")


def test_a_published_file_that_is_damaged_or_has_a_log(files: BuildFiles) -> None:
    files.published.with_name("email_stats.duckdb.wal").write_bytes(b"log")
    _is_unwell("published", "email_stats.duckdb.wal is of a program that opened")
    files.published.with_name("email_stats.duckdb.wal").unlink()
    files.published.write_bytes(b"no database" * 999)
    _is_unwell("published", "which writes it again")


def test_the_command_ends_with_one_where_something_is_to_be_done(
    sample_lake: Path, tmp_path: Path
) -> None:
    well = email_stats("doctor", lake=sample_lake, warehouse=tmp_path / "email_stats.duckdb")
    assert well.returncode == 0, well.stderr
    assert well.stdout.splitlines()[0].startswith("ok    versions")
    unwell = email_stats(
        "doctor", lake=tmp_path / "none", warehouse=tmp_path / "email_stats.duckdb"
    )
    assert unwell.returncode == 1
    assert the_error(unwell) == "Error: Not well: raw lake; do what the lines above say."
