"""``email-stats build --watch``: builds what arrives in the lake, as it arrives."""

import threading

import click

from email_statistics.build.build_input import BuildInput
from email_statistics.build.engine import BuildOptions
from email_statistics.build.run import Builder, Strictness
from email_statistics.build.signals import say, stopped_by_a_signal
from email_statistics.errors import EmailStatsError, UsageError
from email_statistics.gate.checks import Checker
from email_statistics.starting import free_memory


def watch(options: BuildOptions, strictness: Strictness, seconds: float) -> None:
    """Build what is new, now and whenever a file of the lake or a seed changes, until a signal.

    It looks every so many ``seconds``. A build that fails is reported and tried again when
    something changes; what is published is then as it was. SIGINT or SIGTERM ends the watch after
    the build at work. Raises ``UsageError`` for what no file can mend: a setting, a path.
    """
    built: BuildInput | None = None
    with stopped_by_a_signal("Stopping after the build at work") as stop:
        while not stop.is_set():
            with Checker() as checker:
                builder = Builder(options, strictness, checker)
                built = _watch(builder, stop, seconds, built)
    click.echo("Stopped; the published file is whole.")


def _watch(
    builder: Builder, stop: threading.Event, seconds: float, built: BuildInput | None
) -> BuildInput | None:
    """Watch until the signal, or until a build failed; returns what was found last."""
    while not stop.is_set():
        try:
            found = builder.look()
            if found != built:
                built = found
                try:
                    builder.build()
                finally:
                    free_memory()
                say(f"Watching the lake every {seconds:g} s; Ctrl-C ends it.")
        except UsageError:
            raise
        except (EmailStatsError, OSError) as error:
            say(f"Error: {error} The build is tried again when something changes.")
            return built
        stop.wait(seconds)
    return built
