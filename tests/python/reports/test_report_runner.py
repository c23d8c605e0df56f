"""`email-stats report` with real kernels: several at once, failures kept, one build, clean ends."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from multiprocessing import forkserver
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers.report_project import DATES, Project, loose_modes, write_warehouse
from helpers.support import PROJECT_ROOT

from email_statistics import warehouse
from email_statistics.cli import cli
from email_statistics.reports.run import renderings, runner, worker
from email_statistics.reports.run.registry import read_registry
from email_statistics.reports.run.renderings import Kept

HOSTILE = """'"\\ {brace} é ) ; import os #\n<script>alert(1)</script>"""

# Publishes other data between two queries of one page, and says what it sees.
GOOD = """
import json, os, pathlib, sys
from email_statistics import warehouse
ask = "select raw_lake from core.build"
before = warehouse.sql(ask).item()
os.replace({next_build!r}, {published!r})
said = dict(
    note=note, last_days=last_days, as_of=as_of, builds=[before, warehouse.sql(ask).item()],
    python=sys.executable, folder=os.getcwd(), started_by_user="USER_STARTUP" in os.environ,
)
pathlib.Path({said!r}).write_text(json.dumps(said))
print("hello from the page")
"""
NOTE = {"note": "none"}


def run_command(
    project: Project, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(project, *arguments),
        env=os.environ | project.environment | (environment or {}),
        cwd=project.folder,  # somewhere else than the project's root
        capture_output=True,
        text=True,
        check=False,
    )


def command(project: Project, *arguments: str) -> list[str]:
    """`email-stats report` over the reports of a test."""
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from email_statistics import cli\nfrom email_statistics.reports.run import registry\n"
        f"registry.REPORTS_YML = Path({str(project.reports_yml)!r})\n"
        "cli.main()\n"
    )
    return [sys.executable, "-c", program, "report", *arguments]


class Run:
    """One run over a good report, one that raises, and one whose process is killed."""

    def __init__(self, folder: Path) -> None:
        self.project = Project(folder)
        next_build = write_warehouse(folder / "warehouse" / "next.duckdb", raw_lake="next_lake")
        self.said_file = folder / "said.json"
        code = GOOD.format(
            next_build=str(next_build),
            published=str(self.project.warehouse),
            said=str(self.said_file),
        )
        self.project.add("good", code, NOTE | DATES)
        self.project.add("raises", "raise ValueError('<b>no</b> such luck')", NOTE | DATES)
        self.project.add("dies", "import os; os.kill(os.getppid(), 9)", NOTE | DATES)
        self.result = run_command(
            self.project,
            *("-p", f"note={HOSTILE}", "--as-of", "2026-05-01", "--max-age", "9000d"),
            environment=self.users_jupyter(folder / "home"),
        )

    @staticmethod
    def users_jupyter(home: Path) -> dict[str, str]:
        """A home with another kernel "python3" and a start-up file for IPython."""
        spec = home / "jupyter" / "kernels" / "python3"
        spec.mkdir(parents=True)
        (spec / "kernel.json").write_text(
            json.dumps({"argv": ["/bin/false"], "display_name": "Other", "language": "python"})
        )
        startup = home / ".ipython" / "profile_default" / "startup"
        startup.mkdir(parents=True)
        (startup / "00.py").write_text("import os; os.environ['USER_STARTUP'] = 'ran'")
        return {"HOME": str(home), "JUPYTER_PATH": str(home / "jupyter")}

    def latest(self, report: str) -> Kept:
        return renderings.kept(self.project.reports, report)[0]

    @property
    def said(self) -> dict[str, object]:
        said: dict[str, object] = json.loads(self.said_file.read_text())
        return said


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("three"))


def test_a_failing_report_does_not_stop_the_others_and_the_exit_code_is_1(three: Run) -> None:
    statuses = {name: three.latest(name).rendering.status for name in ("good", "raises", "dies")}
    assert statuses == {"good": "done", "raises": "failed", "dies": "failed"}
    assert three.result.returncode == 1
    last = three.result.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: 2 of 3 pages failed (raises, dies): read ")
    assert "Traceback" not in three.result.stderr


def test_a_good_report_is_a_page_beside_its_notebook_and_its_record(three: Run) -> None:
    folder = three.latest("good").folder
    assert sorted(path.name for path in folder.iterdir()) == [
        "notebook.ipynb",
        "report.html",
        "run.json",
    ]
    assert "hello from the page" in (folder / "report.html").read_text("utf-8")


def test_a_failed_report_is_kept_with_its_notebook_and_traceback(three: Run) -> None:
    folder = three.latest("raises").folder
    assert sorted(path.name for path in folder.iterdir()) == [
        "error.txt",
        "notebook.ipynb",
        "run.json",
    ]
    error = (folder / "error.txt").read_text("utf-8")
    assert error.startswith("ValueError: <b>no</b> such luck\n\n")
    assert "Traceback (most recent call last)" in error
    assert "\x1b" not in error


def test_a_report_whose_process_dies_is_a_failure_with_its_reason(three: Run) -> None:
    assert three.latest("dies").rendering.error == "The report's process ended with -9."


