"""Whether anything is new: each kind of change makes a real build, and nothing else does."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from helpers.faults import email_stats
from helpers.support import build_database, staging_project, steps_of

from email_statistics import paths
from email_statistics.build import build_input
from email_statistics.build.build_input import BuildInput, read_build_input
from email_statistics.build.engine import BuildOptions
from email_statistics.build.files import BuildFiles, build_files
from email_statistics.build.last_build import read_last_build, write_last_build
from email_statistics.build.run import Builder, Strictness
from email_statistics.gate.checks import Checker
from email_statistics.gate.raw_counts import RawCounts, TableCounts

COUNTS = {"links": TableCounts(rows=3, nulls={}, event_types={}, loaded_through=None)}


class RealBuild(Exception):  # noqa: N818  # no error: what the tests look for
    """A build would have begun."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project, as far as its staging."""
    folder = staging_project(tmp_path / "project")
    (folder / "seeds" / "_seeds.yml").write_text("version: 2\n")
    return folder


@pytest.fixture
def built(
    project: Path, sample_lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> BuildFiles:
    """A warehouse that was built and published from its own lake, as far as its record says."""
    lake = tmp_path / "lake"
    shutil.copytree(sample_lake / "links", lake / "links")
    monkeypatch.setenv("EMAIL_STATS_RAW", str(lake))
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(tmp_path / "warehouse" / "email_stats.duckdb"))
    monkeypatch.setattr(paths, "PROJECT_ROOT", project)
    monkeypatch.setattr(Builder, "_build", _raise_real_build)
    build_input._fingerprint_read_once.cache_clear()
    files = build_files()
    files.database.parent.mkdir(parents=True)
    for database in (files.published, files.database, files.steps):
        duckdb.connect(database).close()
    _record(files)
    return files


def _raise_real_build(*_: object) -> None:
    raise RealBuild


def _record(files: BuildFiles, *, is_strict: bool = False) -> BuildInput:
    found = Builder(BuildOptions(), Strictness(), Checker()).look()
    counts = RawCounts(found.lake, found.files, COUNTS)
    write_last_build(found, counts, is_strict, files)
    return found


def _builds(options: BuildOptions | None = None, strictness: Strictness | None = None) -> bool:
    """Whether a new process would build."""
    build_input._fingerprint_read_once.cache_clear()
    with Checker() as checker, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checker, "start", lambda _: None)
        try:
            Builder(options or BuildOptions(), strictness or Strictness(), checker).build()
        except RealBuild:
            return True
    return False


def test_nothing_new_is_said_and_nothing_is_built(
    built: BuildFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    before = built.published.stat()
    assert not _builds()
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.startswith("Nothing is new: ")
    assert str(built.published) in said
    assert built.published.stat() == before


def _append(path: Path) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write("\n")


def _write_into(database: Path) -> None:
    with duckdb.connect(database) as connection:
        connection.execute("create table mine as select 1 as i")


CHANGES: dict[str, Callable[[Path, BuildFiles], object]] = {
    "a new file": lambda lake, _: shutil.copy(
        lake / "links" / "part-00000.parquet", lake / "links" / "more.parquet"
    ),
    "a changed file": lambda lake, _: (lake / "links" / "part-00000.parquet").touch(),
    "a file that is gone": lambda lake, _: (lake / "links" / "part-00000.parquet").unlink(),
    "a seed": lambda *_: _append(paths.PROJECT_ROOT / "seeds" / "user_agents.csv"),
    "a seed's types": lambda *_: _append(paths.PROJECT_ROOT / "seeds" / "_seeds.yml"),
    "a model": lambda *_: _append(paths.PROJECT_ROOT / "models" / "staging" / "stg_links.sql"),
    "a macro": lambda *_: _append(next((paths.PROJECT_ROOT / "macros").rglob("*.sql"))),
    "a test": lambda *_: _append(next((paths.PROJECT_ROOT / "tests").rglob("*.sql"))),
    "the project's settings": lambda *_: _append(paths.PROJECT_ROOT / "dbt_project.yml"),
    "the profile": lambda *_: _append(paths.PROJECT_ROOT / "profiles.yml"),
    "the published file": lambda _, files: _write_into(files.published),
    "no published file": lambda _, files: files.published.unlink(),
    "a log beside the published file": lambda _, files: files.published.with_name(
        "email_stats.duckdb.wal"
    ).write_bytes(b"log"),
    "the build database": lambda _, files: _write_into(files.database),
    "its steps": lambda _, files: _write_into(steps_of(build_database(files.published))),
    "no record": lambda _, files: files.last_build.unlink(),
    "a damaged record": lambda _, files: files.last_build.write_text('{"build_input"'),
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_makes_a_real_build(built: BuildFiles, tmp_path: Path, change: str) -> None:
    CHANGES[change](tmp_path / "lake", built)
    assert _builds()


def test_checks_and_code_are_part_of_what_is_built(built: BuildFiles, tmp_path: Path) -> None:
    found = _record(built)
    package = tmp_path / "package"
    shutil.copytree(build_input._PACKAGE, package)
    for path in ("gate/suites/raw/tables.yml", "gate/raw_profile.py", "settings.py"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(build_input, "_PACKAGE", package)
            before = read_build_input(
                Path(found.lake), found.settings, paths.PROJECT_ROOT, found.engine
            )
            _append(package / path)
            build_input._fingerprint_read_once.cache_clear()
            after = read_build_input(
                Path(found.lake), found.settings, paths.PROJECT_ROOT, found.engine
            )
        assert before != after, path


@pytest.mark.parametrize(
    "options",
    [
        BuildOptions(is_full_refresh=True),
        BuildOptions(select=("stg_links",)),
        BuildOptions(variables="{engaged_days: 7}"),
    ],
)
def test_who_asks_for_more_gets_a_real_build(built: BuildFiles, options: BuildOptions) -> None:
    assert built.published.exists()
    assert _builds(options)


def test_what_passed_with_warnings_is_no_answer_to_a_strict_build(built: BuildFiles) -> None:
    strict = Strictness(is_strict=True)
    assert _builds(strictness=strict)
    _record(built, is_strict=True)
    assert not _builds(strictness=strict)
    assert not _builds()


def test_a_record_outlives_its_build(built: BuildFiles) -> None:
    last = read_last_build(built)
    assert last is not None
    assert last.counts == RawCounts(last.build_input.lake, last.build_input.files, COUNTS)


def test_nothing_new_ends_without_dbt_and_great_expectations(
    built: BuildFiles, tmp_path: Path
) -> None:
    code = (
        "import sys; from pathlib import Path; from email_statistics import paths;"
        f"paths.PROJECT_ROOT = Path({str(paths.PROJECT_ROOT)!r});"
        "from email_statistics.cli import cli; cli(['build'], standalone_mode=False);"
        "print(*sorted({'dbt', 'great_expectations', 'pandas', 'polars'} & set(sys.modules)))"
    )
    launcher = [sys.executable, "-c", code]
    run = email_stats(lake=tmp_path / "lake", warehouse=built.published, launcher=launcher)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-2].startswith("Nothing is new: ")
    assert run.stdout.splitlines()[-1] == ""
