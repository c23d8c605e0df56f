"""`email-stats report`: what is refused before a kernel starts, how long renderings are kept."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from helpers.report_project import DATA_THROUGH_AT, DATES, Project, loose_modes

from email_statistics.cli import cli
from email_statistics.errors import EmailStatsError, UsageError
from email_statistics.reports.ask.parameters import Value
from email_statistics.reports.run import renderings, runner
from email_statistics.reports.run.renderings import Data, Rendering

SUMMARY = {"email_source_id": ""} | DATES
ANALYTICS = {"metric": "delivered", "source_type": "campaign", "email_source_id": ""} | DATES
LINKS = {"per_link": False, "most": 5}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Four reports, of which none may start a kernel: three of pages, one of nobody's."""
    project = Project(tmp_path)
    project.add("dashboard", notebook="deliverability")
    project.add("summary", parameters=SUMMARY, notebook="campaign_summary")
    project.add("analytics", parameters=ANALYTICS, notebook="email_analytics")
    project.add("links", parameters=LINKS)
    project.use(monkeypatch)

    def refuse(*_: object) -> None:
        raise AssertionError("a kernel would have started")

    monkeypatch.setattr(runner, "_render", refuse)
    return project


def error_of(*arguments: str) -> EmailStatsError:
    result = CliRunner().invoke(cli, ["report", *arguments])
    assert isinstance(result.exception, EmailStatsError), result.output
    return result.exception


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("dashbord", "There is no report 'dashbord' in notebooks/reports.yml: "
                     "did you mean 'dashboard'?"),
        ("../dashboard", "There is no report '../dashboard' in notebooks/reports.yml: "
                         "did you mean 'dashboard'?"),
        ("dashboard -p last_day=7", "Report 'dashboard' has no parameter 'last_day': "
                                    "did you mean 'last_days'?"),
        ("-p last_days=7", "Report 'links' has no parameter 'last_days': "
                           "there is per_link, most."),
        ("nonsense", "There is no report 'nonsense' in notebooks/reports.yml: "
                     "there is dashboard, summary, analytics, links."),
        ("dashboard -p last_days=7.5", "Parameter 'last_days' of report 'dashboard' can't be "
                                       "'7.5': give a whole number from 1 to 36600."),
        ("dashboard -p last_days=0", "Parameter 'last_days' of report 'dashboard' can't be '0': "
                                     "give a whole number from 1 to 36600."),
        ("dashboard -p last_days=", "Parameter 'last_days' of report 'dashboard' can't be '': "
                                    "give a whole number from 1 to 36600."),
        ("dashboard -p last_days", "-p 'last_days' isn't a parameter: write -p name=value."),
        ("dashboard -p =7", "-p '=7' isn't a parameter: write -p name=value."),
        ("dashboard -p last_days=7 -p last_days=8", "Parameter 'last_days' is given twice: "
                                                    "give it once."),
        ("dashboard --as-of 2026-05-01 -p as_of=2026-05-02", "Parameter 'as_of' is given twice: "
                                                             "give it once."),
        ("dashboard -p start_date=20260501",
         "Parameter 'start_date' of report 'dashboard' can't be '20260501': "
         "give a date such as 2026-01-31."),
        ("dashboard --as-of 2026-02-30", "Parameter 'as_of' of report 'dashboard' can't be "
                                         "'2026-02-30': give a date such as 2026-01-31 "
                                         "(day is out of range for month)."),
        ("dashboard --as-of=", "--as-of can't be empty: give a date such as 2026-01-31."),
        ("links --as-of 2026-05-01", "Report 'links' has no parameter 'as_of': "
                                     "there is per_link, most."),
        ("dashboard -p start_date=2026-05-02 -p end_date=2026-05-01",
         "start_date 2026-05-02 is after the end, 2026-05-01: give an earlier start_date."),
        ("dashboard -p start_date=2026-06-02",
         "start_date 2026-06-02 is after the end, 2026-06-01: give an earlier start_date."),
        ("links -p per_link=yes", "Parameter 'per_link' of report 'links' can't be 'yes': "
                                  "give true or false."),
        ("links -p most=few", "Parameter 'most' of report 'links' can't be 'few': "
                              "give a whole number."),
        ("analytics -p source_type=mail", "Parameter 'source_type' of report 'analytics' can't be "
                                          "'mail': give one of campaign, workflow, bulk, "
                                          "transactional."),
        ("summary -p email_source_id=campaign-11",
         "Parameter 'email_source_id' of report 'summary' can't be 'campaign-11': "
         "no campaign has that id, did you mean 'campaign-1'?"),
        ("summary -p email_source_id=step-1",
         "Parameter 'email_source_id' of report 'summary' can't be 'step-1': "
         "that is a workflow, give the id of a campaign."),
        ("analytics -p source_type=workflow -p email_source_id=campaign-1",
         "Parameter 'email_source_id' of report 'analytics' can't be 'campaign-1': "
         "that is a campaign, give the id of a workflow."),
        ("analytics -p source_type=bulk -p email_source_id=x'--",
         "Parameter 'email_source_id' of report 'analytics' can't be \"x'--\": "
         "no bulk has that id, and there is none at all."),
    ],
)  # fmt: skip
def test_wrong_usage_ends_in_one_sentence_before_a_kernel_starts(
    project: Project, arguments: str, sentence: str
) -> None:
    error = error_of(*arguments.split(" "))
    assert str(error) == sentence
    assert error.exit_code == 2
    assert not list(project.reports.glob("*/"))
    assert not list(project.reports.glob(".run-*"))


