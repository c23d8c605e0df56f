"""`email-stats build`, with all that can go wrong around it: real builds, really killed."""

import os
import random
import resource
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from helpers.faults import (
    EMAIL_STATS,
    copy_build,
    email_stats,
    read_version,
    start_email_stats,
    the_error,
)
from helpers.kill_builds import Killings, Seconds, kill_builds, point
from helpers.support import SampleBuild, build_database, environment, staging_project

from email_statistics.build.database import (
    PUBLISHED_FORMAT,
    BuildDatabaseError,
    reading_passed,
    settle,
)
from email_statistics.build.dbt import Dbt
from email_statistics.build.files import BuildFiles
from email_statistics.build.progress import Progress
from email_statistics.build.publish import publish_database
from email_statistics.errors import UsageError
from email_statistics.storage import lock_holder, locked


@dataclass(frozen=True)
class Killed:
    """Where builds were killed, and what was seen."""

    folder: Path
    killings: Killings

    @property
    def warehouse(self) -> Path:
        return self.folder / "email_stats.duckdb"


@pytest.fixture(scope="module")
def killed(
    sample_build: SampleBuild, sample_lake: Path, tmp_path_factory: pytest.TempPathFactory
) -> Killed:
    """A build of the sample killed at a random moment, with readers; and one that ended."""
    folder = tmp_path_factory.mktemp("killed") / "warehouse"
    warehouse = copy_build(sample_build.database, folder)
    publish_database(BuildFiles(warehouse, build_database(warehouse)))
    warehouse.chmod(0o600)
    versions = {read_version(warehouse): sample_lake}
    return Killed(folder, kill_builds(versions, folder, 1, Seconds(10.0, 0.2), 2, random.Random(3)))


@pytest.fixture
def lake(killed: Killed, sample_lake: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the sample of one's own, behind the path at which dbt has read the project."""
    own = tmp_path / "lake"
    shutil.copytree(sample_lake, own)
    point(killed.folder / "lake", own)
    yield killed.folder / "lake"
    point(killed.folder / "lake", sample_lake)


def test_readers_see_no_error_while_builds_are_killed(killed: Killed) -> None:
    assert killed.killings.errors == []
    assert killed.killings.reads > 10


def test_the_summary_tells_rows_checks_times_and_what_was_published(killed: Killed) -> None:
    assert killed.killings.last is not None
    lines = killed.killings.last.stdout.splitlines()
    assert lines[0] == f"Raw lake: {killed.folder / 'lake'}"
    assert any(line.split()[:1] == ["send_events"] for line in lines)
    assert any(line.startswith("Out: ") for line in lines)
    assert any(line.startswith("dbt: ") and "tests passed" in line for line in lines)
    (times,) = (line for line in lines if line.startswith("Time: "))
    for step in ("raw check", "dbt's start", "models and their tests", "marts check", "publish"):
        assert f"{step} " in times
    assert lines[-1].startswith("Published ")
    assert lines[-1].endswith(str(killed.warehouse))


def test_all_that_a_build_writes_is_its_owners_alone(killed: Killed) -> None:
    written = [killed.folder, *killed.folder.rglob("*")]
    lake = killed.folder / "lake"
    for path in written:
        if path == lake or lake in path.parents or path == killed.folder:
            continue
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_unit_tests_are_left_out_and_every_data_test_is_run(
    killed: Killed, sample_build: SampleBuild
) -> None:
    assert killed.killings.last is not None
    nodes = sample_build.manifest["nodes"].values()
    tests = sum(node["resource_type"] == "test" for node in nodes)
    assert f", {tests} tests passed." in killed.killings.last.stdout


@pytest.fixture
def project_with_a_failing_test(tmp_path: Path) -> list[str]:
    """How to start `email-stats` in a copy of the project, to its staging, with such a test."""
    project = staging_project(tmp_path / "project")
    (project / "tests" / "dbt" / "sends_are_blue.sql").write_text(
        "select * from {{ ref('stg_send_events') }} limit 3"
    )
    code = (
        "from pathlib import Path; from email_statistics import paths;"
        f"paths.PROJECT_ROOT = Path({str(project)!r});"
        "from email_statistics.cli import main; main()"
    )
    return [sys.executable, "-c", code]


def test_a_failing_test_of_dbt_publishes_nothing_and_is_named(
    project_with_a_failing_test: list[str],
    sample_build: SampleBuild,
    sample_lake: Path,
    tmp_path: Path,
) -> None:
    warehouse = copy_build(sample_build.database, tmp_path / "warehouse")
    warehouse.write_bytes(b"published")
    run = email_stats(
        "build", lake=sample_lake, warehouse=warehouse, launcher=project_with_a_failing_test
    )
    assert run.returncode == 1
    error = the_error(run)
    assert "The test sends_are_blue failed (3 rows)" in error
    assert "Nothing was published" in error
    assert warehouse.read_bytes() == b"published"
    with (
        pytest.raises(BuildDatabaseError, match="it did not pass sends_are_blue"),
        reading_passed(build_database(warehouse)),
    ):
        pass


@pytest.fixture
def building(sample_lake: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A build at work, which holds the lock."""
    process = start_email_stats(
        "build", lake=sample_lake, warehouse=tmp_path / "email_stats.duckdb"
    )
    lock = tmp_path / "build" / "email_stats.duckdb.lock"
    assert process.stderr is not None
    while not (lock.exists() and lock.read_text(encoding="utf-8")):
        assert process.poll() is None
        time.sleep(0.02)
    yield process
    process.kill()
    process.wait()
    process.stderr.close()


def test_a_second_build_is_refused_and_a_dead_ones_lock_is_none(
    building: subprocess.Popen[str], sample_lake: Path, tmp_path: Path
) -> None:
    lock = tmp_path / "build" / "email_stats.duckdb.lock"
    for command in ("build", "publish"):
        second = email_stats(command, lake=sample_lake, warehouse=tmp_path / "email_stats.duckdb")
        assert second.returncode == 1
        assert f"email-stats build, process {building.pid}, since" in the_error(second)
    doctor = email_stats("doctor", lake=sample_lake, warehouse=tmp_path / "email_stats.duckdb")
    assert f"process {building.pid}" in doctor.stdout
    os.kill(building.pid, signal.SIGKILL)
    building.wait()
    assert str(building.pid) in lock.read_text(encoding="utf-8"), "a stale lock file"
    assert lock_holder(lock) is None
    with locked(lock, "build"):
        held = lock_holder(lock)
        assert held is not None
        assert f"process {os.getpid()}" in held


def test_ctrl_c_is_a_sentence(building: subprocess.Popen[str]) -> None:
    assert building.stderr is not None
    for line in building.stderr:
        if "dbt's start" in line:
            break
    building.send_signal(signal.SIGINT)
    stderr = building.communicate()[1]
    assert building.returncode == 130, stderr
    assert stderr.splitlines()[-1].startswith(
        "Error: Interrupted; the published file is as it was."
    )
    assert "Traceback" not in stderr


def _limit_file_size() -> None:
    """From here on no file can grow over 3 MB, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))


