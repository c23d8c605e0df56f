"""What ends a command: an error of the system below, as one sentence, or a signal."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import click
import duckdb

from email_statistics.build.faults import sentence_about
from email_statistics.errors import EmailStatsError


class Interrupted(EmailStatsError):  # noqa: N818  # not an error of anybody's
    """Ctrl-C; the text says what became of the published file."""

    exit_code = 130


@contextmanager
def told_in_a_sentence(published: Path) -> Iterator[None]:
    """Turn Ctrl-C and the errors of the system below into ``EmailStatsError``.

    Raises ``Interrupted`` for Ctrl-C, ``EmailStatsError`` for an ``OSError`` (a full disk, say) or
    an error of DuckDB that nobody nearer could explain.
    """
    before = _identity(published)
    try:
        yield
    except KeyboardInterrupt as error:
        state = "is as it was" if _identity(published) == before else "is the new version"
        raise Interrupted(
            f"Interrupted; the published file {state}. Run the command again."
        ) from error
    except (OSError, duckdb.Error) as error:
        raise EmailStatsError(
            f"{sentence_about(str(error))} Nothing was published; `email-stats doctor` checks the "
            "set-up."
        ) from error


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


@contextmanager
def stopped_by_a_signal(words: str) -> Iterator[threading.Event]:
    """Set an event at SIGINT and SIGTERM, in place of ending the process; a second one ends it.

    ``words`` say what is still done: "Stopping after the build at work".
    """
    stop = threading.Event()

    def hear(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        say(f"{words}; once more ends it now.")

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def say(line: str) -> None:
    """Print a line on stderr with the time."""
    click.echo(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC  {line}", err=True)
