"""The marts check: a break of each kind in what is about to be published is caught."""

import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from helpers.faults import copy_build, email_stats, shared_checker, the_error
from helpers.support import SampleBuild, build_database

from email_statistics.build.files import BuildFiles
from email_statistics.build.run import CheckError, Run, Strictness
from email_statistics.gate.checks import Checker, CheckResult
from email_statistics.gate.expectations import SUITES
from email_statistics.gate.frames import Profile, Row
from email_statistics.gate.marts_profile import WarehouseTotals, marts_profile, read_totals
from email_statistics.gate.page import write_page


@pytest.fixture(scope="module")
def checker() -> Checker:
    return shared_checker()


@pytest.fixture
def database(sample_build: SampleBuild, tmp_path: Path) -> Path:
    """A build database of one's own to break."""
    return Path(shutil.copy(sample_build.database, tmp_path / "broken.duckdb"))


def _checked(
    checker: Checker,
    database: Path,
    published: WarehouseTotals | None = None,
    accepts_changes: bool = False,
) -> CheckResult:
    with duckdb.connect(database, read_only=True) as connection:
        profile = marts_profile(connection, published, accepts_changes)
    checker.ask(profile)
    return checker.result()


def _totals(database: Path) -> WarehouseTotals:
    with duckdb.connect(database, read_only=True) as connection:
        return read_totals(connection)


def _sentences(result: CheckResult) -> list[str]:
    return [each.sentence for each in (*result.findings("critical"), *result.findings("warning"))]


def test_the_sample_is_sane_also_against_itself(checker: Checker, database: Path) -> None:
    result = _checked(checker, database, _totals(database))
    assert not _sentences(result)
    assert not result.profile.notes
    assert {each.frame for each in result.expectations} == {
        suite.stem for suite in (SUITES / "marts").iterdir()
    }
    # The sample has too few bad rows for a share of them.
    assert all(each.figures for each in result.expectations if each.frame != "raw_tables")


@pytest.mark.parametrize(
    ("break_", "sentence"),
    [
        ("update marts.email_performance set open_rate = 1.5", "open_rate is 1.5000, above 1"),
        ("update marts.email_performance set open_rate = -0.5", "open_rate is -0.5000, below 0"),
        (
            "update marts.email_performance set click_rate = 'inf'",
            "values of marts.email_performance.click_rate are infinite",
        ),
        (
            "update marts.email_performance set average_order_value = 'nan'",
            "values of marts.email_performance.average_order_value are infinite or not a number",
        ),
        (
            "update marts.email_activity_hourly set clicked = -1",
            "marts.email_activity_hourly.clicked is -1",
        ),
        (
            "update marts.email_performance set sent = sent + 1 where email_source_id ="
            " (select min(email_source_id) from marts.email_performance)",
            "sent of marts.email_performance and of marts.email_performance_daily differ by 1.00",
        ),
        (
            "update marts.email_activity_hourly set revenue = revenue + 0.01 where activity_hour ="
            " (select min(activity_hour) from marts.email_activity_hourly)",
            "revenue of marts.email_activity_hourly and of marts.email_performance_daily",
        ),
        (
            "update core.fct_messages set is_sent = false, is_pending = true where message_id ="
            " (select min(message_id) from core.fct_messages where is_sent and not is_test)",
            "sent of core.fct_messages and of marts.email_performance_daily differ by -1.00",
        ),
        (
            "create table told as from marts.message_outcomes; drop view marts.message_outcomes;"
            " create view marts.message_outcomes as from told where outcome <> 'opened' or"
            " message_id > (select min(message_id) from told where outcome = 'opened')",
            "opened of marts.message_outcomes and of marts.email_performance_daily differ by -1.00",
        ),
    ],
)
def test_a_break_fails(checker: Checker, database: Path, break_: str, sentence: str) -> None:
    with duckdb.connect(database) as connection:
        connection.execute(break_)
    result = _checked(checker, database)
    assert any(sentence in each.sentence for each in result.findings("critical")), _sentences(
        result
    )


def _scaled(totals: WarehouseTotals, factor: float) -> WarehouseTotals:
    return replace(
        totals,
        totals={
            name: None if value is None else value * factor for name, value in totals.totals.items()
        },
    )