def test_a_disk_that_is_full_while_models_are_built_is_a_sentence(
    killed: Killed, lake: Path
) -> None:
    before = killed.warehouse.read_bytes()
    run = subprocess.run(
        [*EMAIL_STATS, "build", "--full-refresh"],
        env=environment(lake, killed.warehouse),
        preexec_fn=_limit_file_size,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "The disk is full" in the_error(run)
    assert killed.warehouse.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "variables", "sentence"),
    [
        (("--vars", "{atribution_window_days: 5}"), {}, "did you mean 'attribution_window_days'?"),
        (("--vars", "attribution_window_days: 99"), {}, "'attribution_window_days' can't be 99"),
        (("--vars", "[1"), {}, "--vars is not YAML"),
        (("--vars", "[1]"), {}, "--vars must be a mapping"),
        ((), {"EMAIL_STATS_RWA": "x"}, "did you mean EMAIL_STATS_RAW?"),
        ((), {"EMAIL_STATS_RAW": "/nowhere"}, "There is no raw lake at /nowhere"),
    ],
)
def test_wrong_usage_ends_with_two(
    sample_lake: Path,
    tmp_path: Path,
    arguments: tuple[str, ...],
    variables: dict[str, str],
    sentence: str,
) -> None:
    run = email_stats(
        "build",
        *arguments,
        lake=sample_lake,
        warehouse=tmp_path / "none" / "email_stats.duckdb",
        variables=variables,
    )
    assert run.returncode == 2, run.stderr
    assert sentence in the_error(run)
    assert not (tmp_path / "none").exists()


def test_a_damaged_raw_file_ends_the_build_before_dbt_starts(killed: Killed, lake: Path) -> None:
    (lake / "contacts" / "broken.parquet").write_bytes(b"PAR1 and no more")
    run = email_stats("build", lake=lake, warehouse=killed.warehouse)
    assert run.returncode == 1
    assert "broken.parquet" in the_error(run)
    assert "dbt's start" not in run.stderr


