"""The register of exports: right whatever is killed, private, and emptied after 30 days."""

import hashlib
import random
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from helpers.support import PROJECT_ROOT

from email_statistics.errors import UsageError
from email_statistics.exports.register import KEPT_DAYS, Export, Register
from email_statistics.exports.writing import write

SCRIPT = PROJECT_ROOT / "tests" / "python" / "helpers" / "export_and_die.py"
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


def export(folder: Path, name: str, now: datetime = NOW, out: Path | None = None) -> Export:
    with Register(folder).writing(
        file_name=name,
        out=out,
        description=name,
        export_type="all",
        requested_by="jane",
        parameters={"start": "2026-06-01"},
        build={"raw_lake": "lake"},
        now=now,
    ) as writing:
        rows = write([pl.DataFrame({"number": [1, 2]})], writing.export.unfinished, "csv")
        return writing.complete(rows)


def start(*arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, SCRIPT, *map(str, arguments)])


def check_everything(folder: Path) -> list[Export]:
    """Each export is done with its whole file, or failed without one; nothing else is there."""
    exports = Register(folder).exports(datetime.now(UTC))
    for one in exports:
        assert one.status in ("done", "failed")
        if one.status == "done":
            content = one.path.read_bytes()
            assert (one.bytes, one.sha256) == (len(content), hashlib.sha256(content).hexdigest())
            assert one.rows == content.count(b"\n") - 1
        assert not one.workspace.exists()
    files = {one.path.name for one in exports if one.status == "done" and not one.is_kept_by_user}
    register = {path.name for path in folder.glob("register.sqlite*")}
    assert {path.name for path in folder.iterdir()} == files | register
    return exports


def test_an_export_is_registered_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    done = export(tmp_path, "all_1.csv")
    assert Register(tmp_path).find(done.id, NOW) == done
    assert (done.status, done.rows, done.bytes) == ("done", 2, done.path.stat().st_size)
    assert done.expires_at == NOW + timedelta(days=KEPT_DAYS)
    assert (done.requested_by, done.parameters, done.build) == (
        "jane",
        {"start": "2026-06-01"},
        {"raw_lake": "lake"},
    )


def test_file_and_register_are_their_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    done = export(folder, "all_1.csv")
    with Register(folder)._transaction():
        modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes[done.file_name] == modes["register.sqlite"] == 0o600
    assert set(modes.values()) == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_file_is_under_another_name_until_it_is_whole(tmp_path: Path) -> None:
    with Register(tmp_path).writing(
        file_name="all_1.csv",
        out=None,
        description="",
        export_type="all",
        requested_by="",
        parameters={},
        build={},
        now=NOW,
    ) as writing:
        write([pl.DataFrame({"number": [1]})], writing.export.unfinished, "csv")
        assert not (tmp_path / "all_1.csv").exists()
        assert [one.status for one in Register(tmp_path).exports(NOW)] == ["running"]
        writing.complete(1)
    assert (tmp_path / "all_1.csv").exists()


def test_an_export_that_fails_leaves_no_file(tmp_path: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        Register(tmp_path).writing(
            file_name="all_1.csv",
            out=None,
            description="",
            export_type="all",
            requested_by="",
            parameters={},
            build={},
            now=datetime.now(UTC),
        ) as writing,
    ):
        writing.export.unfinished.write_text("half")
        raise ZeroDivisionError
    assert [one.status for one in check_everything(tmp_path)] == ["failed"]


def test_after_30_days_file_and_row_are_removed(tmp_path: Path) -> None:
    old, recent = export(tmp_path, "old.csv"), export(tmp_path, "recent.csv", NOW + timedelta(1))
    just_before = old.expires_at - timedelta(microseconds=1)
    assert len(Register(tmp_path).exports(just_before)) == 2
    assert Register(tmp_path).purge(old.expires_at) == 1
    assert Register(tmp_path).exports(old.expires_at) == [recent]
    assert Register(tmp_path).find(old.id, old.expires_at) is None
    assert not old.path.exists()
    assert recent.path.exists()


def test_a_file_that_its_user_keeps_is_never_removed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    mine = tmp_path / "mine" / "list.csv"
    done = export(tmp_path / "exports", "all_1.csv", out=mine)
    assert (done.path, done.is_kept_by_user) == (mine, True)
    assert mine.stat().st_mode & 0o777 == 0o600
    assert Register(tmp_path / "exports").purge(done.expires_at) == 1
    assert mine.exists()
    assert list(mine.parent.iterdir()) == [mine]


def test_a_folder_that_cant_be_written_into_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be written into"):
        export(tmp_path, "all_1.csv", out=tmp_path / "none" / "list.csv")
    assert Register(tmp_path).exports(NOW) == []


@pytest.mark.parametrize(
    ("step", "statuses"),
    [
        ("locked", []),
        ("written in part", ["failed"]),
        ("written", ["failed"]),
        ("at its place", ["failed"]),
        ("done", ["done"]),
        ("workspace removed", ["done"]),
    ],
)
def test_an_export_that_is_killed_is_done_or_failed(
    tmp_path: Path, step: str, statuses: list[str]
) -> None:
    assert start(tmp_path, 1, step).wait() == -9
    assert [one.status for one in check_everything(tmp_path)] == statuses


@pytest.mark.parametrize("step", ["written in part", "at its place", "done"])
def test_a_killed_export_leaves_nothing_beside_its_users_file(tmp_path: Path, step: str) -> None:
    mine = tmp_path / "list.csv"
    mine.write_text("of before")
    assert start(tmp_path / "exports", 1, step, mine).wait() == -9
    check_everything(tmp_path / "exports")
    assert {path.name for path in tmp_path.iterdir()} == {"exports", "list.csv"}
    if step == "written in part":
        assert mine.read_text() == "of before"
    else:
        assert mine.read_bytes().count(b"\n") == 4_001


def test_writers_at_once_and_kills_at_any_moment_leave_the_register_right(tmp_path: Path) -> None:
    moments = random.Random(7)
    for _ in range(3):
        processes = [start(tmp_path, times) for times in (100_000, 12)]
        began = len(list(tmp_path.glob("*.csv")))
        while len(list(tmp_path.glob("*.csv"))) < began + 3:
            assert any(process.poll() is None for process in processes)
            time.sleep(0.01)
        time.sleep(moments.random() * 0.2)
        processes[0].kill()
        assert processes[0].wait() == -9
        check_alive = [one.status for one in Register(tmp_path).exports(datetime.now(UTC))]
        assert check_alive.count("running") <= 1
        assert processes[1].wait() == 0
    exports = check_everything(tmp_path)
    assert sum(one.status == "done" for one in exports) >= 36


def test_an_export_at_work_is_left_alone(tmp_path: Path) -> None:
    with Register(tmp_path).writing(
        file_name="all_1.csv",
        out=None,
        description="",
        export_type="all",
        requested_by="",
        parameters={},
        build={},
        now=NOW,
    ) as writing:
        writing.export.unfinished.write_text("number\n")
        code = (
            "import sys; from datetime import *; from pathlib import Path; "
            "from email_statistics.exports.register import Register; "
            "print(Register(Path(sys.argv[1])).purge(datetime.now(UTC) + timedelta(days=99)))"
        )
        run = subprocess.run(
            [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True
        )
        assert run.stdout == "0\n"
        assert writing.export.unfinished.exists()
        assert any(writing.export.workspace.iterdir())
        writing.complete(0)
    assert writing.export.path.exists()
