"""``email-stats report``: render reports to offline HTML."""

import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import groupby
from pathlib import Path

import click

from email_statistics.commands.durations import Duration
from email_statistics.errors import EmailStatsError, UsageError
from email_statistics.paths import reports_folder
from email_statistics.reports.run import assembly, renderings, runner
from email_statistics.reports.run.registry import read_registry
from email_statistics.reports.run.renderings import Kept
from email_statistics.reports.run.runner import Result
from email_statistics.reports.words import formats


class _Reports(click.Command):
    """Says in its help which reports there are and which parameters each takes."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from email_statistics.reports.run.parameters import defaults

        registry = read_registry()
        with formatter.section("Reports and their parameters"):
            formatter.write_dl(
                [(name, ", ".join(defaults(registry.notebook(name)))) for name in registry.reports]
            )


@click.command("report", cls=_Reports)
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
    type=Duration(),
    metavar="AGE",
    help="Fail where the newest event of the published data is older than this, such as 90m, 26h "
    "or 2d, whenever they were built.",
)
@click.option(
    "--all",
    "every_subject",
    is_flag=True,
    help="Render the pages of every email and experiment, not of the most recent ones only.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=runner.JOBS,
    show_default=True,
    help="How many at once.",
)
def command(
    names: tuple[str, ...],
    parameters: tuple[str, ...],
    as_of: str | None,
    max_age: timedelta | None,
    every_subject: bool,
    jobs: int,
) -> None:
    """Render reports of notebooks/reports.yml, all of them where none is named, and the site.

    The site lies below EMAIL_STATS_REPORTS (var/reports): open its index.html, or run `email-stats
    open`. A report about one email or experiment has a page for each of the 50 most recent ones.
    With parameters of its own a page stands under "Rendered on request" and replaces none. A page
    that fails doesn't stop the others; the last good one stays, and the exit code is 1.
    """
    began = time.monotonic()
    given = _read_parameters(parameters, as_of)
    # `kill` and systemd end a run as Ctrl-C does: with its processes, and nothing left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    result = runner.run(
        read_registry(),
        names,
        given,
        max_age=max_age,
        every_subject=every_subject,
        jobs=jobs,
        say=lambda line: click.echo(line, err=True),
    )
    site = reports_folder()
    for report, of_report in groupby(result.kept, key=lambda one: one.rendering.report):
        for line in _lines(report, list(of_report), result, site):
            click.echo(line)
    done = result.kept
    data = done[0].rendering.data
    through = renderings.stamp(data.data_through_at) if data.data_through_at else "no event"
    click.echo(
        f"{formats.plural(len(done), 'page')} in {time.monotonic() - began:.1f} s, data through "
        f"{through} of lake {data.raw_lake}. The site: {site / assembly.HOME}"
    )
    failed = [one for one in done if one.rendering.error]
    if failed:
        names = tuple(dict.fromkeys(one.rendering.report for one in failed))
        raise EmailStatsError(
            f"{len(failed)} of {formats.plural(len(done), 'page')} failed ({', '.join(names)}): "
            f"read {failed[0].folder / 'error.txt'}, correct the cause and run the report again."
        )


def _lines(report: str, kept: Sequence[Kept], result: Result, site: Path) -> Iterator[str]:
    """Say where the pages of a report are; what failed has a line of its own."""
    done = [one for one in kept if not one.rendering.error]
    if len(done) == 1:
        yield f"{report:24}{'done':8}{site / result.page_of(done[0])}"
    elif done:
        folders = sorted({result.page_of(one).partition("/")[0] for one in done})
        yield f"{report:24}{'done':8}{len(done)} pages below {site / folders[0]}"
    for one in kept:
        if one.rendering.error:
            yield f"{report:24}{'failed':8}{one.folder / 'error.txt'}"


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
