"""``email-stats compact``: merges the many small files of loads into daily and monthly ones.

A file belongs to the day (UTC) on which it was written. All files of a day become one file, all
files of a month that is over become one; files with other columns stay apart. The same is done
to the records of loads in ``_loads``, which become a list in one file.

The record of a compaction is ``<lake>/_compactions/<name>.parquet``, one row per file that was
removed: ``raw_table`` (``_loads`` for records of loads), ``removed_path``, ``removed_bytes``,
``removed_modified_at_ns``, and of the file that has its rows now ``path``, ``bytes``,
``modified_at_ns``, ``rows``. Paths start at the lake. ``removed_path`` may be the ``path`` of an
earlier record. A build that knew exactly the removed files of a record may take the new one in
their place without reading it. A record ends with ``.part`` until the files that it names are
removed; after ``DAYS_KEPT`` it goes, and a build that is older than that is a full refresh.

A merged file is proved to have the same rows, by count and by hash, before any other file goes. A
compaction that was killed is finished by the next one. Until then rows may stand twice, never not
at all.
"""

import hashlib
import json
import re
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from email_statistics.build.faults import sentence_about
from email_statistics.build.files import build_files
from email_statistics.contract import raw_tables
from email_statistics.errors import EmailStatsError
from email_statistics.lake import require_lake
from email_statistics.senders.loading.register import LOADS
from email_statistics.senders.writing import FOLDER, write_durably
from email_statistics.storage import LockedError, flush, locked, make_private, open_duckdb

DAYS_KEPT = 90
"""How long the record of a compaction is kept."""

RECORD = pa.schema(
    [
        ("raw_table", pa.string()),
        ("removed_path", pa.string()),
        ("removed_bytes", pa.int64()),
        ("removed_modified_at_ns", pa.int64()),
        ("path", pa.string()),
        ("bytes", pa.int64()),
        ("modified_at_ns", pa.int64()),
        ("rows", pa.int64()),
    ]
)
"""The columns of a compaction's record."""

_MERGED = re.compile(r"(?:day|month)-(?P<day>\d{4}-\d{2}(?:-\d{2})?)-[0-9a-f]{16}\.\w+")
_PART = ".part"
_SECONDS_BETWEEN_LOOKS = 0.5


class CompactionError(EmailStatsError):
    """A file can't be read, or merged files don't prove to be the same; nothing was removed."""


class Compaction(NamedTuple):
    """What became of a table's files: how many there were, into which file they were merged."""

    table: str
    files: int
    rows: int
    path: str


@dataclass(frozen=True)
class _File:
    """A file of loads; ``day`` is its UTC day or, once merged, its day or month as in its name."""

    path: Path
    day: str
    is_merged: bool
    size: int
    modified_at_ns: int


class _Content(NamedTuple):
    """What two sets of files have in common if they hold the same rows."""

    rows: int
    digest: str


def compact(lake: Path, until: datetime) -> Iterator[Compaction]:
    """Merge the files of loads, one table's day at a time.

    A day is merged when its newest file was written by ``until``, a month when it was over by then.
    What killed loads and compactions left half written is removed. Raises ``UsageError`` where
    there is no lake, ``LockedError`` where another compaction is at work, ``CompactionError``.
    """
    require_lake(lake)
    records = lake / "_compactions"
    records.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(records / ".lock", "compact", "lake"), _connected() as connection:
        for record in sorted(records.glob(f"*{_PART}")):
            _finish(lake, record)
        _forget_old(records)
        kinds: list[_Tables | _Records] = [_Tables(connection, each.name) for each in raw_tables()]
        for kind in (*kinds, _Records()):
            folder = lake / kind.folder
            _remove_leftovers(folder)
            for period, group in _groups(_files(folder, kind.suffix), until):
                for files in kind.alike(group):
                    if len(files) > 1:
                        yield _compact(connection, lake, kind, period, files)