def test_a_lake_without_a_required_column_ends_before_any_model(killed: Killed, lake: Path) -> None:
    late = lake / "contacts" / "late.parquet"
    query = "select 'c' as contact_id, now() as updated_at, now() as loaded_at"
    duckdb.sql(f"copy ({query}) to '{late}'")
    run = email_stats("build", lake=lake, warehouse=killed.warehouse)
    assert run.returncode == 1
    assert "late.parquet lacks the required column email" in the_error(run)


def test_selecting_builds_a_part_and_publishes_nothing(killed: Killed, lake: Path) -> None:
    before = killed.warehouse.read_bytes()
    run = email_stats("build", "--select", "stg_links", lake=lake, warehouse=killed.warehouse)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == "Nothing was published: --select builds a part."
    assert killed.warehouse.read_bytes() == before


def test_selecting_nothing_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    ran_nothing = SimpleNamespace(success=True, exception=None, result=[])
    monkeypatch.setattr(Dbt, "_invoke", lambda *_: ran_nothing)
    with pytest.raises(UsageError, match="--select nosuch names no model"):
        Dbt(None).build(("nosuch",), is_full_refresh=False, progress=Progress())


def test_settings_reach_the_models_but_not_the_reading_of_the_project(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[list[str]] = []

    def invoke(_: Dbt, arguments: list[str], *__: object) -> SimpleNamespace:
        asked.append(arguments)
        return SimpleNamespace(success=True, exception=None, result=[])

    monkeypatch.setattr(Dbt, "_invoke", invoke)
    dbt = Dbt("{engaged_days: 7}")
    dbt.start()
    with pytest.raises(UsageError):
        dbt.build(("none",), is_full_refresh=False, progress=Progress())
    reading, building = asked
    assert "--vars" not in reading
    assert building[building.index("--vars") + 1] == "{engaged_days: 7}"


def test_a_damaged_build_database_is_remade_and_its_log_replayed(tmp_path: Path) -> None:
    database = tmp_path / "email_stats.duckdb"
    assert settle(database) is None
    database.write_bytes(b"no database" * 1000)
    database.with_name("email_stats.duckdb.wal").write_bytes(b"no log")
    note = settle(database)
    assert note is not None
    assert "is built again" in note
    assert list(tmp_path.iterdir()) == []
    code = (
        f"import duckdb, os, signal; c = duckdb.connect({str(database)!r});"
        "c.execute('create table t as select 1 as i'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    assert database.with_name("email_stats.duckdb.wal").exists()
    assert settle(database) is None
    with duckdb.connect(database, read_only=True) as connection:
        assert connection.sql("from t").fetchall() == [(1,)]


def test_a_build_database_that_older_programs_can_not_open_is_remade(tmp_path: Path) -> None:
    database = tmp_path / "email_stats.duckdb"
    duckdb.connect(database).close()
    assert settle(database) is None
    note = settle(database, PUBLISHED_FORMAT)
    assert note is not None
    assert "can't open; it is built again" in note
    assert not database.exists()
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as wh (storage_version 'v1.0.0')")
    assert settle(database, PUBLISHED_FORMAT) is None
    assert database.exists()


def test_a_dbt_build_by_hand_at_the_same_time_is_a_sentence(tmp_path: Path) -> None:
    database = tmp_path / "email_stats.duckdb"
    code = f"import duckdb; c = duckdb.connect({str(database)!r}); print(1, flush=True); input()"
    other = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    other.stdout.readline()
    with pytest.raises(BuildDatabaseError, match=f"is open in process {other.pid}"):
        settle(database)
    other.communicate("\n")


def test_only_what_dead_builds_left_is_tidied_away(tmp_path: Path) -> None:
    published = tmp_path / "wh.duckdb"
    files = BuildFiles(published, build_database(published))
    files.database.parent.mkdir()
    left = [".wh.duckdb.123", ".wh.duckdb.123.wal", ".wh.duckdb.123.tmp", "build/wh.duckdb.tmp"]
    kept = [".wh.duckdb.mine", ".other.duckdb.123", "wh.duckdb", "build/wh.duckdb", "notes.txt"]
    for name in left + kept:
        (tmp_path / name).write_text("")
    assert files.leftovers() == sorted(tmp_path / name for name in left)