def test_an_unexplained_fall_fails_and_growth_beyond_the_raw_rows_warns(
    checker: Checker, database: Path
) -> None:
    totals = _totals(database)
    fallen = _checked(checker, database, _scaled(totals, 3))
    assert any("sent changed by -66.7%" in each.sentence for each in fallen.findings("critical"))
    grown = _checked(checker, database, _scaled(totals, 0.4))
    assert any("sent grew 2.5 times as much" in each.sentence for each in grown.findings("warning"))
    explained = replace(_scaled(totals, 0.4), raw_rows=int(totals.raw_rows * 0.4))
    assert not _sentences(_checked(checker, database, explained))


@pytest.mark.parametrize("cause", ["version of the project", "raw lake", "settings"])
def test_a_change_with_a_cause_is_no_jump(checker: Checker, database: Path, cause: str) -> None:
    totals = _scaled(_totals(database), 3)
    published = replace(totals, causes=totals.causes | {cause: "another"})
    result = _checked(checker, database, published)
    assert not _sentences(result)
    assert f"the {cause} changed" in result.profile.notes[0]
    accepted = _checked(checker, database, totals, accepts_changes=True)
    assert not _sentences(accepted)


def test_older_data_than_published_and_another_mix_of_rates_warn(
    checker: Checker, database: Path
) -> None:
    totals = _totals(database)
    assert totals.data_through is not None
    result = _checked(
        checker,
        database,
        replace(
            totals,
            data_through=totals.data_through + 86_400,
            rates=totals.rates | {"open_rate": 0.9},
        ),
    )
    warned = [each.sentence for each in result.findings("warning")]
    assert any("is 1.0 days earlier than in the published version" in each for each in warned)
    assert any("overall open_rate changed by" in each for each in warned)


def test_a_failing_check_keeps_the_published_file_as_it_was(
    sample_build: SampleBuild, sample_lake: Path, tmp_path: Path
) -> None:
    warehouse = copy_build(sample_build.database, tmp_path)
    warehouse.write_bytes(b"the published file, whatever it is")
    with duckdb.connect(build_database(warehouse)) as connection:
        connection.execute("update marts.email_performance set bounce_rate = 7")
    run = email_stats("publish", lake=sample_lake, warehouse=warehouse)
    assert run.returncode == 1
    error = the_error(run)
    page = warehouse.with_name("email_stats.checks.html")
    assert "bounce_rate is 7.0000, above 1" in error
    assert "Nothing was published" in error
    assert str(page) in error
    assert "bounce_rate is 7.0000, above 1" in page.read_text(encoding="utf-8")
    assert warehouse.read_bytes() == b"the published file, whatever it is"


def test_strict_fails_on_a_warning(
    checker: Checker, sample_build: SampleBuild, tmp_path: Path
) -> None:
    warehouse = copy_build(sample_build.database, tmp_path)
    files = BuildFiles(warehouse, build_database(warehouse))
    with duckdb.connect(build_database(warehouse)) as connection:
        connection.execute(
            "update core.fct_raw_tables set quarantined_rows = raw_rows / 4"
            " where raw_table = 'send_events'"
        )
    with pytest.raises(CheckError, match=r"25\.0% of the rows of send_events are quarantined"):
        Run(files, checker, Strictness(is_strict=True)).check_and_publish()
    assert not warehouse.exists()
    run = Run(files, checker, Strictness())
    run.check_and_publish()
    assert "Warning: 25.0% of the rows" in run.summary.text(files.checks_page)


def test_the_page_works_offline_and_shows_no_markup_of_the_data(
    checker: Checker, tmp_path: Path
) -> None:
    evil = "<script>alert(1)</script>"
    row: Row = {"subject": evil, "unknown_share": 0.9, "share": None, "share_change": None}
    checker.ask(Profile("raw", {"event_types": [row]}, [evil]))
    page = tmp_path / "checks.html"
    write_page([checker.result()], page)
    html = page.read_text(encoding="utf-8")
    assert evil not in html
    assert html.count("&lt;script&gt;") >= 3
    assert "90.0% of the events in" in html
    assert "<td>at most 0.5</td><td>the build fails</td>" in html
    assert "http" not in html.replace("http-equiv", "")
    assert "src=" not in html
    assert [each.name for each in tmp_path.iterdir()] == ["checks.html"]