def test_an_error_is_a_sentence_on_stderr_without_a_traceback(project: Project) -> None:
    run = subprocess.run(
        [Path(sys.executable).with_name("email-stats"), "report", "--max-age", "soon"],
        env=os.environ | project.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.endswith("'soon' is no length of time: write 30s, 5m, 2h or 1d.\n")
    assert "Traceback" not in run.stderr


def test_a_missing_warehouse_is_said_before_a_kernel_starts(project: Project) -> None:
    project.warehouse.unlink()
    error = error_of("dashboard")
    assert "There is no published warehouse at" in str(error)
    assert error.exit_code == 1


def test_a_folder_that_cannot_be_written_is_said(project: Project) -> None:
    project.reports.write_text("a file")
    error = error_of("dashboard")
    assert "can't be written (File exists): make it writable or point" in str(error)
    assert error.exit_code == 2


def _report_on_a_disk_with_room_for(
    project: Project, size: int
) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    main = (
        "from pathlib import Path; from email_statistics import cli;"
        " from email_statistics.reports.run import registry;"
        f" registry.REPORTS_YML = Path({str(project.reports_yml)!r}); cli.main()"
    )
    return subprocess.run(
        [sys.executable, "-c", main, "report", "dashboard"],
        env=os.environ | project.environment,
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_report_that_the_disk_has_no_room_for_is_a_failed_one(project: Project) -> None:
    project.add("dashboard", 'print("x" * 100_000)', notebook="deliverability")
    run = _report_on_a_disk_with_room_for(project, 60_000)
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert "dashboard: failed (The disk is full (" in run.stderr
    (kept,) = renderings.kept(project.reports, "dashboard")
    assert "free some space" in (kept.folder / "error.txt").read_text("utf-8")


def test_a_disk_that_is_full_ends_a_run_in_a_sentence_and_leaves_nothing(project: Project) -> None:
    run = _report_on_a_disk_with_room_for(project, 10)
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert run.stderr.splitlines()[-1].startswith("Error: The disk is full (")
    assert not list(project.reports.glob("*/"))
    assert not list(project.reports.glob(".run-*"))


def test_a_warehouse_without_its_build_is_said(project: Project) -> None:
    with duckdb.connect(project.warehouse) as connection:
        connection.execute("drop table core.build")
    assert "doesn't say what it was built from" in str(error_of("dashboard"))


@pytest.mark.parametrize(("minutes", "is_refused"), [(25 * 60, False), (60, False), (59, True)])
def test_data_are_too_old_when_their_newest_event_is_older_than_max_age(
    minutes: int, is_refused: bool
) -> None:
    through = datetime(2026, 6, 1, 12, tzinfo=UTC)
    data = Data(
        built_at=through + timedelta(minutes=60),
        data_through_at=through,
        raw_lake="lake",
        project_version="1",
    )
    now = through + timedelta(minutes=60)
    if is_refused:
        with pytest.raises(
            EmailStatsError, match=r"end 0 d 1 h ago \(1 Jun 2026, 12:00 UTC; built"
        ):
            runner.check_age(data, timedelta(minutes=minutes), now)
    else:
        runner.check_age(data, timedelta(minutes=minutes), now)


def test_data_without_any_event_are_too_old_at_any_age() -> None:
    data = Data(
        built_at=datetime.now(UTC), data_through_at=None, raw_lake="lake", project_version="1"
    )
    with pytest.raises(EmailStatsError, match="hold no event at all"):
        runner.check_age(data, timedelta(days=9000), datetime.now(UTC))


@pytest.mark.usefixtures("project")
def test_old_data_end_the_run_with_exit_code_1() -> None:
    error = error_of("dashboard", "--max-age", "90m")
    assert str(error).startswith("The published data end ")
    assert error.exit_code == 1
    assert f"{DATA_THROUGH_AT:%-d %b %Y, %H:%M} UTC" in str(error)


def test_right_usage_reaches_the_kernel_with_typed_values(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, dict[str, Value]] = {}

    def remember(task: Any, *_: object) -> None:
        asked[task.report] = task.parameters
        raise InterruptedError

    monkeypatch.setattr(runner, "_render", remember)
    project.content["reports"]["links"]["parameters"] = {"per_link": True}
    project.write_registry()
    for arguments in (
        ["dashboard", "-p", "last_days=7", "-p", "start_date="],
        ["summary", "-p", "email_source_id=campaign-12"],
        ["analytics", "-p", "source_type=workflow", "-p", "email_source_id=step-1"],
        ["links", "-p", "most=7"],
    ):
        result = CliRunner().invoke(cli, ["report", *arguments])
        assert isinstance(result.exception, InterruptedError), result.output
    assert asked == {
        "dashboard": DATES | {"last_days": 7},
        "summary": SUMMARY | {"email_source_id": "campaign-12"},
        "analytics": ANALYTICS | {"source_type": "workflow", "email_source_id": "step-1"},
        "links": {"per_link": True, "most": 7},
    }


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("start_date = ''\nend_date = ''\nas_of = ''", "'last_days' .* is missing: compare"),
        ("start_date = ''\nend_date = ''\nas_of = ''\nlast_days = 30\nmore = 1",
         "'more' .* is unknown: compare"),
        ("start_date = ''\nend_date = ''\nas_of = ''\nlast_days = 0", "give a whole number from 1"),
        ("start_date = ''\nend_date = ''\nas_of = ''\nlast_days = 5 * 6",
         "'last_days' of .* is not a plain literal"),
    ],
)  # fmt: skip
def test_a_notebook_that_does_not_fit_its_page_is_refused(
    project: Project, cell: str, sentence: str
) -> None:
    project.write_notebook("deliverability", cell)
    error = error_of("dashboard")
    assert error.exit_code == 2
    with pytest.raises(UsageError, match=sentence):
        raise error


