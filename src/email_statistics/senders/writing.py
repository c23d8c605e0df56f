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

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from email_statistics.paths import PROJECT_ROOT

FOLDER = "loaded"
"""The folder below a raw table's that loads write to."""
_ARROW_TYPES = {
    "varchar": pa.string(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
    "decimal(18,2)": pa.decimal128(18, 2),
    "decimal(20,12)": pa.decimal128(20, 12),
}


@cache
def schemas() -> Mapping[str, pa.Schema]:
    """Each raw table's columns, in the contract's order and types."""
    return {
        table["name"]: pa.schema(
            [(column["name"], _ARROW_TYPES[column["data_type"]]) for column in table["columns"]]
        )
        for table in _tables()
    }


@cache
def required_tables() -> tuple[str, ...]:
    """The raw tables that a lake must have, empty or not."""
    return tuple(
        table["name"] for table in _tables() if table["config"]["meta"].get("is_required")
    )


@cache
def _tables() -> list[dict[str, object]]:
    text = (PROJECT_ROOT / "models/staging/_sources.yml").read_text(encoding="utf-8")
    return list(yaml.safe_load(text)["sources"][0]["tables"])


def make_folder(path: Path) -> None:
    """Make a folder and its parents, new ones for their owner only."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def write_durably(path: Path, write: Callable[[int], None]) -> None:
    """Write a file under a hidden name, make it durable, and give it its own name."""
    make_folder(path.parent)
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
    sync_folder(path.parent)


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


def sync_folder(path: Path) -> None:
    """Make a folder's names durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class TableFiles:
    """The Parquet files of one load, one per raw table that has rows, written beside the mapping."""

    def __init__(self, lake: Path) -> None:
        self._lake = lake
        self._writers: dict[str, tuple[pq.ParquetWriter, Path]] = {}
        self._pool = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None

    def append(self, table: str, rows: pa.Table) -> None:
        """Write rows of a raw table; its columns may come in any order."""
        schema = schemas()[table]
        if table not in self._writers:
            hidden = hidden_name(self._lake / table / FOLDER / "load.parquet")
            make_folder(hidden.parent)
            os.close(os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
            writer = pq.ParquetWriter(hidden, schema, compression="zstd")
            self._writers[table] = (writer, hidden)
        self._wait()
        writer = self._writers[table][0]
        self._writing = self._pool.submit(writer.write_table, rows.select(schema.names).cast(schema))

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
            descriptor = os.open(hidden, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
            hidden.replace(path)
            sync_folder(path.parent)
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
    for table in required_tables():
        folder = lake / table
        if folder.is_dir() and any(folder.rglob("*.parquet")):
            continue
        path = folder / FOLDER / "empty.parquet"
        make_folder(path.parent)
        hidden = hidden_name(path)
        os.close(os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        pq.write_table(schemas()[table].empty_table(), hidden)
        hidden.replace(path)
        sync_folder(path.parent)
        written.append(path)
    return written
