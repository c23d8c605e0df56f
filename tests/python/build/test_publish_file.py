"""Publishing: what the file holds, that it takes its place whole, and what can go wrong."""

import errno
import os
import random
import resource
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from helpers.faults import EMAIL_STATS, copy_build, email_stats, read_version, readers, the_error
from helpers.support import SampleBuild, build_database

from email_statistics.build.database import reading_passed, remove
from email_statistics.build.files import BuildFiles
from email_statistics.build.publish import (
    PublishError,
    publish_database,
    read_published,
)


@pytest.fixture
def files(sample_build: SampleBuild, tmp_path: Path) -> BuildFiles:
    """A build database that passed, and nothing published."""
    published = copy_build(sample_build.database, tmp_path)
    return BuildFiles(published, build_database(published))


def _tables(path: Path, schemas: str = "('core', 'marts')") -> dict[str, tuple[int, int]]:
    """Each public relation's rows, and a hash of them all."""
    with duckdb.connect(path, read_only=True) as connection:
        names = connection.sql(
            f"select table_schema || '.' || table_name from information_schema.tables "
            f"where table_schema in {schemas} order by 1"
        ).fetchall()
        return {
            name: connection.sql(
                f"select count(*), cast(bit_xor(hash(rows)) as ubigint) from {name} as rows"
            ).fetchall()[0]
            for (name,) in names
        }


def test_core_and_marts_are_published_row_for_row_and_nothing_else(files: BuildFiles) -> None:
    done = publish_database(files)
    assert _tables(files.published) == _tables(files.database)
    with duckdb.connect(files.published, read_only=True) as connection:
        tables = connection.sql(
            "select count(*), sum(estimated_size) from duckdb_tables()"
        ).fetchall()
        assert tables == [(done.tables, done.rows)]
    assert _schemas(files.published) == ["core", "marts"]


def _schemas(path: Path) -> list[str]:
    with duckdb.connect(path, read_only=True) as connection:
        found = connection.sql(
            "select schema_name from duckdb_schemas() where not internal order by 1"
        ).fetchall()
    return [name for (name,) in found]


