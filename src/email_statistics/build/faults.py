"""What goes wrong around a build, each as one sentence that says what to do."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from email_statistics.errors import EmailStatsError

_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}
_FULL_WORDS = re.compile(
    r"No space left on device|File too large|Disk quota exceeded|max_temp_directory_size",
    re.IGNORECASE,
)
_LOCKED = re.compile(
    r"Could not set lock on file \"(?P<file>[^\"]+)\"(.*?PID (?P<process>\d+))?", re.DOTALL
)
_NO_MEMORY = re.compile(r"Out of Memory Error", re.IGNORECASE)
_BAD_FILE = re.compile(r"Failed to read file|No magic bytes|Could not read enough bytes")
_LONGEST = 500


class Interrupted(EmailStatsError):  # noqa: N818  # not an error of anybody's
    """Ctrl-C; the text says what became of the published file."""

    exit_code = 130


@contextmanager
def faults_as_sentences(published: Path) -> Iterator[None]:
    """Turn Ctrl-C and the errors of the system below into ``EmailStatsError``.

    Raises ``Interrupted`` for Ctrl-C, ``EmailStatsError`` for an ``OSError`` (a full disk, say) or
    an error of DuckDB that nobody nearer could explain.
    """
    import duckdb  # here, because every report's process imports this module

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


def is_disk_full(error: BaseException) -> bool:
    """Whether an error says that nothing more can be written."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return True
    return bool(_FULL_WORDS.search(str(error)))


def is_locked(error: BaseException) -> bool:
    """Whether DuckDB couldn't open a file because another process has it open."""
    return bool(_LOCKED.search(str(error)))


def sentence_about(problem: str) -> str:
    """Turn a message of dbt or DuckDB into a sentence with what to do next, where that is known."""
    locked = _LOCKED.search(problem)
    if locked:
        by = f"process {locked['process']}" if locked["process"] else "another process"
        return (
            f"The database {locked['file']} is open in {by} (a `dbt build`, or somebody looking "
            "into it): wait for it to end or close it, then run the command again."
        )
    text = " ".join(problem.split())
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]} …"
    if _FULL_WORDS.search(problem):
        return f"The disk is full ({text}): free some space, then run the command again."
    if _NO_MEMORY.search(problem):
        return f"There is not enough memory ({text}): give the process more, then run it again."
    if _BAD_FILE.search(problem):
        return f"{text}: deliver the file again."
    return text if text.endswith((".", "!", "?")) else f"{text}."
