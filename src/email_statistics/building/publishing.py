"""Publishing: ``core`` and ``marts`` of the build database, as a file that is whole at any moment.

A new file is written and verified beside the published one, then takes its place in one step that
the file system makes atomic. Readers that have the old file open keep it till they close it. Where
the build put one batch on top of what is published, the new file is a copy of the published one in
which the rows of the batch's keys are replaced: if nobody but us has written there since.
"""

import contextlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from email_statistics.building.database import CONFIG, remove
from email_statistics.building.faults import is_disk_full, is_locked, sentence_about
from email_statistics.building.files import BuildFiles, write_log
from email_statistics.building.memory import COPYING, limit_memory
from email_statistics.checks.marts_profile import WarehouseTotals, read_totals
from email_statistics.errors import EmailStatsError


class PublishError(EmailStatsError):
    """Nothing was published, and the published file is as it was; the text says what to do."""


@dataclass(frozen=True)
class Stamp:
    """By which a file is known as the one that we left: whoever writes there changes it."""

    file_bytes: int
    modified_at_ns: int
    inode: int


@dataclass(frozen=True)
class Published:
    """What was published."""

    tables: int
    rows: int
    megabytes: float
    stamp: Stamp


@dataclass(frozen=True)
class _Relation:
    """A table or a view of the build database."""

    schema: str
    name: str
    view: str | None
    comment: str | None
    column_comments: dict[str, str]

    @property
    def address(self) -> str:
        return f"{_name(self.schema)}.{_name(self.name)}"


_Fill = Callable[[duckdb.DuckDBPyConnection, list[_Relation]], None]


def read_published(published: Path) -> tuple[WarehouseTotals | None, str | None]:
    """Return the totals of what is published now, or None and a sentence why they can't be had.

    Raises ``PublishError`` where another process has it open for writing: what that process still
    has to write would damage the file that takes its place.
    """
    if not published.exists():
        return None, None
    try:
        with duckdb.connect(published, read_only=True, config=CONFIG) as connection:
            return read_totals(connection), None
    except duckdb.Error as error:
        if is_locked(error):
            raise PublishError(f"{sentence_about(str(error))} Nothing was published.") from error
        return None, (
            f"The published file can't be read ({str(error).splitlines()[0]}); it is written anew."
        )


def publish_database(files: BuildFiles) -> Published:
    """Publish the build database. The caller holds the lock and has judged what is in it.

    Once nobody reads the build database any more, the caller has it ``remember`` the stamp. Raises
    ``PublishError`` where it can't be written or isn't what the build database holds; the published
    file is then as it was.
    """
    unfinished = files.unfinished
    try:
        if _is_one_batch_ahead(files):
            shutil.copyfile(files.published, unfinished)
            rows = _write(files.database, unfinished, _update)
        else:
            rows = _write(files.database, unfinished, _copy)
        _flush(unfinished)
        stamp = _stamp(unfinished)
        # A log beside the published file is of a program that opened it for writing and died. With
        # the new file it would make it unopenable.
        remove(write_log(files.published))
        unfinished.replace(files.published)
        _flush(files.published.parent)
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
        megabytes=stamp.file_bytes / 1e6,
        stamp=stamp,
    )


def remember(stamp: Stamp, database: Path) -> None:
    """Keep in the build database how the published file was left; the caller holds the lock.

    Where this fails, nothing is lost: the next publishing copies everything.
    """
    with (
        contextlib.suppress(duckdb.Error),
        duckdb.connect(database, config=CONFIG) as connection,
    ):
        connection.execute(
            "create or replace table raw.published_stamp as select ?::bigint as file_bytes,"
            " ?::bigint as modified_at_ns, ?::ubigint as inode",
            [stamp.file_bytes, stamp.modified_at_ns, stamp.inode],
        )


def _stamp(path: Path) -> Stamp:
    state = path.stat()
    return Stamp(state.st_size, state.st_mtime_ns, state.st_ino)


def _is_one_batch_ahead(files: BuildFiles) -> bool:
    """Whether the build database is what we published and one batch on top of it."""
    if not files.published.exists():
        return False
    left = _stamp(files.published)
    with duckdb.connect(files.database, read_only=True, config=CONFIG) as connection:
        try:
            if not connection.sql("select is_delta from raw.batch").fetchall()[0][0]:
                return False
            if Stamp(*connection.sql("from raw.published_stamp").fetchall()[0]) != left:
                return False
            before = connection.sql(
                "select built_at, project_version from earlier.build"
            ).fetchall()
        except duckdb.CatalogException:
            return False
    try:
        with duckdb.connect(files.published, read_only=True, config=CONFIG) as connection:
            query = "select built_at, project_version from core.build"
            return connection.sql(query).fetchall() == before
    except duckdb.Error:
        return False


