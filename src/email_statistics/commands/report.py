"""``email-stats report``: render reports to offline HTML."""

import re
import signal
import time
from collections.abc import Iterable
from datetime import timedelta

import click

from email_statistics.errors import EmailStatsError, UsageError
from email_statistics.reports.run import renderings, runner
from email_statistics.reports.run.registry import read_registry

_AGE = re.compile(r"([1-9][0-9]{0,5})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@click.command("report")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "-p",
    "--parameter",
    "parameters",
    metavar="KEY=VALUE",
    multiple=True,
    help="A parameter in place of its default, for each report of the run; may be repeated.",
)
@click.option(
    "--as-of",
    metavar="DATE",
    help="Count default dates back from this day instead of the last day of the data. It moves "
    "dates only: the numbers stay those of today's data, and the page says so.",
)
@click.option(
    "--max-age",
    metavar="AGE",
    help="Fail where the newest event of the published data is older than this, such as 90m, 26h "
    "or 2d, whenever they were built.",
)
@click.option(
    "--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="How many at once."
)
def command(
    names: tuple[str, ...],
    parameters: tuple[str, ...],
    as_of: str | None,
    max_age: str | None,
    jobs: int,
) -> None:
    """Render reports of notebooks/reports.yml, all of them where none is named.

    Each becomes an offline page, beside its executed notebook, below EMAIL_STATS_REPORTS
    (var/reports); index.html there links the latest of each. One that fails doesn't stop the
    others; it is kept with its traceback, and the exit code is 1.
    """
    began = time.monotonic()
    given = _read_parameters(parameters, as_of)
    # `kill` and systemd end a run as Ctrl-C does: with its processes, and nothing left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    done = runner.run(
        read_registry(),
        names,
        given,
        max_age=_read_age(max_age),
        jobs=jobs,
        say=lambda line: click.echo(line, err=True),
    )
    for one in done:
        page = "error.txt" if one.rendering.error else "report.html"
        click.echo(f"{one.rendering.report:24}{one.rendering.status:8}{one.folder / page}")
    data = done[0].rendering.data
    through = renderings.stamp(data.data_through_at) if data.data_through_at else "no event"
    click.echo(
        f"{len(done)} in {time.monotonic() - began:.1f} s, data through {through} of lake "
        f"{data.raw_lake}, all reports: {renderings.reports_folder() / 'index.html'}"
    )
    failed = [one for one in done if one.rendering.error]
    if failed:
        raise EmailStatsError(
            f"{len(failed)} of {len(done)} reports failed "
            f"({', '.join(one.rendering.report for one in failed)}): read "
            f"{failed[0].folder / 'error.txt'}, correct the cause and run the report again."
        )


def _read_parameters(parameters: Iterable[str], as_of: str | None) -> dict[str, str]:
    if as_of == "":
        raise UsageError("--as-of can't be empty: give a date such as 2026-01-31.")
    given: dict[str, str] = {}
    for parameter in [*parameters, *([] if as_of is None else [f"as_of={as_of}"])]:
        name, sign, value = parameter.partition("=")
        if not sign or not name:
            raise UsageError(f"-p {parameter!r} isn't a parameter: write -p name=value.")
        if name in given:
            raise UsageError(f"Parameter '{name}' is given twice: give it once.")
        given[name] = value
    return given


def _read_age(text: str | None) -> timedelta | None:
    if text is None:
        return None
    match = _AGE.fullmatch(text)
    if match is None:
        raise UsageError(f"--max-age can't be {text!r}: give an age such as 90m, 26h or 2d.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
