"""The raw check: what it counts, what it compares, and that each threshold is held."""

import shutil
from pathlib import Path

import duckdb
import pytest
from helpers.faults import shared_judge
from helpers.support import SampleBuild

from email_statistics.gate.frames import Profile, Row, Value
from email_statistics.gate.judge import Judge, JudgeError
from email_statistics.gate.lake import raw_files, raw_tables
from email_statistics.gate.raw_counts import (
    RawCounts,
    RawLakeError,
    TableCounts,
    count_lake,
    read_counts,
    write_counts,
)
from email_statistics.gate.raw_profile import raw_profile
from email_statistics.gate.thresholds import Stage, read_thresholds
from email_statistics.paths import raw_lake

DAY = 86_400.0


@pytest.fixture(scope="module")
def judge() -> Judge:
    return shared_judge()


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
    assert {name: table.rows for name, table in count_lake(sample_lake).tables.items()} == rows


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
    counts = count_lake(tmp_path).tables["goal_events"]
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
    counts = count_lake(tmp_path).tables["goal_events"]
    assert counts.rows == 5
    assert counts.nulls["loaded_at"] == 2
    assert counts.nulls["email"] == 4
    assert counts.loaded_through == 1767402000.0


def test_parts_of_nested_columns_are_no_columns(tmp_path: Path) -> None:
    extra = "{'email': ' ', 'loaded_at': 'soon', 'event_id': 7} as properties, [' '] as email_list"
    times = "timestamp '2026-01-03 01:00' as loaded_at"
    _lake(tmp_path, "goal_events", f"select ' ' as event_id, {times}, {extra}")
    counts = count_lake(tmp_path).tables["goal_events"]
    assert [counts.nulls[name] for name in ("event_id", "email", "contact_id")] == [1, 1, 1]
    assert counts.loaded_through == 1767402000.0


def test_odd_names_and_writers_at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = _lake(tmp_path / "lake", "links/k=v", "select 'l' as link_id", "a[b]*?'.parquet")
    lake = plain.rename(tmp_path / "it's [1] lake")
    (lake / "links" / "_new.parquet").write_text("half")
    (lake / "links" / ".tmp").mkdir()
    (lake / "links" / ".tmp" / "x.parquet").write_text("half")
    assert count_lake(lake).tables["links"].rows == 1
    (tmp_path / "beside").mkdir()
    monkeypatch.setenv("EMAIL_STATS_RAW", str(tmp_path / "beside" / ".." / lake.name))
    assert count_lake(raw_lake()).tables["links"].rows == 1