def test_a_missing_or_broken_notebook_is_refused(project: Project) -> None:
    notebook = project.folder / "notebooks" / "reports" / "deliverability.ipynb"
    notebook.write_text("no notebook")
    assert "is not a notebook that can be run" in str(error_of("dashboard"))
    notebook.unlink()
    assert "There is no notebook" in str(error_of("dashboard"))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda yml: yml.update(keep=0), "keep: Input should be greater than or equal to 1"),
        (lambda yml: yml.update(kep=5), "kep: Extra inputs are not permitted"),
        (lambda yml: yml["reports"].clear(), "reports: Dictionary should have at least 1 item"),
        (lambda yml: yml["reports"]["summary"].update(notebook="other"), "There is no notebook"),
        (lambda yml: yml["reports"]["links"].update(parameters={"other": 1}),
         "Report 'links' has no parameter 'other'"),
        (lambda yml: yml["reports"]["links"].update(parameters={"per_link": 1}),
         "Parameter 'per_link' of report 'links' can't be 1: give true or false"),
        (lambda yml: yml["reports"]["summary"].update(schedule={"cron": "daily", "text": "-"}),
         "reports.summary.schedule.cron: String should match"),
        (lambda yml: yml["reports"].update({"../up": yml["reports"]["summary"]}),
         "String should match pattern"),
    ],
)  # fmt: skip
def test_a_bad_reports_yml_is_refused(
    project: Project, change: Callable[[dict[str, Any]], None], sentence: str
) -> None:
    change(project.content)
    project.write_registry()
    error = error_of()
    assert sentence in str(error)
    assert error.exit_code == 2