def test_a_kernel_that_does_not_copy_files_is_done_without(
    files: BuildFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def refuse(*_: int) -> int:
        asked.append(True)
        raise OSError(errno.EOPNOTSUPP, "not supported")

    monkeypatch.setattr(os, "copy_file_range", refuse)
    assert publish_database(files).rows > 0
    assert asked
    monkeypatch.setattr(os, "copy_file_range", lambda *_: 0)
    assert publish_database(files).rows > 0


def test_a_file_of_several_pieces_is_copied_whole(
    files: BuildFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    piece = files.database.stat().st_size // 3
    monkeypatch.setattr("email_statistics.build.publish._COPIED_AT_ONCE", piece)
    publish_database(files)
    assert _tables(files.published) == _tables(files.database)


def test_a_disk_that_cannot_be_read_while_the_kernel_copies_publishes_nothing(
    files: BuildFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_database(files)
    published = files.published.stat().st_mtime_ns

    def fail(*_: int) -> int:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(os, "copy_file_range", fail)
    with pytest.raises(PublishError, match="as it was"):
        publish_database(files)
    assert files.published.stat().st_mtime_ns == published
    assert not files.unfinished.exists()


def test_every_comment_is_published(files: BuildFiles) -> None:
    publish_database(files)
    query = (
        "select schema_name, table_name, column_name, comment from duckdb_columns()"
        " where not internal and schema_name in ('core', 'marts')"
        " union all select schema_name, table_name, '', comment from duckdb_tables()"
        " where schema_name in ('core', 'marts') union all"
        " select schema_name, view_name, '', comment from duckdb_views() where not internal"
        " and schema_name in ('core', 'marts') order by all"
    )
    with duckdb.connect(files.database, read_only=True) as built:
        expected = built.sql(query).fetchall()
    with duckdb.connect(files.published, read_only=True) as published:
        assert published.sql(query).fetchall() == expected
    assert all(comment for *_, comment in expected)


def test_views_work_under_any_alias(files: BuildFiles) -> None:
    publish_database(files)
    files.database.unlink()
    with duckdb.connect() as connection:
        connection.execute(f"attach '{files.published}' as bi (read_only)")
        for view in ("click_performance", "data_quality"):
            (row,) = connection.sql(f"select count(*) from bi.marts.{view}").fetchall()
            assert row[0] > 0


def test_only_its_owner_can_read_it(files: BuildFiles, sample_lake: Path) -> None:
    run = email_stats("publish", lake=sample_lake, warehouse=files.published)
    assert run.returncode == 0, run.stderr
    for path in (files.published, files.checks_page, files.lock):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert files.published.name in run.stdout.splitlines()[-1]


def test_who_reads_meanwhile_keeps_the_version_that_was_opened(files: BuildFiles) -> None:
    publish_database(files)
    with duckdb.connect(files.published, read_only=True) as reader:
        publish_database(files)
        assert reader.sql("select count(*) from core.build").fetchall() == [(1,)]
    read_version(files.published)


@pytest.mark.parametrize("damage", ["deleted", "cut short", "no database", "empty"])
def test_a_published_file_that_was_harmed_is_written_again(files: BuildFiles, damage: str) -> None:
    publish_database(files)
    whole = read_version(files.published)
    if damage == "deleted":
        files.published.unlink()
    elif damage == "cut short":
        os.truncate(files.published, files.published.stat().st_size // 2)
    else:
        files.published.write_bytes(b"" if damage == "empty" else b"no database at all" * 999)
    totals, note = read_published(files.published)
    assert totals is None
    assert note is None if damage == "deleted" else note is not None and "written again" in note
    publish_database(files)
    assert read_version(files.published) == whole


def _write_and_die(path: Path, statement: str) -> Path:
    """Have a process killed that has written into a database; returns the log that it leaves."""
    script = (
        "import duckdb, os, signal;"
        f"connection = duckdb.connect({str(path)!r});"
        f"connection.execute({statement!r});"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script], check=False)
    log = path.with_name(f"{path.name}.wal")
    assert log.exists()
    return log


def test_what_stands_in_the_log_alone_is_published_too(files: BuildFiles) -> None:
    _write_and_die(files.database, "delete from core.fct_orphans")
    publish_database(files)
    with duckdb.connect(files.published, read_only=True) as connection:
        assert connection.sql("select count(*) from core.fct_orphans").fetchall() == [(0,)]


def test_nothing_of_the_steps_is_left_in_the_published_file(files: BuildFiles) -> None:
    with duckdb.connect(files.database) as connection:
        connection.execute("create schema more; create table more.mine as select 'only mine' as t")
    publish_database(files)
    assert _schemas(files.published) == ["core", "marts"]
    assert files.published.stat().st_size <= files.database.stat().st_size


def test_a_log_left_beside_the_published_file_goes_with_it(files: BuildFiles) -> None:
    publish_database(files)
    log = _write_and_die(files.published, "create table marts.mine as select 1")
    publish_database(files)
    assert not log.exists()
    assert _tables(files.published) == _tables(files.database)


def test_who_has_the_published_file_open_for_writing_is_named(
    files: BuildFiles, sample_lake: Path
) -> None:
    publish_database(files)
    script = (
        f"import duckdb; c = duckdb.connect({str(files.published)!r});print(1, flush=True); input()"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    writer.stdout.readline()
    run = email_stats("publish", lake=sample_lake, warehouse=files.published)
    writer.communicate("\n")
    assert run.returncode == 1
    assert f"is open in process {writer.pid}" in the_error(run)


def test_publishing_killed_at_any_moment_never_harms_a_reader(files: BuildFiles) -> None:
    publish_database(files)
    whole = read_version(files.published)
    script = (
        "from pathlib import Path; from email_statistics.build.files import BuildFiles;"
        "from email_statistics.build.publish import publish_database;"
        f"files = BuildFiles(Path({str(files.published)!r}), Path({str(files.database)!r}));"
        "print(1, flush=True)\n"
        "while True: publish_database(files)"
    )
    chance = random.Random(5)
    with readers(files.published, 2) as polled:
        for _ in range(8):
            publisher = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
            assert publisher.stdout is not None
            publisher.stdout.readline()
            time.sleep(chance.uniform(0, 1))
            publisher.kill()
            publisher.communicate()
            assert read_version(files.published) == whole
            for leftover in files.leftovers():
                remove(leftover)
    assert polled.errors == []
    assert polled.reads > 10
    assert sorted(path.name for path in files.published.parent.iterdir()) == [
        "build",
        "email_stats.duckdb",
    ]


def _limit_file_size(most: float) -> None:
    """From here on a file can't grow over ``most`` bytes, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), int(most)))


@pytest.mark.parametrize("share", [0.01, 0.5, 0.95])
def test_a_full_disk_leaves_the_published_file_as_it_was(files: BuildFiles, share: float) -> None:
    publish_database(files)
    before = files.published.read_bytes()
    script = (
        "from pathlib import Path; from email_statistics.build.files import BuildFiles;"
        "from email_statistics.build.publish import publish_database;"
        f"published, database = Path({str(files.published)!r}), Path({str(files.database)!r});"
        "publish_database(BuildFiles(published, database))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        preexec_fn=lambda: _limit_file_size(len(before) * share),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "PublishError: The disk is full" in run.stderr
    assert files.published.read_bytes() == before
    assert {path.name for path in files.published.parent.iterdir()} == {
        "build",
        "email_stats.duckdb",
    }


def test_what_did_not_pass_is_not_published(files: BuildFiles, sample_lake: Path) -> None:
    with duckdb.connect(files.database) as connection:
        connection.execute(
            "update raw.build_outcome set is_passed = false, reason = 'it did not pass unique_x'"
        )
    run = email_stats("publish", lake=sample_lake, warehouse=files.published)
    assert run.returncode == 1
    assert "it did not pass unique_x" in the_error(run)
    assert not files.published.exists()


def test_nothing_built_is_a_sentence(tmp_path: Path, sample_lake: Path) -> None:
    run = email_stats("publish", lake=sample_lake, warehouse=tmp_path / "none.duckdb")
    assert run.returncode == 1
    assert "run `email-stats build`" in the_error(run)


def test_copying_something_else_than_was_built_is_noticed(
    files: BuildFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    from email_statistics.build import publish

    publish_database(files)
    whole = read_version(files.published)
    keep_public = publish._keep_public

    def keep_all_but_the_sources(unfinished: Path) -> None:
        keep_public(unfinished)
        with duckdb.connect(unfinished) as connection:
            connection.execute("delete from core.dim_email_sources")

    monkeypatch.setattr(publish, "_keep_public", keep_all_but_the_sources)
    with pytest.raises(PublishError, match="has 0 rows where the build database has"):
        publish_database(files)
    assert read_version(files.published) == whole


def test_wrong_paths_end_with_usage_errors(tmp_path: Path, sample_lake: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder").mkdir()
    file, folder = tmp_path / "file", tmp_path / "folder"
    for warehouse, named in ((file / "wh.duckdb", file), (folder, folder)):
        run = email_stats("build", lake=sample_lake, warehouse=warehouse)
        assert run.returncode == 2, run.stderr
        assert str(named) in the_error(run)


@pytest.mark.parametrize("name", ["core.duckdb", ".Steps.db", "o'b.duckdb"])
def test_a_warehouse_named_as_a_part_of_it_is_refused(
    name: str, tmp_path: Path, sample_lake: Path
) -> None:
    run = email_stats("build", lake=sample_lake, warehouse=tmp_path / name)
    assert run.returncode == 2, run.stderr
    assert f"A warehouse can't be called {name}" in the_error(run)
    assert list(tmp_path.glob("**/*.duckdb")) == []


def test_an_unwritable_folder_is_a_sentence(tmp_path: Path, sample_lake: Path) -> None:
    launcher = EMAIL_STATS
    if os.geteuid() == 0:  # for whom every folder is writable, but without these two capabilities
        if shutil.which("setpriv") is None:
            pytest.skip("root can write everywhere, and there is no setpriv to be less than root")
        launcher = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *EMAIL_STATS]
    folder = tmp_path / "theirs"
    folder.mkdir()
    folder.chmod(0o555)
    for warehouse in (folder / "email_stats.duckdb", folder / "deeper" / "email_stats.duckdb"):
        run = email_stats("build", lake=sample_lake, warehouse=warehouse, launcher=launcher)
        assert run.returncode == 2, run.stderr
        assert "can't be written (Permission denied)" in the_error(run)
    folder.chmod(0o755)


def test_nobody_writes_the_build_database_between_its_check_and_its_publishing(
    files: BuildFiles,
) -> None:
    write = (
        f"import duckdb; duckdb.connect({str(files.database)!r})"
        ".execute('delete from core.fct_messages')"
    )
    with reading_passed(files.database) as connection:
        checked = connection.sql("select count(*) from core.fct_messages").fetchall()
        writer = subprocess.run(
            [sys.executable, "-c", write], capture_output=True, text=True, check=False
        )
        publish_database(files)
    assert "Could not set lock on file" in writer.stderr
    with duckdb.connect(files.published, read_only=True) as published:
        assert published.sql("select count(*) from core.fct_messages").fetchall() == checked
