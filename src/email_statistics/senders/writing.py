"""What a load leaves in the lake: Parquet files of the raw contract, written whole or not at all.

Files are for their owner only. Each is written under a name that starts with ``_``, which readers
of the lake skip, made durable, and renamed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock

import pyarrow as pa
import pyarrow.parquet as pq

from email_statistics.contract import raw_tables
from email_statistics.storage import flush, make_private_folder

FOLDER = "loaded"
"""The folder below a raw table's that loads write to."""
_ARROW_TYPES = {
    "varchar": pa.string(),
    "boolean": pa.bool_(),
    "bigint": pa.int64(),
    "timestamp": pa.timestamp("us"),
    "decimal(18,2)": pa.decimal128(18, 2),
    "decimal(20,12)": pa.decimal128(20, 12),
}


@cache
def schemas() -> Mapping[str, pa.Schema]:
    """Each raw table's columns, in the contract's order and types."""
    return {
        table.name: pa.schema(
            [(column.name, _ARROW_TYPES[column.type]) for column in table.columns]
        )
        for table in raw_tables()
    }


def _repeated(schema: pa.Schema) -> list[str]:
    """Columns worth a dictionary: all but those whose values hardly come twice."""
    return [
        name for name in schema.names if name not in ("event_id", "message_id", "recipient_email")
    ]


def write_durably(path: Path, write: Callable[[int], None]) -> None:
    """Write a file under a hidden name, make it durable, and give it its own name."""
    make_private_folder(path.parent)
    hidden = hidden_name(path)
    descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        write(descriptor)
        os.fsync(descriptor)
    except BaseException:
        hidden.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    hidden.replace(path)
    flush(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write a small file for its owner only, durably and whole or not at all."""
    write_durably(path, lambda descriptor: write_all(descriptor, text.encode()))


def write_all(descriptor: int, data: bytes) -> None:
    """Write all bytes, whatever the system takes at a time."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def hidden_name(path: Path) -> Path:
    """The name under which a file is written."""
    return path.with_name(f"_{path.name}.{os.getpid()}")


class TableFiles:
    """The Parquet files of one load, one per raw table that has rows."""

    def __init__(self, lake: Path) -> None:
        """Have no file until a table has rows."""
        self._lake = lake
        self._writers: dict[str, tuple[pq.ParquetWriter, Path]] = {}
        self._lock = Lock()
        self._pool = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None

    def append(self, table: str, rows: pa.Table) -> None:
        """Write rows of a raw table; its columns may come in any order, and from any thread."""
        schema = schemas()[table]
        ordered = rows.select(schema.names).cast(schema)
        with self._lock:
            if table not in self._writers:
                hidden = hidden_name(self._lake / table / FOLDER / "load.parquet")
                make_private_folder(hidden.parent)
                os.close(os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
                writer = pq.ParquetWriter(
                    hidden, schema, compression="zstd", use_dictionary=_repeated(schema)
                )
                self._writers[table] = (writer, hidden)
            self._wait()
            self._writing = self._pool.submit(self._writers[table][0].write_table, ordered)

    def _wait(self) -> None:
        if self._writing:
            self._writing.result()
            self._writing = None

    def publish(self, load_id: str) -> list[Path]:
        """Make the files durable and give them their names; one that exists stays as it is."""
        self._wait()
        written = []
        for writer, hidden in self._writers.values():
            writer.close()
            path = hidden.with_name(f"{load_id}.parquet")
            if path.exists():
                hidden.unlink()
                continue
            flush(hidden)
            hidden.replace(path)
            flush(path.parent)
            written.append(path)
        self._writers.clear()
        return written

    def discard(self) -> None:
        """Remove what isn't published."""
        self._pool.shutdown(cancel_futures=True)
        for writer, hidden in self._writers.values():
            writer.close()
            hidden.unlink(missing_ok=True)
        self._writers.clear()


@contextmanager
def table_files(lake: Path) -> Iterator[TableFiles]:
    """The files of one load; what isn't published at the end is removed."""
    files = TableFiles(lake)
    try:
        yield files
    finally:
        files.discard()


def write_required_tables(lake: Path) -> list[Path]:
    """Give each required table that the lake lacks an empty, typed file."""
    written = []
    for table in raw_tables():
        folder = lake / table.name
        if not table.is_required or any(folder.rglob("*.parquet")):
            continue
        path = folder / FOLDER / "empty.parquet"
        make_private_folder(path.parent)
        hidden = hidden_name(path)
        os.close(os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        pq.ParquetWriter(hidden, schemas()[table.name]).close()
        hidden.replace(path)
        flush(path.parent)
        written.append(path)
    return written