def rendering(number: int, status: str = "done", report: str = "dashboard") -> Rendering:
    start = datetime(2026, 6, 1, tzinfo=UTC) + timedelta(hours=number)
    return Rendering.model_validate(
        {
            "report": report,
            "status": status,
            "error": None if status == "done" else "KeyError: 'x'",
            "started_at": start,
            "ended_at": start + timedelta(minutes=1),
            "parameters": {"last_days": 30},
            "data": {
                "built_at": start,
                "data_through_at": start,
                "raw_lake": "lake",
                "project_version": "0.1.0",
            },
        }
    )


def keep(reports: Path, one: Rendering) -> Path:
    with renderings.workspace(reports) as workspace:
        folder = workspace / one.report
        folder.mkdir(mode=0o700)
        return renderings.keep(reports, folder, one)


def kept_numbers(reports: Path) -> list[int]:
    first = datetime(2026, 6, 1, tzinfo=UTC)
    return [
        int((one.rendering.started_at - first) / timedelta(hours=1))
        for one in renderings.kept(reports, "dashboard")
    ]


@pytest.mark.parametrize(
    ("statuses", "left"),
    [
        (["done"] * 5, [4, 3, 2]),
        (["done", "failed", "failed", "failed", "failed"], [4, 3, 2, 0]),
        (["failed"] * 5, [4, 3, 2]),
        (["done", "done"], [1, 0]),
    ],
)
def test_the_latest_are_kept_and_the_last_good_one_always(
    tmp_path: Path, statuses: list[str], left: list[int]
) -> None:
    for number, status in enumerate(statuses):
        keep(tmp_path, rendering(number, status))
    with renderings.workspace(tmp_path) as workspace:
        renderings.prune(renderings.kept(tmp_path, "dashboard"), 3, workspace)
    assert kept_numbers(tmp_path) == left
    assert loose_modes(tmp_path / "renderings" / "dashboard") == []


def test_a_folder_that_is_no_rendering_is_neither_listed_nor_removed(tmp_path: Path) -> None:
    keep(tmp_path, rendering(1))
    notes = tmp_path / "renderings" / "dashboard" / "notes"
    damaged = tmp_path / "renderings" / "dashboard" / "20260101T000000Z-abcdef"
    for folder in (notes, damaged):
        folder.mkdir()
    (damaged / "run.json").write_text("{")
    with renderings.workspace(tmp_path) as workspace:
        renderings.prune(renderings.kept(tmp_path, "dashboard"), 1, workspace)
    assert kept_numbers(tmp_path) == [1]
    assert notes.exists() and damaged.exists()


def test_what_a_killed_run_left_goes_and_a_run_at_work_stays(tmp_path: Path) -> None:
    left = tmp_path / ".run-left"
    (left / "dashboard").mkdir(parents=True)
    (left / "lock").touch()
    with renderings.workspace(tmp_path) as first, renderings.workspace(tmp_path) as second:
        assert not left.exists()
        assert first.exists() and second.exists()
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]
