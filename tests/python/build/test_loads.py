"""What a build and the doctor show of loads, and how a build takes a compaction of their files."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from helpers.builder import Builder
from helpers.deliveries import differences
from helpers.sender_payloads import loaded, sendgrid_event, written
from helpers.support import BuildError, SampleBuild, build_database

from email_statistics.build.build_input import read_build_input
from email_statistics.build.doctor import Diagnosis, examine
from email_statistics.paths import PROJECT_ROOT
from email_statistics.senders.compacting import compact

WAREHOUSE = "email_stats.duckdb"


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty lake, which every command of the test means."""
    folder = tmp_path / "lake"
    monkeypatch.setenv("EMAIL_STATS_RAW", str(folder))
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(tmp_path / WAREHOUSE))
    yield folder


@pytest.fixture(scope="module")
def two_loads(
    builder: Builder, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, tuple[str, str]]:
    """A folder with a lake of two loads and its build, and the ids of the loads."""
    lake = tmp_path_factory.mktemp("two_loads") / "lake"
    ignored = {"event": "group_resubscribe", "email": "a@b.org", "timestamp": 1_772_359_200}
    rejected = ({**sendgrid_event(9), "timestamp": None}, {"event": "what"})
    ids = (_load(lake, 1), _load(lake, 2, ignored, *rejected))
    _build(builder, lake)
    return lake.parent, ids


@pytest.fixture
def loads(two_loads: tuple[Path, tuple[str, str]], lake: Path) -> tuple[str, str]:
    """The two loads in the test's own lake, with a build that the next may go on top of."""
    folder, ids = two_loads
    shutil.copytree(folder, lake.parent, dirs_exist_ok=True)
    return ids


def _load(lake: Path, number: int, *others: dict[str, Any]) -> str:
    """A load of one message's events, and of others."""
    events = [
        sendgrid_event(number, event="processed", sg_event_id=f"{number}-1"),
        sendgrid_event(number, sg_event_id=f"{number}-2"),
        sendgrid_event(number, event="open", useragent="x", sg_event_id=f"{number}-3"),
        *others,
    ]
    return loaded("sendgrid", written(lake.parent, events, f"{number}.json"), lake=lake).load_id


def _build(builder: Builder, lake: Path, *, is_last: bool = False) -> Path:
    """A build that the next one may go on top of, for which it takes its tests, or the last."""
    return builder.build(lake, lake.parent / WAREHOUSE, is_tested=not is_last)


