"""``email-stats build --watch``: builds what arrives in the lake, as it arrives."""

import threading

import click

from email_statistics import paths
from email_statistics.build.interruption import say, stopped_by_a_signal
from email_statistics.build.orchestration import Builder, BuildOptions, Strictness
from email_statistics.errors import EmailStatsError, UsageError
from email_statistics.gate.judge import Judge
from email_statistics.gate.lake import LakeFile, lake_files


def watch(options: BuildOptions, strictness: Strictness, seconds: float) -> None:
    """Build now, and again whenever the files of the lake have changed, until a signal.

    The lake is looked at every so many ``seconds``. A build that fails is told and tried again when
    the files change; what is published is then as it was. SIGINT or SIGTERM ends the watch after
    the build at work. Raises ``UsageError`` for what no file can mend: a setting, a path.
    """
    built: list[LakeFile] | None = None
    with stopped_by_a_signal("Stopping after the build at work") as stop:
        while not stop.is_set():
            # A worker that waits for hours may be gone when it is needed; a new one is started.
            with Judge() as judge:
                builder = Builder(options, strictness, judge)
                built = _watch(builder, stop, seconds, built)
    click.echo("Stopped; the published file is whole.")


def _watch(
    builder: Builder, stop: threading.Event, seconds: float, built: list[LakeFile] | None
) -> list[LakeFile] | None:
    """Watch until the signal, or until a build failed; returns the files as they were seen last."""
    while not stop.is_set():
        try:
            found = lake_files(paths.raw_lake())
            if found != built:
                built = found
                builder.build()
                say(f"Watching the lake every {seconds:g} s; Ctrl-C ends it.")
        except UsageError:
            raise
        except (EmailStatsError, OSError) as error:
            say(f"Error: {error} The build is tried again when the files of the lake change.")
            return built
        stop.wait(seconds)
    return built
