"""The raw check: what it counts, what it compares, and that each threshold is held."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from helpers.faults import shared_checker
from helpers.support import SampleBuild

from email_statistics.contract import raw_tables
from email_statistics.gate.checks import Checker, CheckerError
from email_statistics.gate.expectations import SUITES, read_suite
from email_statistics.gate.frames import Profile, Row, Stage, Value
from email_statistics.gate.raw_counts import RawCounts, RawLakeError, TableCounts, count_lake
from email_statistics.gate.raw_profile import raw_profile
from email_statistics.lake import lake_files, raw_files
from email_statistics.paths import raw_lake

DAY = 86_400.0


@pytest.fixture(scope="module")
def checker() -> Checker:
    return shared_checker()


def test_the_files_and_rows_are_those_that_dbt_reads(
    sample_build: SampleBuild, sample_lake: Path
) -> None:
    with duckdb.connect(sample_build.database, read_only=True) as connection:
        files = connection.sql("select raw_table, path from raw.files").fetchall()
        rows = dict(
            connection.sql(
                "select raw_table, cast(sum(raw_rows) as bigint) from raw.files group by raw_table"
            ).fetchall()
        )
    found = {
        (table.name, file.resolve())
        for table in raw_tables()
        for file in raw_files(sample_lake, table.name)
    }
    assert found == {(table, (sample_lake / file).resolve()) for table, file in files}
    assert {name: table.rows for name, table in _count(sample_lake).tables.items()} == rows


def _count(lake: Path, known: RawCounts | None = None) -> RawCounts:
    return count_lake(lake, lake_files(lake), known)


def _lake(folder: Path, table: str, query: str, file: str = "part.parquet") -> Path:
    (folder / table).mkdir(parents=True, exist_ok=True)
    path = str(folder / table / file).replace("'", "''")
    duckdb.sql(f"copy ({query}) to '{path}'")
    return folder


def test_nulls_blanks_and_absent_columns_are_counted_alike(tmp_path: Path) -> None:
    _lake(
        tmp_path,
        "goal_events",
        """select * from (values
            ('1', ' Completed', ' x', '2026-01-01T02:00+02:00'),
            ('', 'completed', '  ', '2026-01-02T00:00:00Z'),
            (null, 'other', chr(9), '2026-01-01')
        ) as rows (event_id, event_type, email, loaded_at)""",
    )
    counts = _count(tmp_path).tables["goal_events"]
    assert counts.rows == 3
    assert counts.nulls["event_id"] == 2
    assert counts.nulls["email"] == 1  # a tab alone is left to the build, which knows Unicode
    assert counts.nulls["contact_id"] == 3
    assert counts.event_types == {"completed": 2, "other": 1}
    assert counts.loaded_through == 1767312000.0


def test_what_is_no_time_hides_no_freshness(tmp_path: Path) -> None:
    """Files of other types, and without the column, side by side."""
    native = "select 'a' as event_id, timestamp '2026-01-03 01:00' as loaded_at, null as email"
    _lake(tmp_path, "goal_events", native, "native.parquet")
    texts = "('b', 'soon', ' '), ('c', '2026-01-02', 'e'), ('d', '', null)"
    _lake(
        tmp_path,
        "goal_events",
        f"select * from (values {texts}) as rows (event_id, loaded_at, email)",
        "texts.parquet",
    )
    _lake(tmp_path, "goal_events", "select 'e' as event_id", "bare.parquet")
    counts = _count(tmp_path).tables["goal_events"]
    assert counts.rows == 5
    assert counts.nulls["loaded_at"] == 2
    assert counts.nulls["email"] == 4
    assert counts.loaded_through == 1767402000.0


def test_parts_of_nested_columns_are_no_columns(tmp_path: Path) -> None:
    extra = "{'email': ' ', 'loaded_at': 'soon', 'event_id': 7} as properties, [' '] as email_list"
    times = "timestamp '2026-01-03 01:00' as loaded_at"
    _lake(tmp_path, "goal_events", f"select ' ' as event_id, {times}, {extra}")
    counts = _count(tmp_path).tables["goal_events"]
    assert [counts.nulls[name] for name in ("event_id", "email", "contact_id")] == [1, 1, 1]
    assert counts.loaded_through == 1767402000.0


def test_odd_names_and_writers_at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = _lake(tmp_path / "lake", "links/k=v", "select 'l' as link_id", "a[b]*?'.parquet")
    lake = plain.rename(tmp_path / "it's [1] lake")
    (lake / "links" / "_new.parquet").write_text("half")
    (lake / "links" / ".tmp").mkdir()
    (lake / "links" / ".tmp" / "x.parquet").write_text("half")
    assert _count(lake).tables["links"].rows == 1
    (tmp_path / "beside").mkdir()
    monkeypatch.setenv("EMAIL_STATS_RAW", str(tmp_path / "beside" / ".." / lake.name))
    assert _count(raw_lake()).tables["links"].rows == 1


@pytest.mark.parametrize("content", [b"", b"no parquet at all" * 9, b"PAR1" + b"x" * 99 + b"PAR1"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    _lake(tmp_path, "links", "select 'l' as link_id")
    (tmp_path / "links" / "broken.parquet").write_bytes(content)
    with pytest.raises(RawLakeError, match=r"raw table links can't be read .*broken\.parquet"):
        _count(tmp_path)


def test_files_that_are_counted_are_not_read_again(sample_lake: Path, tmp_path: Path) -> None:
    """New files add to what is known; where one changed, all are counted again."""
    lake = tmp_path / "lake"
    shutil.copytree(sample_lake, lake)
    late = lake / "order_events" / "part-web.parquet"
    hidden = late.rename(late.with_name("_part-web.parquet"))
    known = _count(lake)
    hidden.rename(late)
    links = known.tables["links"].model_copy(update={"rows": 7})
    forged = replace(known, tables=known.tables | {"links": links})
    whole = _count(lake)
    assert _count(lake, known) == whole
    assert _count(lake, forged).tables["links"].rows == 7
    assert _count(lake, forged).tables["order_events"] == whole.tables["order_events"]
    older = replace(forged, tables={name: forged.tables[name] for name in ("contacts", "links")})
    assert _count(lake, older) == whole, "counted by a contract of fewer tables"
    (lake / "links" / "part-00000.parquet").touch()
    assert _count(lake, forged).tables == whole.tables


def _counts(lake: str = "/lake", **send_events: object) -> RawCounts:
    """A lake of 10,000 send events."""
    types = {"sent": 5_000, "delivered": 5_000}
    given = {"rows": 10_000, "nulls": {}, "event_types": types, "loaded_through": 10 * DAY}
    tables = {
        table.name: TableCounts(rows=0, nulls={}, event_types={}, loaded_through=None)
        for table in raw_tables()
    }
    given |= send_events
    (table,) = (table for table in raw_tables() if table.name == "send_events")
    names = (column.name for column in table.columns)
    given["nulls"] = dict.fromkeys(names, 0) | given["nulls"]  # type: ignore[operator]
    tables["send_events"] = TableCounts.model_validate(given)
    return RawCounts(lake, [], tables)


def _figure(profile: Profile, frame: str, subject: str, figure: str) -> Value:
    (row,) = (row for row in profile.frames[frame] if row["subject"] == subject)
    return row[figure]


def _profile(now: RawCounts, then: RawCounts | None, accepts_changes: bool = False) -> Profile:
    return raw_profile(now, then, accepts_changes)


def test_rows_that_are_gone_or_came() -> None:
    fewer = _profile(_counts(rows=9_000), _counts())
    assert _figure(fewer, "tables", "send_events", "lost_share") == 0.1
    more = _profile(_counts(rows=40_000), _counts())
    assert _figure(more, "tables", "send_events", "growth") == 4
    assert _figure(more, "tables", "send_events", "lost_share") == 0


def test_the_mix_is_that_of_the_rows_delivered_since() -> None:
    types = {"sent": 6_000, "delivered": 5_000}
    since = _profile(_counts(rows=11_000, event_types=types), _counts())
    assert _figure(since, "event_types", "send_events.sent", "share_change") == 0.5
    assert _figure(since, "event_types", "send_events.delivered", "share_change") == -0.5


def test_a_few_new_rows_have_no_mix() -> None:
    types = {"sent": 5_999, "delivered": 5_000}
    since = _profile(_counts(rows=10_999, event_types=types), _counts())
    assert _figure(since, "event_types", "send_events.sent", "share_change") is None


def test_nulls_are_those_of_the_rows_delivered_since() -> None:
    since = _profile(_counts(rows=12_000, nulls={"reason": 2_000}), _counts())
    assert _figure(since, "columns", "send_events.reason", "null_share_change") == 1


def test_freshness_is_against_the_last_build_and_the_other_tables_never_the_clock() -> None:
    back = _profile(_counts(loaded_through=8 * DAY), _counts())
    assert _figure(back, "tables", "send_events", "days_back") == 2
    assert _figure(back, "tables", "send_events", "days_behind") == 0


@pytest.mark.parametrize(
    ("then", "accepts_changes", "note"),
    [
        (None, False, "none is on record"),
        (_counts(lake="/other"), False, "which read /other"),
        (_counts(rows=99_999), True, "--accept-changes"),
    ],
)
def test_what_can_not_be_compared_is_said(
    then: RawCounts | None, accepts_changes: bool, note: str
) -> None:
    profile = _profile(_counts(), then, accepts_changes)
    assert _figure(profile, "tables", "send_events", "lost_share") is None
    (sentence,) = profile.notes
    assert note in sentence


def test_the_sample_is_plausible(checker: Checker, sample_lake: Path) -> None:
    counts = _count(sample_lake)
    checker.ask(_profile(counts, counts))
    result = checker.result()
    assert not result.findings("critical")
    assert not result.findings("warning")
    assert {each.frame for each in result.expectations} == {frame for frame, _ in _suites("raw")}


def test_experiments_may_begin_seldom(sample_lake: Path) -> None:
    """Assignments come when a test begins: that none came for weeks is no lost delivery."""
    profile = raw_profile(_count(sample_lake), None, accepts_changes=False)
    behind = {row["subject"]: row["days_behind"] for row in profile.frames["tables"]}
    assert behind["experiment_assignments"] is None
    assert behind["send_events"] is not None


def _suites(stage: Stage) -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted((SUITES / stage).iterdir()):
        yield file.stem, yaml.safe_load(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("stage", ["raw", "marts"])
def test_suites_are_what_great_expectations_would_write(stage: Stage) -> None:
    for frame, suite in _suites(stage):
        written = read_suite(stage, frame).to_json_dict()
        assert written["name"] == suite["name"] == f"{stage}.{frame}"
        assert written["expectations"] == suite["expectations"]


def _edges(expectation: dict[str, Any]) -> Iterator[tuple[float, float]]:
    """Each value that is just as expected, with one that isn't."""
    arguments = expectation["kwargs"]
    for value in arguments.get("value_set", ()):
        yield from ((value, value - 0.001), (value, value + 0.001))
    if "min_value" in arguments:
        yield arguments["min_value"], arguments["min_value"] - 0.001
    if "max_value" in arguments:
        yield arguments["max_value"], arguments["max_value"] + 0.001