def _loads(database: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.sql(
            "select load_id, outcome, reason, sender, records from marts.loads order by all"
        ).fetchall()


def _diagnosis() -> Diagnosis:
    (diagnosis,) = (each for each in examine() if each.part == "loads")
    return diagnosis


def _how(builder: Builder) -> str:
    (line,) = (
        line for line in builder.said if line.startswith(("Incremental: ", "Full refresh: "))
    )
    return line


def _merge_again(lake: Path, day: Path) -> None:
    """Give the day's file another name, by a record such as a compaction leaves."""
    status = day.stat()
    month = day.with_name(day.name.replace("day-", "month-"))
    day.rename(month)
    columns = {
        "raw_table": "'send_events'",
        "removed_path": f"'{day.relative_to(lake)}'",
        "removed_bytes": status.st_size,
        "removed_modified_at_ns": status.st_mtime_ns,
        "path": f"'{month.relative_to(lake)}'",
        "bytes": status.st_size,
        "modified_at_ns": status.st_mtime_ns,
        "rows": f"(select count(*) from '{month}')",
    }
    selected = ", ".join(f"{sql} as {name}" for name, sql in columns.items())
    duckdb.sql(f"copy (select {selected}) to '{lake}/_compactions/month.parquet'")


def test_loads_are_shown_and_compacted_without_a_full_refresh(
    builder: Builder, lake: Path, loads: tuple[str, str]
) -> None:
    first, second = loads
    expected = [
        (first, "with_rows", None, "sendgrid", 3),
        (second, "ignored", "group_resubscribe", "sendgrid", 1),
        (second, "rejected", "no_time", "sendgrid", 1),
        (second, "rejected", "unknown_event", "sendgrid", 1),
        (second, "with_rows", None, "sendgrid", 3),
    ]
    assert _loads(build_database(lake.parent / WAREHOUSE)) == sorted(expected, key=str)

    list(compact(lake, datetime.now(UTC)))
    (day,) = lake.glob("send_events/loaded/day-*.parquet")
    # As if the month were over: the day's file is merged with another into the month's.
    _merge_again(lake, day)
    assert _loads(_build(builder, lake)) == sorted(expected, key=str)
    assert _how(builder) == "Incremental: 0 new files with 0 rows."

    # What comes later is merged with what the build knows, before it is read.
    third = _load(lake, 3)
    _build(builder, lake)
    list(compact(lake, datetime.now(UTC)))
    _load(lake, 4)
    database = _build(builder, lake, is_last=True)
    assert _how(builder) == "Incremental: 4 new files with 5 rows."
    assert third in {load_id for load_id, *_ in _loads(database)}

    whole = builder.build(lake, lake.parent / "whole" / WAREHOUSE, is_tested=False)
    assert differences(database, whole) == []


def test_a_lake_that_nothing_was_loaded_into_has_no_loads(sample_build: SampleBuild) -> None:
    assert _loads(sample_build.database) == []


def test_a_record_of_a_load_that_is_none_is_named(builder: Builder, lake: Path) -> None:
    _load(lake, 1)
    (lake / "_loads" / "x.json").write_text("{", encoding="utf-8")
    with pytest.raises(BuildError, match=r"x\.json isn't the record of a load"):
        _build(builder, lake, is_last=True)


def test_a_load_without_rows_is_something_new_for_a_build(lake: Path) -> None:
    _load(lake, 1)
    before = read_build_input(lake, {}, PROJECT_ROOT, "local")
    loaded("sendgrid", written(lake.parent, [{"event": "what"}], "bad.json"), lake=lake)
    after = read_build_input(lake, {}, PROJECT_ROOT, "local")
    assert (before.files, before == after) == (after.files, False)


def test_files_that_a_build_never_saw_as_they_were_merged_are_read_again(
    builder: Builder, lake: Path, loads: tuple[str, str]
) -> None:
    path = lake / f"send_events/loaded/{loads[0]}.parquet"
    duckdb.sql(f"copy (select * from '{path}' limit 1) to '{path}.new' (format parquet)")
    Path(f"{path}.new").replace(path)
    list(compact(lake, datetime.now(UTC)))
    _build(builder, lake, is_last=True)
    assert _how(builder).startswith("Full refresh: the file ")


def test_a_replaced_load_is_a_full_refresh(
    builder: Builder, lake: Path, loads: tuple[str, str]
) -> None:
    profile = {"source": {"default": "spring"}}
    loaded("sendgrid", lake.parent / "1.json", lake=lake, profile=profile, replace=loads[0])
    database = _build(builder, lake, is_last=True)
    assert _how(builder).startswith("Full refresh: the file ")
    with duckdb.connect(str(database), read_only=True) as connection:
        sources = connection.sql(
            "select email_source_id from core.fct_messages order by message_id"
        ).fetchall()
    assert sources == [("sendgrid:spring",), ("sendgrid:sendgrid",)]


def test_the_doctor_names_what_was_rejected_and_what_to_do(lake: Path) -> None:
    _load(lake, 1)
    assert (_diagnosis().state, _diagnosis().sentence) == (
        "ok",
        "1 loads read 3 records; none was rejected.",
    )
    second = _load(lake, 2, {**sendgrid_event(9), "timestamp": None})
    diagnosis = _diagnosis()
    assert diagnosis.state == "note"
    assert "rejected 1: no_time 1 (no time that can be read)" in diagnosis.sentence
    assert f"last in {second}" in diagnosis.sentence
    assert ".rejected.jsonl: mend what is wrong" in diagnosis.sentence


def test_the_doctor_says_nothing_of_loads_where_there_are_none(
    sample_lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_STATS_RAW", str(sample_lake))
    assert "loads" not in {each.part for each in examine()}


def test_a_compacted_record_is_the_loads_own(lake: Path) -> None:
    ids = sorted(_load(lake, number) for number in (1, 2))
    list(compact(lake, datetime.now(UTC)))
    (path,) = (lake / "_loads").glob("*.json")
    assert sorted(entry["load_id"] for entry in json.loads(path.read_text())) == ids
