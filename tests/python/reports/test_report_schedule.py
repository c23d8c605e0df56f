"""The README's line for cron and the units for systemd: what they run, and when."""

import configparser
import re
import shlex
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from helpers.support import PROJECT_ROOT

from email_statistics.commands.report import command as report
from email_statistics.reports.run.registry import read_registry

INSTALLED = "/srv/email_statistics"


def cron_line() -> str:
    """The README's one line for cron."""
    readme = (PROJECT_ROOT / "README.md").read_text("utf-8")
    [text] = re.findall(r"```cron\n(.*)\n```", readme)
    return str(text)


def unit_text(kind: str) -> str:
    unit = PROJECT_ROOT / "notebooks" / "schedule" / f"email-stats-report.{kind}"
    return unit.read_text("utf-8")


def unit(kind: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, delimiters=["="])
    parser.read_string(unit_text(kind))
    return parser


def check_command(words: list[str]) -> None:
    """Parse a command line with the real command line, without running it."""
    program, name, *arguments = words
    assert (Path(program).name, name) == ("email-stats", "report")
    with report.make_context(name, arguments) as parsed:
        assert parsed.params["max_age"] == timedelta(hours=26)


def due() -> str:
    """When all reports are due, for cron."""
    [cron] = {
        report.schedule.cron for report in read_registry().reports.values() if report.schedule
    }
    return cron


def test_the_cron_line_runs_the_reports_when_they_are_due() -> None:
    line = cron_line()
    *fields, command = line.split(" ", 5)
    assert " ".join(fields) == due()
    folder, sign, run = command.partition(" && ")
    assert (folder, sign) == (f"cd {INSTALLED}", " && ")
    assert "%" not in command, "cron would read it as a newline"
    check_command(shlex.split(run))


def test_the_command_of_the_cron_line_runs_in_a_shell_as_poor_as_crons() -> None:
    command = cron_line().split(" ", 5)[5].strip().replace(INSTALLED, str(PROJECT_ROOT))
    run = subprocess.run(
        ["/bin/sh", "-c", f"{command} --help"],
        cwd="/",
        env={"HOME": "/", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "--max-age AGE" in run.stdout


def test_the_systemd_units_run_the_reports_when_they_are_due() -> None:
    service, timer = unit("service"), unit("timer")
    check_command(shlex.split(service["Service"]["ExecStart"]))
    assert service["Service"]["WorkingDirectory"] == INSTALLED
    time = re.fullmatch(r"\*-\*-\* (\d\d):(\d\d):00", timer["Timer"]["OnCalendar"])
    assert time is not None
    assert f"{int(time[2])} {int(time[1])} * * *" == due()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for kind in ("service", "timer"):
        text = unit_text(kind).replace(INSTALLED, str(PROJECT_ROOT))
        (tmp_path / f"email-stats-report.{kind}").write_text(text.replace("User=email-stats\n", ""))
    run = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / "email-stats-report.timer"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