@pytest.mark.parametrize("content", [b"", b"no parquet at all" * 9, b"PAR1" + b"x" * 99 + b"PAR1"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    _lake(tmp_path, "links", "select 'l' as link_id")
    (tmp_path / "links" / "broken.parquet").write_bytes(content)
    with pytest.raises(RawLakeError, match=r"raw table links can't be read .*broken\.parquet"):
        count_lake(tmp_path)


def test_files_that_are_counted_are_not_read_again(sample_lake: Path, tmp_path: Path) -> None:
    """New files add to what is known; where one changed, all are counted anew."""
    lake = tmp_path / "lake"
    shutil.copytree(sample_lake, lake)
    late = lake / "order_events" / "part-web.parquet"
    hidden = late.rename(late.with_name("_part-web.parquet"))
    known = count_lake(lake)
    hidden.rename(late)
    forged = known.model_copy(
        update={
            "tables": known.tables | {"links": known.tables["links"].model_copy(update={"rows": 7})}
        }
    )
    whole = count_lake(lake)
    assert count_lake(lake, known) == whole
    assert count_lake(lake, forged).tables["links"].rows == 7
    assert count_lake(lake, forged).tables["order_events"] == whole.tables["order_events"]
    (lake / "links" / "part-00000.parquet").touch()
    assert count_lake(lake, forged).tables == whole.tables


def _counts(lake: str = "/lake", **send_events: object) -> RawCounts:
    """A lake of 10,000 send events."""
    types = {"sent": 5_000, "delivered": 5_000}
    given = {"rows": 10_000, "nulls": {}, "event_types": types, "loaded_through": 10 * DAY}
    tables = {
        table.name: TableCounts(rows=0, nulls={}, event_types={}, loaded_through=None)
        for table in raw_tables()
    }
    given |= send_events
    names = (
        column.name
        for table in raw_tables()
        if table.name == "send_events"
        for column in table.columns
    )
    given["nulls"] = dict.fromkeys(names, 0) | given["nulls"]  # type: ignore[operator]
    tables["send_events"] = TableCounts.model_validate(given)
    return RawCounts(lake=lake, tables=tables)


def _figure(profile: Profile, frame: str, subject: str, figure: str) -> Value:
    (row,) = (row for row in profile.frames[frame] if row["subject"] == subject)
    return row[figure]


def _profile(now: RawCounts, then: RawCounts | None, accepts_changes: bool = False) -> Profile:
    return raw_profile(now, then, accepts_changes, read_thresholds())


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


def test_counts_outlive_a_build_and_damage_to_them_is_no_fault(tmp_path: Path) -> None:
    file = tmp_path / "counts.json"
    assert read_counts(file) is None
    write_counts(_counts(), file)
    assert read_counts(file) == _counts()
    file.write_text('{"lake": "/l"')
    assert read_counts(file) is None


def test_the_sample_is_plausible(judge: Judge, sample_lake: Path) -> None:
    counts = count_lake(sample_lake)
    judge.ask("raw", _profile(counts, counts))
    verdict = judge.answer()
    assert not verdict.findings("fail")
    assert not verdict.findings("warn")
    assert {(each.frame, each.figure) for each in verdict.expectations} == {
        (frame, figure) for frame, figures in read_thresholds().raw.items() for figure in figures
    }


@pytest.mark.parametrize("stage", ["raw", "marts"])
def test_every_bound_is_held_from_just_outside_it(judge: Judge, stage: Stage) -> None:
    frames: dict[str, list[Row]] = {}
    expected: dict[tuple[str, str, str], set[str]] = {}
    for frame, figures in read_thresholds().of(stage).items():
        rows = frames.setdefault(frame, [])
        for figure, threshold in figures.items():
            for severity, bounds in (("warn", threshold.warn), ("fail", threshold.fail)):
                if bounds is None:
                    continue
                for bound, step in ((bounds.min, -0.001), (bounds.max, 0.001)):
                    if bound is None:
                        continue
                    blank: Row = dict.fromkeys(figures)
                    subject = f"{severity} {figure} {step}"
                    rows.append({"subject": f"at {subject}", **blank, figure: bound})
                    rows.append({"subject": subject, **blank, figure: bound + step})
                    expected.setdefault((frame, figure, severity), set()).add(subject)
    judge.ask(stage, Profile(frames))
    verdict = judge.answer()
    for each in verdict.expectations:
        subjects = expected[each.frame, each.figure, each.severity]
        sentences = [finding.sentence for finding in each.findings]
        for subject in subjects:
            assert any(subject in sentence for sentence in sentences), (each, subject)
            assert not any(f"at {subject}" in sentence for sentence in sentences), (each, subject)
    assert len(verdict.expectations) == len(expected)


def test_what_fails_is_not_warned_of_too(judge: Judge) -> None:
    judge.ask("raw", _profile(_counts(rows=1_000), _counts()))
    verdict = judge.answer()
    (finding,) = verdict.findings("fail")
    assert finding.sentence.startswith("90.0% of the rows that the raw table send_events had")
    assert finding.sentence not in [warned.sentence for warned in verdict.findings("warn")]


def test_a_figure_that_is_missing_is_an_error_and_not_a_failed_check(judge: Judge) -> None:
    judge.ask("raw", Profile({"tables": [{"subject": "send_events", "rows": 1}]}))
    with pytest.raises(JudgeError, match="could not be evaluated"):
        judge.answer()


def test_a_worker_that_is_gone_is_a_sentence() -> None:
    with Judge() as judge:
        judge._worker.kill()
        judge._worker.wait()
        with pytest.raises(JudgeError, match="ended with code -9"):
            judge.ask("raw", Profile({}))
            judge.answer()
