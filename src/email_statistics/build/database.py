"""The build database: a cache of the lake, built again where it can't be opened."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from email_statistics.build.faults import is_disk_full, is_locked, sentence_about
from email_statistics.errors import EmailStatsError
from email_statistics.storage import open_duckdb, write_log


class BuildDatabaseError(EmailStatsError):
    """The build database can't be opened or hasn't passed; the text says what to do."""


# What is published is a copy of the build database. New ones are of this format (profiles.yml).
PUBLISHED_FORMAT = "v1.0.0+"


def settle(database: Path, storage_version: str | None = None) -> str | None:
    """See that dbt can open the build database; what a killed build left in its log is replayed.

    Where it is damaged, or of another ``storage_version``, it is removed, as it holds nothing that
    the lake doesn't; then the sentence that says so is returned. Raises ``BuildDatabaseError``
    where another process has it open, or the disk is full.
    """
    if not database.exists():
        write_log(database).unlink(missing_ok=True)
        return None
    try:
        with open_duckdb(database) as connection:
            ((found,),) = connection.sql(
                "select tags['storage_version'] from duckdb_databases()"
                " where database_name = current_database()"
            ).fetchall()
    except (duckdb.Error, OSError) as error:
        if is_locked(error) or is_disk_full(error):
            raise BuildDatabaseError(sentence_about(str(error))) from error
        _remove_database(database)
        return (
            f"The build database was damaged ({str(error).splitlines()[0]}); it is only a cache of "
            "the raw lake and is built again."
        )
    if storage_version not in (None, found):
        _remove_database(database)
        return (
            f"The build database was of DuckDB's storage version {found}, which older programs "
            "can't open; it is built again."
        )
    return None


def shrink(database: Path) -> None:
    """Give the blocks of a database's emptied tables back to the disk.

    DuckDB cuts free blocks off a file in a checkpoint that has something to write.
    """
    with open_duckdb(database) as connection:
        connection.execute("create or replace table main.emptied as select now() as emptied_at")
        connection.execute("checkpoint")


def _remove_database(database: Path) -> None:
    remove(database)
    remove(write_log(database))


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def reading(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Connect to a database read-only; raises ``BuildDatabaseError`` where it can't be opened."""
    try:
        connection = open_duckdb(database, read_only=True)
    except duckdb.Error as error:
        advice = "" if is_locked(error) else " Run `email-stats build`, which writes it again."
        raise BuildDatabaseError(f"{sentence_about(str(error))}{advice}") from error
    with connection:
        yield connection


@contextmanager
def reading_passed(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Connect read-only to a build database that is whole and passed every check.

    While it is open no other process can write there, so what was checked stays what it was.
    Raises ``BuildDatabaseError`` where there is none or it hasn't passed.
    """
    if not database.exists():
        raise BuildDatabaseError(
            f"There is nothing to publish: the build database {database} doesn't exist; run "
            "`email-stats build`, or `dbt build` first."
        )
    with reading(database) as connection:
        try:
            outcome = connection.sql("select is_passed, reason from raw.build_outcome").fetchall()
        except duckdb.CatalogException as error:
            raise BuildDatabaseError(
                f"The build database {database} doesn't say whether it passed: run "
                "`email-stats build`."
            ) from error
        is_passed, reason = outcome[0] if outcome else (False, "the build has not finished")
        if not is_passed:
            raise BuildDatabaseError(
                f"The build database can't be published: {reason}. Correct that and run "
                "`email-stats build`, or `dbt build` and `email-stats publish`."
            )
        yield connection