class _Tables:
    """The Parquet files of a raw table."""

    suffix = ".parquet"

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: str) -> None:
        self.table = table
        self.folder = f"{table}/{FOLDER}"
        self._connection = connection

    def alike(self, files: Sequence[_File]) -> Iterator[list[_File]]:
        """Group files by their columns: the type of a column never changes in a compaction."""
        query = """
            select file_name, string_agg(concat_ws(' ', name, type, duckdb_type), ',')
            from (from parquet_schema(?) order by file_name, column_id)
            group by file_name
        """
        by_columns = defaultdict(list)
        paths = _literal([file.path for file in files])
        columns = dict(self._connection.execute(query, [paths]).fetchall())
        for file in files:
            by_columns[columns[str(file.path)]].append(file)
        yield from by_columns.values()

    def content(self, paths: Sequence[Path]) -> _Content:
        query = "from read_parquet(?, hive_partitioning = false) as contents"
        counts = f"select count(*), sum(hash(contents)) {query}"
        ((rows, digest),) = self._connection.execute(counts, [_literal(paths)]).fetchall()
        columns = self._connection.execute(f"describe {query}", [_literal(paths)]).fetchall()
        return _Content(rows, f"{digest} {columns}")

    def merge(self, paths: Sequence[Path], target: Path) -> None:
        rows = self._connection.read_parquet(_literal(paths), hive_partitioning=False)
        rows.write_parquet(str(target), compression="zstd")


class _Records:
    """The records of loads: a JSON file per load, a list of them where they are merged."""

    table = folder = LOADS
    suffix = ".json"

    def alike(self, files: Sequence[_File]) -> Iterator[list[_File]]:
        yield list(files)

    def content(self, paths: Sequence[Path]) -> _Content:
        loads = sorted(json.dumps(load) for load in self._loads(paths))
        return _Content(len(loads), hashlib.sha256("\n".join(loads).encode()).hexdigest())

    def merge(self, paths: Sequence[Path], target: Path) -> None:
        text = json.dumps(list(self._loads(paths)), ensure_ascii=False)
        target.write_text(f"{text}\n", encoding="utf-8")

    def _loads(self, paths: Sequence[Path]) -> Iterator[object]:
        for path in paths:
            content = json.loads(path.read_text(encoding="utf-8"))
            yield from content if isinstance(content, list) else [content]


def _files(folder: Path, suffix: str) -> list[_File]:
    """List the files of loads in a folder, without those of writers at work."""
    found = []
    for path in sorted(folder.glob(f"[!_.]*{suffix}")):
        status = path.stat()
        merged = _MERGED.fullmatch(path.name)
        day = f"{datetime.fromtimestamp(status.st_mtime, UTC):%Y-%m-%d}"
        found.append(
            _File(
                path,
                merged["day"] if merged else day,
                bool(merged),
                status.st_size,
                status.st_mtime_ns,
            )
        )
    return found


def _groups(files: Sequence[_File], until: datetime) -> Iterator[tuple[str, list[_File]]]:
    """Group what is old enough: the files of months that are over, else of days."""
    over = f"{until:%Y-%m}"
    groups = defaultdict(list)
    for file in files:
        groups[file.day[:7] if file.day[:7] < over else file.day].append(file)
    for period, group in groups.items():
        written = [file.modified_at_ns for file in group if not file.is_merged]
        if len(group) > 1 and (not written or max(written) <= until.timestamp() * 1e9):
            yield period, group


