import datetime as dt
import json
import os
import shutil
import subprocess
import threading
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.receiving import command, environment, event

from email_statistics.build.files import build_files
from email_statistics.senders import compacting
from email_statistics.senders.compacting import CompactionError, compact
from email_statistics.senders.loading.register import read_loads
from email_statistics.senders.loading.run import load
from email_statistics.senders.profile import Profile
from email_statistics.storage import locked

TABLES = ("send_events", "email_sources", "sending_domains", "contacts", "engagement_events")
# In the middle of a month: two days before are of the same one.
NOW = dt.datetime(2026, 6, 15, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def six_loads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of six loads: of two days over a month ago, of the day before yesterday, of today."""
    lake = tmp_path_factory.mktemp("loads") / "lake"
    month, day = NOW - dt.timedelta(days=60), NOW - dt.timedelta(days=2)
    times = [month, month, month + dt.timedelta(days=1), day - dt.timedelta(hours=1), day, NOW]
    for number, at in enumerate(times):
        _load(lake, number, at)
    return lake


@pytest.fixture
def lake(six_loads: Path, tmp_path: Path) -> Path:
    """A copy of these loads, and of what was loaded."""
    return shutil.copytree(six_loads.parent, tmp_path / "copy") / "lake"


def _load(lake: Path, number: int, at: dt.datetime) -> None:
    before = set(lake.rglob("*.*"))
    body = lake.parent / f"{number}.json"
    body.write_bytes(event(number))
    load("sendgrid", [body], lake=lake, profile=Profile(sender="sendgrid"), loaded_at=at)
    for path in set(lake.rglob("*.*")) - before:
        os.utime(path, (at.timestamp(), at.timestamp()))


def _rows(lake: Path, table: str) -> list[tuple[object, ...]]:
    files = [str(path) for path in lake.glob(f"{table}/loaded/[!_]*.parquet")]
    rows = duckdb.connect().read_parquet(files).fetchall()
    return sorted(rows, key=repr)


def _contents(lake: Path) -> dict[str, list[object]]:
    contents: dict[str, list[object]] = {"_loads": [*sorted(map(json.dumps, read_loads(lake)))]}
    for table in TABLES:
        contents[table] = [*_rows(lake, table)]
    return contents


def _names(lake: Path, table: str = "send_events") -> list[str]:
    return sorted(path.name for path in lake.glob(f"{table}/loaded/*"))


def _records(lake: Path) -> list[dict[str, object]]:
    records = [pq.read_table(path) for path in sorted(lake.glob("_compactions/*.parquet"))]
    return [*pa.concat_tables(records).to_pylist()]


def test_days_and_past_months_become_one_file_of_the_same_rows(lake: Path) -> None:
    before = _contents(lake)
    merged = list(compact(lake, NOW - dt.timedelta(days=1)))
    assert _contents(lake) == before
    a_day, a_month, todays = _names(lake)
    assert a_day.startswith("day-2026-06-13-")
    assert a_month.startswith("month-2026-04-")
    assert todays.startswith("sendgrid")
    assert {compaction.table for compaction in merged} >= {"send_events", "_loads"}
    assert not [path for path in lake.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]


def test_a_second_compaction_has_nothing_to_do(lake: Path) -> None:
    assert list(compact(lake, NOW))
    before = {path: path.stat().st_mtime_ns for path in lake.rglob("*.*") if path.name != ".lock"}
    assert not list(compact(lake, NOW))
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_day_with_a_newer_file_waits(lake: Path) -> None:
    _load(lake, 6, NOW)
    before = _names(lake)
    list(compact(lake, NOW - dt.timedelta(days=3650)))
    assert _names(lake) == before
    list(compact(lake, NOW - dt.timedelta(hours=1)))
    assert len([name for name in _names(lake) if name.startswith("sendgrid")]) == 2
    list(compact(lake, NOW))
    assert not [name for name in _names(lake) if name.startswith("sendgrid")]


def test_what_comes_later_is_merged_with_the_days_file(lake: Path) -> None:
    list(compact(lake, NOW))
    today = f"day-{NOW:%Y-%m-%d}"
    _load(lake, 7, NOW)
    _load(lake, 8, NOW)
    before = _contents(lake)
    list(compact(lake, NOW))
    assert len([name for name in _names(lake) if name.startswith(today)]) == 1
    assert _contents(lake) == before


def test_a_record_says_which_files_a_new_one_stands_for(lake: Path) -> None:
    files = {
        str(path.relative_to(lake)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in lake.glob("*/loaded/*.parquet")
    }
    list(compact(lake, NOW))
    records = [record for record in _records(lake) if record["raw_table"] != "_loads"]
    for record in records:
        assert not (lake / str(record["removed_path"])).exists()
        known = (record["removed_bytes"], record["removed_modified_at_ns"])
        assert files.pop(str(record["removed_path"])) == known
        new = lake / str(record["path"])
        assert (record["bytes"], record["modified_at_ns"]) == (
            new.stat().st_size,
            new.stat().st_mtime_ns,
        )
        assert record["rows"] == pq.read_metadata(new).num_rows
    assert all((lake / path).exists() for path in files)


def test_records_are_forgotten_when_no_build_can_ask_for_them(lake: Path) -> None:
    list(compact(lake, NOW))
    old = time.time() - (compacting.DAYS_KEPT + 1) * 86_400
    for record in lake.glob("_compactions/*.parquet"):
        os.utime(record, (old, old))
    list(compact(lake, NOW))
    assert not list(lake.glob("_compactions/*.parquet"))


def test_what_killed_loads_left_is_removed_and_loads_at_work_are_left_alone(lake: Path) -> None:
    old = time.time() - 2 * 86_400
    left = [lake / "send_events/loaded/_x.parquet.7", lake / "_loads/_work-x/1", lake / "_loads/_y"]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.touch()
        os.utime(path, (old, old))
    os.utime(lake / "_loads/_work-x", (old, old))
    at_work = lake / "contacts/loaded/_z.parquet.8"
    at_work.touch()
    before = _contents(lake)
    list(compact(lake, NOW))
    assert not [path for path in left if path.exists()]
    assert at_work.exists()
    assert _contents(lake) == before


def test_without_a_lake_there_is_nothing_to_compact(tmp_path: Path) -> None:
    run = _run(tmp_path / "nowhere")
    assert (run.returncode, "There is no raw lake" in run.stderr) == (2, True)
    assert not (tmp_path / "nowhere").exists()


def test_files_with_other_columns_stay_apart(lake: Path) -> None:
    path = next(lake.glob("send_events/loaded/*.parquet"))
    extra = pq.read_table(path).append_column("note", pa.array(["x"]))
    pq.write_table(extra, path.with_name("other.parquet"))
    before = duckdb.read_parquet(f"{lake}/send_events/loaded/*.parquet", union_by_name=True)
    rows = sorted(before.fetchall(), key=repr)
    list(compact(lake, NOW))
    after = duckdb.read_parquet(f"{lake}/send_events/loaded/*.parquet", union_by_name=True)
    assert sorted(after.select(*before.columns).fetchall(), key=repr) == rows
    assert "other.parquet" in _names(lake)


def test_a_loaded_file_is_known_again_after_it_was_merged(lake: Path) -> None:
    list(compact(lake, NOW))
    before = _contents(lake)
    body = lake.parent / "0.json"
    result = load("sendgrid", [body], lake=lake, profile=Profile(sender="sendgrid"))
    assert result.is_already_loaded
    assert _contents(lake) == before


class Killed(BaseException):
    """Ends a compaction as a kill would: nothing of it runs any more."""


def _interrupted(monkeypatch: pytest.MonkeyPatch, lake: Path, calls: int) -> bool:
    """Compact, and end it at the given call that changes the disk; whether it came so far."""
    left = iter(range(calls))

    def dies(real: object) -> object:
        def call(*arguments: object, **named: object) -> object:
            if next(left, None) is None:
                raise Killed
            return real(*arguments, **named)  # type: ignore[operator]  # it is a method

        return call

    with monkeypatch.context() as patch:
        for owner, name in ((Path, "unlink"), (Path, "rename"), (Path, "replace"), (os, "fsync")):
            patch.setattr(owner, name, dies(getattr(owner, name)))
        try:
            list(compact(lake, NOW))
        except Killed:
            return True
    return False


def test_a_kill_leaves_each_row_and_the_next_compaction_finishes(
    lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _contents(lake)
    kills = 0
    while _interrupted(monkeypatch, lake, calls=1 + kills % 7):
        kills += 1
        found = _contents(lake)
        for table, rows in before.items():
            assert set(rows) <= set(found[table]), (kills, table)
        assert kills < 500
    assert kills > 20
    assert _contents(lake) == before
    assert not list(lake.glob("_compactions/*.part"))
    assert not [name for table in TABLES for name in _names(lake, table) if name[0] == "_"]


def test_files_that_do_not_stay_the_same_are_left_alone(
    lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loses_a_row(self: object, paths: list[Path], target: Path) -> None:
        table = pa.concat_tables([pq.read_table(path) for path in paths])
        pq.write_table(table.slice(1), target)

    before = _contents(lake)
    monkeypatch.setattr("email_statistics.senders.compacting._Tables.merge", loses_a_row)
    with pytest.raises(CompactionError, match="none was removed"):
        list(compact(lake, NOW))
    assert _contents(lake) == before
    assert not [name for name in _names(lake, "contacts") if name[0] == "_"]


def test_the_same_number_of_other_rows_is_not_the_same(
    lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changes_a_row(self: object, paths: list[Path], target: Path) -> None:
        table = pa.concat_tables([pq.read_table(path) for path in paths])
        pq.write_table(pa.concat_tables([table.slice(1), table.slice(1, 1)]), target)

    monkeypatch.setattr("email_statistics.senders.compacting._Tables.merge", changes_a_row)
    with pytest.raises(CompactionError, match="none was removed"):
        list(compact(lake, NOW))


def test_no_file_goes_while_a_build_reads_the_lake(
    lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = lake.parent / "warehouse" / "email_stats.duckdb"
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(warehouse))
    lock = build_files().lock
    lock.parent.mkdir(parents=True)
    before = _names(lake, "contacts") + _names(lake)
    compaction = threading.Thread(target=lambda: list(compact(lake, NOW)))
    with locked(lock, "build"):
        compaction.start()
        while not list(lake.glob("_compactions/*.part")):
            time.sleep(0.05)
        time.sleep(0.5)
        assert set(before) <= set(_names(lake, "contacts") + _names(lake))
        assert not [name for name in _names(lake) if name.startswith(("day", "month"))]
    compaction.join()
    assert [name for name in _names(lake) if name.startswith(("day", "month"))]


def _run(lake: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("compact", *arguments),
        env=environment(lake),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_says_what_it_merged(lake: Path) -> None:
    run = _run(lake, "--older-than", "0s")
    assert run.returncode == 0, run.stderr
    assert "send_events: " in run.stdout
    assert run.stdout.splitlines()[-1].startswith("Merged ")
    assert _run(lake, "--older-than", "0s").stdout == "Merged 0 files into 0.\n"


def test_the_sample_is_never_compacted(sample_lake: Path) -> None:
    run = _run(sample_lake)
    assert (run.returncode, "is the sample" in run.stderr) == (2, True)
    assert not (sample_lake / "_compactions").exists()


def test_a_file_that_is_not_parquet_is_named(lake: Path) -> None:
    broken = lake / "send_events/loaded/broken.parquet"
    broken.write_text("x" * 100)
    os.utime(broken, (NOW.timestamp(), NOW.timestamp()))  # of the day of another file
    run = _run(lake, "--older-than", "0s")
    assert run.returncode == 1
    assert "broken.parquet" in run.stderr
    assert "Traceback" not in run.stderr
