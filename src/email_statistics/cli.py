"""``email-stats``: the command line. Each command lives in its own module of ``commands``."""

import importlib
import sys
from collections.abc import Sequence

import click

from email_statistics.errors import EmailStatsError, UsageError, suggest

# Imported when called: dbt, Great Expectations and papermill take seconds to import.
_COMMANDS = {
    "sample": "Write a realistic, deterministic raw lake.",
    "load": "Load a sender's or a shop's events into a raw lake.",
    "receive": "Receive the webhooks of senders and load them into the lake.",
    "compact": "Merge the many small files of loads into daily and monthly ones.",
    "build": "Check the raw lake, build, check and publish the warehouse.",
    "publish": "Check and publish what a dbt build of your own made.",
    "doctor": "Check the set-up and say what to do.",
    "trace": "Show what happened to a message, an order or a contact, event by event.",
    "sources": "List emails with the ids that other commands take.",
    "report": "Render reports to a site of offline HTML pages.",
    "open": "Open the site in the browser.",
    "serve": "Serve the site, live, in a browser.",
    "export": "Write emails, a Details list or an email's links to CSV, Excel or Parquet.",
    "exports": "List the exports that are kept.",
    "power": "Say how many contacts a test needs.",
    "segment": "List the contacts behind a metric, or of a segment.",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            raise UsageError(f"There is no command '{cmd_name}': {suggest(cmd_name, _COMMANDS)}")
        module = importlib.import_module(f"email_statistics.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="email-statistics")
def cli(debug: bool) -> None:
    """Email statistics: build, check, publish and report the warehouse.

    Exit codes: 0 done, 1 a check, model or report failed, 2 wrong usage or settings.
    """


def _refuse_other_encodings(arguments: Sequence[str]) -> None:
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise UsageError(f"The argument {argument!a} isn't UTF-8: write it in UTF-8.") from None


def main() -> None:
    """Run ``email-stats``; an error is one sentence on stderr (with ``--debug``, its traceback)."""
    try:
        _refuse_other_encodings(sys.argv)
        cli(standalone_mode=True)
    except EmailStatsError as error:
        if "--debug" in sys.argv:
            raise
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:  # a full disk, a folder that somebody removed: the system's own words
        if "--debug" in sys.argv:
            raise
        from email_statistics.build.faults import sentence_about

        click.echo(f"Error: {sentence_about(str(error))}", err=True)
        sys.exit(EmailStatsError.exit_code)