def _write(database: Path, unfinished: Path, fill: _Fill) -> dict[str, int]:
    """Write every public relation into a file; returns the rows of each table, as verified."""
    with duckdb.connect(unfinished, config=CONFIG) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("set preserve_insertion_order = false")
        limit_memory(connection, COPYING)
        connection.execute(f"attach {_text(str(database))} as built (read_only)")
        relations = _relations(connection)
        fill(connection, relations)
        counted = _count(connection, "built.", relations)
        connection.execute("detach built")
        connection.execute("checkpoint")
    with duckdb.connect(unfinished, read_only=True, config=CONFIG) as connection:
        written = _count(connection, "", relations)
        for relation in relations:
            if relation.view is not None:
                connection.table(relation.address).limit(0).fetchall()
    for address, rows in counted.items():
        if written[address] != rows:
            raise PublishError(
                f"{address} has {written[address]:,} rows where the build database has {rows:,}: "
                "run `email-stats build --full-refresh`. The published file is as it was."
            )
    return written


def _copy(connection: duckdb.DuckDBPyConnection, relations: list[_Relation]) -> None:
    """Copy whole relations into a new file."""
    connection.execute("create schema core; create schema marts")
    for relation in relations:
        connection.execute(
            relation.view or f"create table {relation.address} as from built.{relation.address}"
        )
        for statement in _comments(relation):
            connection.execute(statement)


def _update(connection: duckdb.DuckDBPyConnection, relations: list[_Relation]) -> None:
    """Replace the rows of the batch's keys, and the tables that have none; the views stay."""
    # Names and keys are those of dbt's models, never of the data.
    increments = {
        (schema, name): (keys, key)
        for schema, name, keys, key in connection.sql(
            "select schema_name, name, keys, key from built.raw.increments"
        ).fetchall()
    }
    for relation in relations:
        if relation.view is not None:
            continue
        built = f"built.{relation.address}"
        affected, found = "", ""
        if (relation.schema, relation.name) in increments:
            keys, key = increments[relation.schema, relation.name]
            affected = f" where ({key}) in (select {key} from built.{keys})"  # noqa: S608  # dbt's names
            # Only the keys are read in whole, all other columns for the rows that are found.
            found = f" where rowid in (select rowid from {built}{affected})"  # noqa: S608  # dbt's names
        connection.execute(f"delete from {relation.address}{affected}")  # noqa: S608  # dbt's names
        connection.execute(f"insert into {relation.address} by name from {built}{found}")


def _relations(connection: duckdb.DuckDBPyConnection) -> list[_Relation]:
    """List tables, then views in the order in which dbt made them: each finds its parts."""
    column_comments: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, comment in connection.sql(
        "select schema_name, table_name, column_name, comment from duckdb_columns()"
        " where database_name = 'built' and comment is not null"
    ).fetchall():
        column_comments.setdefault((schema, table), {})[column] = comment
    found = connection.sql(
        """
        select schema_name, table_name as name, null as view, comment, table_oid as oid
        from duckdb_tables() where database_name = 'built' and schema_name in ('core', 'marts')
        union all
        select schema_name, view_name, sql, comment, view_oid
        from duckdb_views() where database_name = 'built' and schema_name in ('core', 'marts')
        order by view is not null, oid
        """
    ).fetchall()
    return [
        _Relation(schema, name, view, comment, column_comments.get((schema, name), {}))
        for schema, name, view, comment, _ in found
    ]


def _comments(relation: _Relation) -> list[str]:
    kind = "table" if relation.view is None else "view"
    statements = [
        f"comment on column {relation.address}.{_name(column)} is {_text(comment)}"
        for column, comment in relation.column_comments.items()
    ]
    if relation.comment is not None:
        statements.append(f"comment on {kind} {relation.address} is {_text(relation.comment)}")
    return statements


def _count(
    connection: duckdb.DuckDBPyConnection, database: str, relations: list[_Relation]
) -> dict[str, int]:
    return {
        relation.address: connection.table(f"{database}{relation.address}")
        .aggregate("count(*)")
        .fetchall()[0][0]
        for relation in relations
        if relation.view is None
    }


def _flush(path: Path) -> None:
    """Have the disk hold what was written, before anything relies on it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
