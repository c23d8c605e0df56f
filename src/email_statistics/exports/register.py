"""The register of exports (guide: Recent Exports): every export of the last 30 days, and its file.

It is ``register.sqlite`` in the folder of exports; SQLite in WAL mode lets several commands write
it. An export is written in a folder ``.new-<id>`` beside its place, and that folder's lock is held
as long as its process lives. So whoever looks at the register knows which exports are at work and
which were killed, and a file is at its place only once its row says how long it is.
"""

import hashlib
import json
import secrets
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from email_statistics.errors import EmailStatsError, UsageError
from email_statistics.storage import UNFINISHED, flush, make_private, make_private_folder

KEPT_DAYS = 30
"""Days that an export, its row and its link last (guide)."""

_SECONDS_TO_WAIT = 30

_TABLE = """
create table if not exists exports (
    id text primary key,
    file_name text not null,
    folder text not null,
    is_kept_by_user integer not null,
    description text not null,
    export_type text not null,
    requested_by text not null,
    created_at text not null,
    expires_at text not null,
    status text not null check (status in ('running', 'done', 'failed')),
    rows integer,
    bytes integer,
    sha256 text,
    parameters text not null,
    build text not null
) strict
"""


@dataclass(frozen=True)
class Export:
    """One row of the register; ``rows``, ``bytes`` and ``sha256`` are None until it is done.

    Times are aware, in UTC. ``folder`` is where the file is, ``build`` the identity of the
    published data. One that is kept by its user (``--out``) has no link, and its file is never
    removed.
    """

    id: str
    file_name: str
    folder: str
    is_kept_by_user: bool
    description: str
    export_type: str
    requested_by: str
    created_at: datetime
    expires_at: datetime
    status: Literal["running", "done", "failed"]
    rows: int | None
    bytes: int | None
    sha256: str | None
    parameters: Mapping[str, Any]
    build: Mapping[str, Any]

    @property
    def path(self) -> Path:
        """Where the file is once the export is done."""
        return Path(self.folder) / self.file_name

    @property
    def workspace(self) -> Path:
        """Where it is written."""
        return Path(self.folder) / f"{UNFINISHED}{self.id}"

    @property
    def unfinished(self) -> Path:
        """The file that is being written."""
        return self.workspace / self.file_name


