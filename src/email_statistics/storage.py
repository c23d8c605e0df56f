"""Files as this project keeps them: private, whole or not there, locked by one process at a time.

And the one way to open a DuckDB database: with the clock on UTC, little memory and nothing fetched
from anywhere.
"""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from email_statistics.errors import EmailStatsError

# The names of files that are being written begin with this; a killed process leaves one behind.
UNFINISHED = ".new-"

_OWNER_ONLY = 0o077
# `email-stats doctor` holds a lock for a moment, while it looks.
_SECONDS_OF_A_LOOK = 0.2

# Megabytes for a database that is only read. Left to itself DuckDB takes 80 % of the machine, most
# of it as a cache of what the disk holds; what doesn't fit is spilled to the disk.
READING = 1_000

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


class LockedError(EmailStatsError):
    """Another process holds a lock; the text says which and what to do."""


def keep_private() -> None:
    """Make every file that this process writes its owner's alone (0600, folders 0700)."""
    os.umask(_OWNER_ONLY)


def make_private(path: Path) -> None:
    """Give a file that was written with a wider mask back to its owner alone."""
    if path.exists():
        path.chmod(stat.S_IRUSR | stat.S_IWUSR)


def make_private_folder(path: Path) -> None:
    """Make a folder for its owner alone, with the folders above it; one that is there stays."""
    if not path.is_dir():
        make_private_folder(path.parent)  # mkdir's own parents have the umask's mode
        path.mkdir(mode=0o700, exist_ok=True)


def write_private(path: Path, text: str) -> None:
    """Write a file whole or not at all, for its owner alone.

    Whoever reads it meanwhile has the old text or the new one.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)  # of mode 0600
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_private_new(path: Path, text: str) -> None:
    """Write a file as ``write_private`` does, unless it is there: of two at once the first wins."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        with suppress(FileExistsError):
            path.hardlink_to(unfinished)
    finally:
        unfinished.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Have the disk hold what was written to a file or folder, before anything relies on it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path, command: str, what: str = "warehouse") -> Iterator[None]:
    """Hold the lock ``path`` while the block runs; the file says which ``command`` holds it.

    ``what`` is written by its holder alone: a warehouse, or what else the lock stands for.

    The kernel frees it when the process ends, so a file that a killed process left isn't a lock.
    Raises ``LockedError`` where another process holds it.
    """
    lock = FileLock(path, timeout=_SECONDS_OF_A_LOOK, mode=0o600)
    try:
        lock.acquire()
    except Timeout as error:
        raise LockedError(
            f"This {what} is being written by {_read_holder(path)}: wait for it to end, then run "
            "the command again."
        ) from error
    try:
        since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        holder = f"email-stats {command}, process {os.getpid()}, since {since} UTC"
        path.write_text(holder, encoding="utf-8")
        yield
    finally:
        lock.release()


def lock_holder(path: Path) -> str | None:
    """Return who holds the lock ``path`` now, or None where nobody does; waits for nobody."""
    if not path.exists():
        return None
    try:
        with FileLock(path, timeout=0, mode=0o600):
            return None
    except Timeout:
        return _read_holder(path)


def _read_holder(path: Path) -> str:
    """Read what the holder wrote; nothing in the moment between its lock and its words."""
    return path.read_text(encoding="utf-8") or "another process"


def open_duckdb(
    path: Path | None = None, *, read_only: bool = False, megabytes: int = READING
) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB database, or one in memory; the caller closes it.

    ``megabytes`` limit its memory, to half the machine's at most. Raises ``duckdb.Error`` where it
    can't be opened.
    """
    connection = duckdb.connect(path or ":memory:", read_only=read_only, config=_CONFIG)
    connection.execute("set timezone = 'UTC'")
    limit_memory(connection, megabytes)
    return connection


def limit_memory(connection: duckdb.DuckDBPyConnection, megabytes: int) -> None:
    """Let DuckDB take so many megabytes, or half of a smaller machine's memory."""
    connection.execute(f"set memory_limit = '{available_megabytes(megabytes)}MB'")


def available_megabytes(megabytes: int) -> int:
    """Return so many megabytes, or half of a smaller machine's memory."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1_000_000
    return min(megabytes, machine // 2)


def write_log(database: Path) -> Path:
    """Name the write-ahead log that DuckDB keeps beside a database while it is being written."""
    return database.with_name(f"{database.name}.wal")
