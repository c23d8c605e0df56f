"""What ends a command early, whatever it is about, as one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