def _compact(
    connection: duckdb.DuckDBPyConnection,
    lake: Path,
    kind: _Tables | _Records,
    period: str,
    files: Sequence[_File],
) -> Compaction:
    """Merge files into one that is proved to have the same rows, then remove them."""
    paths = [file.path for file in files]
    identity = hashlib.sha256(
        "".join(f"{file.path.name} {file.size} {file.modified_at_ns}\n" for file in files).encode()
    ).hexdigest()[:16]
    span = "month" if period == period[:7] else "day"
    target = lake / kind.folder / f"{span}-{period}-{identity}{kind.suffix}"
    unfinished = _unfinished(target)
    kind.merge(paths, unfinished)
    make_private(unfinished)
    content = kind.content(paths)
    if kind.content([unfinished]) != content:
        unfinished.unlink()
        raise CompactionError(
            f"The files of {period} in {target.parent} didn't stay the same when they were merged: "
            "none was removed. Run `email-stats compact` again."
        )
    flush(unfinished)
    record = lake / "_compactions" / f"{kind.table}-{target.stem}.parquet{_PART}"
    _write_record(lake, record, kind.table, files, target, content.rows)
    _finish(lake, record)
    return Compaction(kind.table, len(files), content.rows, str(target.relative_to(lake)))


def _write_record(
    lake: Path,
    record: Path,
    table: str,
    files: Sequence[_File],
    target: Path,
    rows: int,
) -> None:
    """Write durably which files a merged one stands for; it has its last name only later."""
    status = _unfinished(target).stat()
    merged = (str(target.relative_to(lake)), status.st_size, status.st_mtime_ns, rows)
    removed = [
        (table, str(file.path.relative_to(lake)), file.size, file.modified_at_ns, *merged)
        for file in files
    ]
    content = pa.table([list(column) for column in zip(*removed, strict=True)], schema=RECORD)

    def write(descriptor: int) -> None:
        with open(descriptor, "wb", closefd=False) as file:
            pq.write_table(content, file)

    write_durably(record, write)


def _finish(lake: Path, record: Path) -> None:
    """Put a merged file in the place of those that its record names; again where that was cut."""
    removed = pq.read_table(record, schema=RECORD).to_pylist()
    target = lake / removed[0]["path"]
    with _while_nobody_builds():
        if _unfinished(target).exists():
            _unfinished(target).rename(target)
            flush(target.parent)
        for row in removed if target.exists() else ():
            file = lake / row["removed_path"]
            if file.exists():
                status = file.stat()
                known = (row["removed_bytes"], row["removed_modified_at_ns"])
                if (status.st_size, status.st_mtime_ns) == known:
                    file.unlink()
        flush(target.parent)
        record.rename(record.with_name(record.name.removesuffix(_PART)))
        flush(record.parent)


def _forget_old(records: Path) -> None:
    """Remove the records that no build will ask for any more."""
    for record in records.glob("*.parquet"):
        if _is_older(record, timedelta(days=DAYS_KEPT)):
            record.unlink()


def _remove_leftovers(folder: Path) -> None:
    """Remove what is half written and nobody's: of compactions, and of loads since yesterday."""
    for path in folder.glob("_*"):
        if _MERGED.fullmatch(path.name[1:]) or _is_older(path, timedelta(days=1)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _is_older(path: Path, age: timedelta) -> bool:
    return path.stat().st_mtime < time.time() - age.total_seconds()


@contextmanager
def _while_nobody_builds() -> Iterator[None]:
    """Wait for the build at work and hold the next one: a build may not lose a file it reads."""
    lock = build_files().lock
    with ExitStack() as held:
        while lock.parent.is_dir():
            try:
                held.enter_context(locked(lock, "compact"))
                break
            except LockedError:
                time.sleep(_SECONDS_BETWEEN_LOOKS)
        yield


@contextmanager
def _connected() -> Iterator[duckdb.DuckDBPyConnection]:
    with open_duckdb() as connection:
        try:
            yield connection
        except duckdb.Error as error:
            raise CompactionError(
                f"{sentence_about(str(error))} No file was removed that isn't merged."
            ) from error


def _unfinished(target: Path) -> Path:
    """Name a merged file before it counts; builds leave names alone that start with ``_``."""
    return target.with_name(f"_{target.name}")


def _literal(paths: Sequence[Path]) -> list[str]:
    """Return patterns that stand for the paths alone."""
    return [re.sub(r"([\[*?])", r"[\1]", str(path)) for path in paths]
