"""One build at a time: a lock that dies with its process, however that dies."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from email_statistics.errors import EmailStatsError

# `email-stats doctor` holds the lock for the moment of its look.
_SECONDS_OF_A_LOOK = 0.2


class LockedError(EmailStatsError):
    """Another process builds or publishes this warehouse; the text says which and what to do."""


@contextmanager
def build_lock(path: Path, command: str, what: str = "warehouse") -> Iterator[None]:
    """Hold the lock of a warehouse, or of ``what`` else, while the block runs.

    The kernel frees it when the process ends, so a lock file that a killed build left is no lock.
    Raises ``LockedError`` where another process holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _take(descriptor):
            time.sleep(_SECONDS_OF_A_LOOK)
            if not _take(descriptor):
                raise LockedError(
                    f"This {what} is being written by {_read(path)}: wait for it to end, then "
                    "run the command again."
                )
        since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        os.ftruncate(descriptor, 0)
        os.write(
            descriptor, f"email-stats {command}, process {os.getpid()}, since {since} UTC".encode()
        )
        yield
    finally:
        os.close(descriptor)


def holder(path: Path) -> str | None:
    """Who holds the lock now, or None where nobody does; waits for nobody."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return None if _take(descriptor) else _read(path)
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(path: Path) -> str:
    """Read what the holder wrote; nothing in the moment between its lock and its words."""
    return path.read_text(encoding="utf-8") or "another process"
