"""Files that are private and whole, one lock, one way to open DuckDB."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from email_statistics.storage import (
    LockedError,
    lock_holder,
    locked,
    make_private_folder,
    open_duckdb,
    write_private,
)


def test_a_file_is_its_owners_alone_whatever_the_mask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_private(tmp_path / "page.html", "ä")
        make_private_folder(tmp_path / "one" / "two")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "page.html").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "one" / "two").stat().st_mode) == 0o700
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == "ä"


def test_a_file_that_can_not_be_written_stays_as_it_was(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    write_private(page, "old")
    with pytest.raises(UnicodeEncodeError):
        write_private(page, "new \udc80")
    assert page.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [page]


def test_a_lock_names_its_holder_and_dies_with_it(tmp_path: Path) -> None:
    lock = tmp_path / "wh.lock"
    assert lock_holder(lock) is None
    assert not lock.exists(), "a look makes nothing"
    code = (
        "import sys; from pathlib import Path; from email_statistics.storage import locked\n"
        "with locked(Path(sys.argv[1]), 'build'): print(1, flush=True); input()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    other.stdout.readline()
    holder = f"email-stats build, process {other.pid}, since "
    assert (lock_holder(lock) or "").startswith(holder)
    with pytest.raises(LockedError, match=f"is being written by {holder}"), locked(lock, "publish"):
        pass
    assert (lock_holder(lock) or "").startswith(holder), "who was refused wrote nothing"
    other.kill()
    other.communicate()
    assert lock_holder(lock) is None
    with locked(lock, "publish"):
        assert f"publish, process {os.getpid()}" in lock.read_text(encoding="utf-8")
        assert stat.S_IMODE(lock.stat().st_mode) == 0o600


def test_a_database_is_on_utc_within_its_memory_and_fetches_nothing(tmp_path: Path) -> None:
    open_duckdb(tmp_path / "email_stats.duckdb").close()
    with open_duckdb(tmp_path / "email_stats.duckdb", read_only=True, megabytes=50) as connection:
        names = ("TimeZone", "memory_limit", "autoinstall_known_extensions")
        settings = dict(
            connection.sql(
                f"select name, value from duckdb_settings() where name in {names}"
            ).fetchall()
        )
        assert settings["TimeZone"] == "UTC"
        assert settings["memory_limit"] == "47.6 MiB"
        assert settings["autoinstall_known_extensions"] == "false"
        with pytest.raises(duckdb.Error):
            connection.execute("create table t as select 1 as i")