@pytest.mark.parametrize("stage", ["raw", "marts"])
def test_every_bound_is_held_from_just_outside_it(checker: Checker, stage: Stage) -> None:
    frames: dict[str, list[Row]] = {}
    expected: dict[tuple[str, str, str], set[str]] = {}
    for frame, suite in _suites(stage):
        rows = frames.setdefault(frame, [])
        figures = {each["kwargs"]["column"] for each in suite["expectations"]}
        for each in suite["expectations"]:
            figure, severity = each["kwargs"]["column"], each["severity"]
            for inside, outside in _edges(each):
                subject = f"{severity} {figure} {outside}"
                blank: Row = dict.fromkeys(figures)
                rows.append({"subject": f"at {subject}", **blank, figure: inside})
                rows.append({"subject": subject, **blank, figure: outside})
                expected.setdefault((frame, figure, severity), set()).add(subject)
    checker.ask(Profile(stage, frames))
    result = checker.result()
    for expectation in result.expectations:
        subjects = expected[expectation.frame, expectation.figure, expectation.severity]
        sentences = [finding.sentence for finding in expectation.findings]
        for subject in subjects:
            assert any(subject in sentence for sentence in sentences), (expectation, subject)
            assert not any(f"at {subject}" in sentence for sentence in sentences), expectation
    assert len(result.expectations) == len(expected)


