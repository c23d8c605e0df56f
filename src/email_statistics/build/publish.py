"""Publishing: ``core`` and ``marts`` of the build database, as a file that is whole at any moment.

A copy of the build database, without its bookkeeping, is written and verified beside the published
file, then takes its place in one step that the file system makes atomic. Readers that have the old
file open keep it till they close it.
"""

import errno
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from email_statistics.build.database import remove
from email_statistics.build.faults import is_disk_full, is_locked, sentence_about
from email_statistics.build.files import BuildFiles
from email_statistics.errors import EmailStatsError
from email_statistics.gate.marts_profile import WarehouseTotals, read_totals
from email_statistics.storage import flush, open_duckdb, write_log

# File systems and kernels that don't know how say one of these.
_NOT_COPIED_BY_THE_KERNEL = {errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EXDEV, errno.EPERM}
_COPIED_AT_ONCE = 64 * 2**20  # bytes


class PublishError(EmailStatsError):
    """Nothing was published, and the published file is as it was; the text says what to do."""


@dataclass(frozen=True)
class Published:
    """What was published."""

    tables: int
    rows: int
    megabytes: float


def read_published(published: Path) -> tuple[WarehouseTotals | None, str | None]:
    """Return the totals of what is published now, or None and a sentence why they can't be had.

    Raises ``PublishError`` where another process has it open for writing: what that process still
    has to write would damage the file that takes its place.
    """
    if not published.exists():
        return None, None
    try:
        with open_duckdb(published, read_only=True) as connection:
            return read_totals(connection), None
    except duckdb.Error as error:
        if is_locked(error):
            raise PublishError(f"{sentence_about(str(error))} Nothing was published.") from error
        return None, (
            f"The published file can't be read ({str(error).splitlines()[0]}); it is written again."
        )


def publish_database(files: BuildFiles) -> Published:
    """Publish the build database. The caller holds the lock and has checked what is in it.

    Raises ``PublishError`` where it can't be written or isn't what the build database holds; the
    published file is then as it was.
    """
    unfinished = files.unfinished
    try:
        rows = _row_counts(files.database)
        _copy(files.database, unfinished)
        _keep_public(unfinished)
        _verify(unfinished, rows)
        flush(unfinished)
        # A log beside the published file is of a program that opened it for writing and died. With
        # the new file it would make it unopenable.
        remove(write_log(files.published))
        unfinished.replace(files.published)
        flush(files.published.parent)
    except (duckdb.Error, OSError) as error:
        problem = (
            f"{sentence_about(str(error))}"
            if is_disk_full(error) or is_locked(error)
            else f"Publishing failed ({str(error).splitlines()[0]}): run `email-stats doctor`."
        )
        raise PublishError(f"{problem} The published file is as it was.") from error
    finally:
        remove(unfinished)
        remove(write_log(unfinished))
        remove(unfinished.with_name(f"{unfinished.name}.tmp"))
    return Published(
        tables=len(rows),
        rows=sum(rows.values()),
        megabytes=files.published.stat().st_size / 1e6,
    )


def _copy(database: Path, unfinished: Path) -> None:
    """Copy a database that nobody writes, with what is still only in its log.

    The log first: with the first descriptor of the database that a process closes, the kernel takes
    back the lock by which DuckDB keeps writers away. From then on only the copy is looked at.
    """
    if write_log(database).exists():
        shutil.copyfile(write_log(database), write_log(unfinished))
    if not _copied_by_kernel(database, unfinished):
        shutil.copyfile(database, unfinished)


def _copied_by_kernel(source: Path, target: Path) -> bool:
    """Have the kernel copy a file, and return whether it could.

    Some file systems (XFS, Btrfs) let both files share their blocks then: nothing is read or
    written. Others copy with less work than ``copyfile`` asks of them. What is copied doesn't stay
    in memory: a build's worth of fresh pages can cost more than the copy, and readers need few.
    """
    if not hasattr(os, "copy_file_range"):
        return False
    with source.open("rb") as read, target.open("wb") as written:
        size, end = os.fstat(read.fileno()).st_size, 0
        while end < size:
            try:
                copied = os.copy_file_range(read.fileno(), written.fileno(), _COPIED_AT_ONCE)
            except OSError as error:
                if error.errno in _NOT_COPIED_BY_THE_KERNEL:
                    return False
                raise
            if not copied:
                return False
            os.fdatasync(written.fileno())
            os.posix_fadvise(written.fileno(), end, copied, os.POSIX_FADV_DONTNEED)
            end += copied
    return True


def _keep_public(unfinished: Path) -> None:
    """Remove everything but the public schemas from a copy of the build database."""
    with open_duckdb(unfinished) as connection:
        for (schema,) in connection.sql(
            "select schema_name from duckdb_schemas() where not internal"
            " and database_name = current_database() and schema_name not in ('core', 'marts')"
        ).fetchall():
            connection.execute(f"drop schema {_quoted(schema)} cascade")
        connection.execute("checkpoint")


def _verify(unfinished: Path, built: dict[str, int]) -> None:
    """Raise where a file hasn't the rows of each public table that were built."""
    written = _row_counts(unfinished)
    for address, rows in built.items():
        if written.get(address) != rows:
            raise PublishError(
                f"{address} has {written.get(address, 0):,} rows where the build database has "
                f"{rows:,}: run `email-stats build --full-refresh`. The published file is as it "
                "was."
            )


def _row_counts(database: Path) -> dict[str, int]:
    """Count the rows of the public tables; raises where a view isn't whole."""
    with open_duckdb(database, read_only=True) as connection:
        for schema, view in connection.sql(
            "select schema_name, view_name from duckdb_views()"
            " where schema_name in ('core', 'marts')"
        ).fetchall():
            connection.table(f"{_quoted(schema)}.{_quoted(view)}").limit(0).fetchall()
        return {
            f"{schema}.{table}": connection.table(f"{_quoted(schema)}.{_quoted(table)}")
            .aggregate("count(*)")
            .fetchall()[0][0]
            for schema, table in connection.sql(
                "select schema_name, table_name from duckdb_tables()"
                " where schema_name in ('core', 'marts')"
            ).fetchall()
        }


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