def test_the_record_says_which_data_parameters_and_when(three: Run) -> None:
    record = json.loads((three.latest("good").folder / "run.json").read_text("utf-8"))
    assert record["data"] == {
        "built_at": "2026-06-02T04:00:00Z",
        "data_through_at": "2026-06-01T21:30:00Z",
        "raw_lake": "lake",
        "project_version": "0.1.0",
    }
    assert record["parameters"] == {
        "note": HOSTILE,
        "start_date": "",
        "end_date": "",
        "last_days": 30,
        "as_of": "2026-05-01",
    }
    assert record["started_at"] < record["ended_at"]


def test_parameters_reach_the_notebook_with_their_types_and_as_text_only(three: Run) -> None:
    said = three.said
    assert (said["note"], said["last_days"], said["as_of"]) == (HOSTILE, 30, "2026-05-01")


def test_a_publish_in_the_middle_does_not_mix_two_builds_on_a_page(three: Run) -> None:
    with warehouse.connect(three.project.warehouse) as connection:
        published = connection.sql("select raw_lake from core.build").fetchall()
    assert published == [("next_lake",)], "the page did publish"
    assert three.said["builds"] == ["lake", "lake"]


def test_the_kernel_is_this_python_in_the_root_whatever_the_user_has_installed(three: Run) -> None:
    said = three.said
    assert said["python"] == sys.executable
    assert said["folder"] == str(PROJECT_ROOT)
    assert said["started_by_user"] is False


def test_progress_has_a_line_for_each_start_and_end_and_nothing_else(three: Run) -> None:
    *progress, _ = three.result.stderr.strip().splitlines()
    assert all(re.match(r"\[ *\d+\.\d s\] (good|raises|dies): ", line) for line in progress)
    assert len(progress) == 6
    assert any(re.search(r"good: done after \d+\.\d s, \d of 3$", line) for line in progress)
    assert any("raises: failed (ValueError: <b>no</b> such luck)" in line for line in progress)


def test_nobody_else_may_read_what_a_run_writes_and_it_leaves_nothing_else(three: Run) -> None:
    reports = three.project.reports
    assert loose_modes(reports) == []
    assert sorted(path.name for path in reports.iterdir()) == [
        ".lock",
        ".site.json",
        "index.html",
        "recent",
        "renderings",
    ]
    assert three.project.warehouse.stat().st_nlink == 1


def test_where_the_file_cannot_be_linked_a_page_of_two_builds_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path)
    next_build = write_warehouse(tmp_path / "warehouse" / "next.duckdb", raw_lake="next_lake")
    project.add("alone", f"import os; os.replace({str(next_build)!r}, {str(project.warehouse)!r})")
    project.use(monkeypatch)

    def refuse(_link: Path, _target: Path) -> None:
        raise OSError("Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    said: list[str] = []
    [one] = runner.run(read_registry(), ["alone"], {}, say=said.append).kept
    assert one.rendering.status == "failed"
    assert one.rendering.error == "The data changed while the report ran: run it again."
    assert not (one.folder / "report.html").exists()


def test_no_exit_code_is_lost_where_other_pages_start_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: Callable[[int], int] = forkserver.read_signed
    pauses = cycle([0.05, 0.0, 0.02])

    def read_slowly(sentinel: int) -> int:
        time.sleep(next(pauses))
        return read(sentinel)

    def exit_code_of_a_page_without_a_notebook(number: int) -> int | None:
        job = worker.Job("page", tmp_path / "missing.ipynb", {}, tmp_path / str(number))
        job.folder.mkdir()
        return worker.exit_code(worker.start(job, dict(os.environ)))

    monkeypatch.setattr(forkserver, "read_signed", read_slowly)
    with ThreadPoolExecutor(4) as pool:
        exit_codes = set(pool.map(exit_code_of_a_page_without_a_notebook, range(16)))
    assert exit_codes == {1}


SLOW = """
import os, pathlib, time
pathlib.Path({pid_file!r}).write_text(str(os.getpid()))
time.sleep(60)
"""


def test_a_killed_run_leaves_no_half_rendering_and_no_process(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.add("slow", SLOW.format(pid_file=str(tmp_path / "pid")))
    process = subprocess.Popen(
        command(project), env=os.environ | project.environment, stderr=subprocess.DEVNULL
    )
    try:
        kernel = process_id(tmp_path / "pid")
    finally:
        process.kill()
        process.wait()
    wait_until(lambda: not is_running(kernel))
    assert_nothing_was_rendered(project)


def test_a_run_that_is_asked_to_end_ends_at_once_with_its_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path)
    project.add("slow", SLOW.format(pid_file=str(tmp_path / "pid")))
    project.add("waiting")
    project.use(monkeypatch)
    kernels: list[int] = []

    def ask_to_end() -> None:
        kernels.append(process_id(tmp_path / "pid"))
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    threading.Thread(target=ask_to_end).start()
    try:
        result = CliRunner().invoke(cli, ["report", "--jobs", "1"])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.strip().splitlines()[-1] == "Aborted!"
    wait_until(lambda: not is_running(kernels[0]))
    assert [path.name for path in project.reports.iterdir()] == [".lock"]
    assert_nothing_was_rendered(project)


def assert_nothing_was_rendered(project: Project) -> None:
    assert renderings.kept(project.reports, "slow") == []
    assert not (project.reports / "index.html").exists()
    with renderings.workspace(project.reports):
        assert len(list(project.reports.glob(".run-*"))) == 1, "what a killed run left is gone"


def process_id(file: Path) -> int:
    wait_until(lambda: file.exists() and file.read_text() != "")
    return int(file.read_text())


def wait_until(is_true: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def is_running(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