def test_what_fails_is_not_warned_of_too(checker: Checker) -> None:
    checker.ask(_profile(_counts(rows=1_000), _counts()))
    result = checker.result()
    (finding,) = result.findings("critical")
    assert finding.sentence.startswith("90.0% of the rows that the raw table send_events had")
    assert finding.sentence not in [warned.sentence for warned in result.findings("warning")]


def test_a_figure_that_is_missing_is_an_error_and_not_a_failed_check(checker: Checker) -> None:
    checker.ask(Profile("raw", {"tables": [{"subject": "send_events", "rows": 1}]}))
    with pytest.raises(CheckerError, match="could not be evaluated"):
        checker.result()


def test_a_checker_that_is_gone_is_a_sentence_and_is_started_again() -> None:
    with Checker() as checker:
        checker.ask(Profile("raw", {}))
        assert checker._process is not None
        checker._process.kill()
        with pytest.raises(CheckerError, match="ended with code -9"):
            checker.result()
        checker.ask(Profile("raw", {}))
        assert checker.result().expectations == ()


def test_why_a_checker_did_not_start_is_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: BaseProcess) -> None:
        raise OSError("no memory for a process")

    monkeypatch.setattr(BaseProcess, "start", fail)
    with pytest.raises(OSError, match="no memory"), Checker() as checker:
        checker.start()


def test_a_checker_ends_with_the_process_that_started_it() -> None:
    script = """
import os, signal
from email_statistics.gate.checks import Checker
if __name__ == "__main__":
    checker = Checker()
    checker.start()
    print(checker._process.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    run = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=False)
    checker = Path("/proc") / run.stdout.decode().strip()
    for _ in range(600):
        if not checker.exists():
            return
        time.sleep(0.1)
    pytest.fail("the checker goes on without anybody to check for")
