"""What the commands that list or export something have in common: options, tables of text."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from email_statistics.errors import UsageError
from email_statistics.exports.register import Export
from email_statistics.exports.writing import FORMATS
from email_statistics.history.text import printable
from email_statistics.reports.ask.build import Build
from email_statistics.reports.ask.sources import Source
from email_statistics.reports.words import formats
from email_statistics.reports.words.period import Period, choose_period

Command = TypeVar("Command", bound=Callable[..., Any])

_LAST_DAYS = 30


def with_days(command: Command) -> Command:
    """Give a command ``--start``, ``--end`` and ``--last-days``: days of booked messages."""
    for option in (
        click.option(
            "--last-days",
            type=click.IntRange(min=1),
            metavar="N",
            help="The last N days, counted back from --end or the last day of the data.",
        ),
        click.option("--end", default="", metavar="DATE", help="The last day, such as 2026-01-31."),
        click.option("--start", default="", metavar="DATE", help="The first day."),
    ):
        command = option(command)
    return command


def with_file(command: Command) -> Command:
    """Give a command ``--format``, ``--out`` and ``--requested-by``."""
    for option in (
        click.option(
            "--requested-by", metavar="NAME", help="Who asks for it; by default the system's user."
        ),
        click.option(
            "--out",
            type=click.Path(path_type=Path),
            help="Keep the file here; it is yours, and never removed. A file of that name is "
            "replaced.",
        ),
        click.option(
            "--format",
            "file_format",
            type=click.Choice(list(FORMATS)),
            help="By default that of --out's ending, else csv.",
        ),
    ):
        command = option(command)
    return command


def given(*names: str) -> bool:
    """Whether one of these parameters is on the command line."""
    context = click.get_current_context()
    return any(context.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in names)


def chosen_days(build: Build, start: str, end: str, last_days: int | None) -> Period:
    """The days of the options, by default the last 30 of the data."""
    if start and last_days is not None:
        raise UsageError("--start and --last-days both say where the days begin: give one of them.")
    return choose_period(start, end, last_days or _LAST_DAYS, "", build.last_day)


def days_of(build: Build, source: Source, start: str, end: str, last_days: int | None) -> Period:
    """The days of the options, by default the whole life of ``source``."""
    if start or end or last_days is not None:
        return chosen_days(build, start, end, last_days)
    first, last = source.first_day or build.last_day, source.last_day or build.last_day
    return choose_period(first.isoformat(), last.isoformat(), _LAST_DAYS, "", build.last_day)


def say_done(export: Export) -> None:
    """Print where an export is and what is in it."""
    click.echo(f"{export.path}")
    click.echo(
        f"{printable(export.description)}: {formats.plural(export.rows or 0, 'row')}.", err=True
    )


def table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Write rows as aligned columns; what a terminal would obey is escaped, nothing is "-"."""
    lines = [list(names), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(names))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, int):
        return f"{value:,}"
    return value.isoformat() if isinstance(value, date) else printable(str(value))
