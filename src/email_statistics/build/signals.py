"""What runs until a signal: ends after the work at hand, and says what it does, with the time."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType

import click


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