class Register:
    """All exports of a folder. Each use of it first settles what was killed or has expired."""

    def __init__(self, folder: Path) -> None:
        """Open the register in ``folder``, which is made where it isn't there."""
        self._folder = folder
        self._path = folder / "register.sqlite"
        make_private_folder(folder)
        self._path.touch(mode=0o600)
        make_private(self._path)
        with self._connected() as connection:
            connection.execute("pragma journal_mode = wal")
            connection.execute(_TABLE)

    def exports(self, now: datetime) -> list[Export]:
        """Every export that hasn't expired, the latest first."""
        with self._settled(now) as connection:
            return _read(connection, "order by created_at desc, id")

    def find(self, export_id: str, now: datetime) -> Export | None:
        """The export of this id, unless it has expired."""
        with self._settled(now) as connection:
            return next(iter(_read(connection, "where id = ?", export_id)), None)

    def purge(self, now: datetime) -> int:
        """Remove what has expired, files and rows; returns how many exports there are no more."""
        with self._transaction() as connection:
            return _settle(connection, self._folder, now)

    @contextmanager
    def writing(
        self,
        *,
        file_name: str,
        out: Path | None,
        description: str,
        export_type: str,
        requested_by: str,
        parameters: Mapping[str, Any],
        build: Mapping[str, Any],
        now: datetime,
    ) -> Iterator["Writing"]:
        """Register an export as running while the block writes it.

        It is done once the block has called ``complete``, else failed. ``out`` is where its user
        keeps it, in place of a file of the name ``file_name`` in the folder of exports.
        """
        place = out or self._folder / file_name
        export = Export(
            id=secrets.token_hex(8),
            file_name=place.name,
            folder=str(place.parent),
            is_kept_by_user=out is not None,
            description=description,
            export_type=export_type,
            requested_by=requested_by,
            created_at=now,
            expires_at=now + timedelta(days=KEPT_DAYS),
            status="running",
            rows=None,
            bytes=None,
            sha256=None,
            parameters=parameters,
            build=build,
        )
        lock = FileLock(export.workspace / "lock", mode=0o600)
        with self._settled(now) as connection:
            # In the transaction, for another command may remove a folder that nobody holds.
            try:
                export.workspace.mkdir(mode=0o700)
            except OSError as error:
                raise UsageError(
                    f"{place.parent} can't be written into ({error.strerror}): give another --out."
                ) from error
            lock.acquire(timeout=0)
            _insert(connection, export)
        writing = Writing(self, export)
        try:
            yield writing
        finally:
            if not writing.is_complete:
                with self._transaction() as connection:
                    _fail(connection, export)
            shutil.rmtree(export.workspace)
            lock.release()

    def complete(self, export: Export, rows: int) -> Export:
        """Put an export's file at its place and register it as done."""
        with export.unfinished.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = export.unfinished.stat().st_size
        with self._transaction() as connection:
            export.unfinished.replace(export.path)
            flush(export.path.parent)
            connection.execute(
                "update exports set status = 'done', rows = ?, bytes = ?, sha256 = ? where id = ?",
                (rows, size, digest, export.id),
            )
            (done,) = _read(connection, "where id = ?", export.id)
        return done

    @contextmanager
    def _settled(self, now: datetime) -> Iterator[sqlite3.Connection]:
        with self._transaction() as connection:
            _settle(connection, self._folder, now)
            yield connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One writer at a time; what the block does is registered whole or not at all."""
        with self._connected() as connection:
            connection.execute("begin immediate")
            try:
                yield connection
            except BaseException:
                connection.execute("rollback")
                raise
            connection.execute("commit")

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(
                sqlite3.connect(self._path, timeout=_SECONDS_TO_WAIT, isolation_level=None)
            ) as connection:
                connection.row_factory = sqlite3.Row
                connection.execute("pragma synchronous = full")
                yield connection
        except sqlite3.Error as error:
            raise EmailStatsError(
                f"The register of exports {self._path} can't be used ({error}): check the disk "
                "and the file."
            ) from error


class Writing:
    """An export at work."""

    def __init__(self, register: Register, export: Export) -> None:
        """``export`` is registered as running."""
        self._register = register
        self.export = export
        self.is_complete = False

    def complete(self, rows: int) -> Export:
        """Put its file at its place, registered as done with so many rows."""
        done = self._register.complete(self.export, rows)
        self.is_complete = True
        return done


def _read(connection: sqlite3.Connection, clause: str, *values: str) -> list[Export]:
    rows = connection.execute(f"select * from exports {clause}", values)  # noqa: S608  # our own clauses
    return [_export(row) for row in rows]


def _export(row: sqlite3.Row) -> Export:
    values = dict(row)
    for name in ("created_at", "expires_at"):
        values[name] = datetime.fromisoformat(values[name])
    for name in ("parameters", "build"):
        values[name] = json.loads(values[name])
    values["is_kept_by_user"] = bool(values["is_kept_by_user"])
    return Export(**values)


def _insert(connection: sqlite3.Connection, export: Export) -> None:
    values = dict(vars(export))
    for name in ("created_at", "expires_at"):
        values[name] = _text(values[name])
    for name in ("parameters", "build"):
        values[name] = json.dumps(values[name], ensure_ascii=False)
    names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
    connection.execute(f"insert into exports ({names}) values ({places})", values)  # noqa: S608  # names of fields


def _settle(connection: sqlite3.Connection, folder: Path, now: datetime) -> int:
    """Mark killed exports as failed, remove what they left, and all that has expired."""
    exports = _read(connection, "")
    left = {export.workspace for export in exports} | set(folder.glob(f"{UNFINISHED}*"))
    abandoned = {workspace for workspace in left if _is_abandoned(workspace)}
    for export in exports:
        if export.status == "running" and export.workspace in abandoned:
            _fail(connection, export)
    for workspace in abandoned:
        shutil.rmtree(workspace, ignore_errors=True)
    expired = _read(connection, "where status <> 'running' and expires_at <= ?", _text(now))
    for export in expired:
        if not export.is_kept_by_user:
            export.path.unlink(missing_ok=True)
        connection.execute("delete from exports where id = ?", (export.id,))
    return len(expired)


def _fail(connection: sqlite3.Connection, export: Export) -> None:
    """Register an export as failed; its file may be at its place already, and isn't done."""
    if not export.is_kept_by_user:
        export.path.unlink(missing_ok=True)
    connection.execute("update exports set status = 'failed' where id = ?", (export.id,))


def _is_abandoned(workspace: Path) -> bool:
    """Whether the process that wrote here is gone: the kernel has freed its lock."""
    lock = workspace / "lock"
    if not lock.exists():
        return True
    try:
        with FileLock(lock, timeout=0, mode=0o600):
            return True
    except Timeout:
        return False


def _text(moment: datetime) -> str:
    """A time as the register keeps it: all in one zone and form, so that text compares as time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
