"""Rows of CSV, Avro and Parquet files, each as a JSON object."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa

from email_statistics.senders.reading.chunks import (
    BATCH,
    decoded,
    documents,
    in_batches,
    in_chunks,
)
from email_statistics.senders.reading.files import LONGEST, Source
from email_statistics.storage import open_duckdb

PARQUET, AVRO = b"PAR1", b"Obj\x01"
"""How a file of either begins."""


def binary_rows(
    source: Source, head: bytes, blocks: Iterable[bytes], folder: Path
) -> Iterator[pa.Table]:
    """The rows of an Avro or a Parquet file."""
    path = _plain_file(source, blocks, folder)
    connection = _connection()
    try:
        if head.startswith(PARQUET):
            rows = connection.read_parquet(str(path))
        else:
            source.schema_name = _avro_name(head)
            data = _up_to_last_block(source, path.read_bytes())
            rows = connection.from_arrow(pl.read_avro(io.BytesIO(data)).to_arrow())
        yield from _objects(rows)
    except (duckdb.Error, pl.exceptions.PolarsError, OSError) as error:
        source.broken.append(str(error).splitlines()[0])
        yield documents([None], [b""])
    finally:
        connection.close()


def _avro_name(head: bytes) -> str:
    """The name of an Avro file's schema, which names the event where the path doesn't."""
    found = re.search(rb'"name"\s*:\s*"([^"]+)"', head)
    return found[1].decode("utf-8", "replace") if found else ""


def _up_to_last_block(source: Source, data: bytes) -> bytes:
    """An Avro file's bytes, up to its last whole block where it is cut off."""
    sync = _sync_marker(data)
    if data.endswith(sync):
        return data
    source.is_cut_off = True
    return data[: data.rfind(sync) + len(sync)]


def _sync_marker(data: bytes) -> bytes:
    """The 16 bytes that end an Avro file's header and each of its blocks (Avro, "File format")."""
    position = len(AVRO)

    def number() -> int:
        nonlocal position
        value = shift = 0
        while True:
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return (value >> 1) ^ -(value & 1)

    try:
        while entries := number():
            if entries < 0:  # then the block's bytes are counted too
                number()
            for _ in range(2 * abs(entries)):
                length = number()
                position += length
    except IndexError:
        return b""
    return data[position : position + 16]


def csv_rows(
    source: Source, head: bytes, blocks: Iterable[bytes], folder: Path
) -> Iterator[pa.Table]:
    """The rows of a CSV file; a line that is none is a document that can't be read."""
    first = head.split(b"\n", 1)[0].decode("utf-8", "replace")
    delimiter = max(",;\t|", key=first.count)
    header = head.decode("utf-8", "replace").splitlines(keepends=True)
    names = _distinct(next(csv.reader(header, delimiter=delimiter)))
    path = _plain_file(source, blocks, folder)
    if source.is_cut_off and (rest := _cut_last_line(path)):
        yield in_batches([decoded([rest])])
    connection = _connection()
    try:
        rows = connection.sql(
            "select * from read_csv($path, auto_detect = false, header = true, columns = $columns, "
            "delim = $delim, quote = '\"', escape = '\"', null_padding = true, parallel = false, "
            "strict_mode = false, ignore_errors = true, store_rejects = true, "
            "max_line_size = $longest)",
            params={
                "path": str(path),
                "columns": dict.fromkeys(names, "VARCHAR"),
                "delim": delimiter,
                "longest": LONGEST,
            },
        )
        yield from _objects(rows)
        lines = connection.sql("select distinct line, csv_line from reject_errors order by line")
        if rejected := [(line or "").encode() for _, line in lines.fetchall()]:
            yield in_batches([decoded(rejected)])
    except duckdb.Error as error:
        source.broken.append(str(error).splitlines()[0])
        yield documents([None], [b""])
    finally:
        connection.close()


def _cut_last_line(path: Path) -> bytes:
    """Take what is behind the last line end out of a decompressed copy: its end is missing."""
    with path.open("r+b") as file:
        start = max(file.seek(0, os.SEEK_END) - LONGEST, 0)
        file.seek(start)
        data = file.read()
        whole = data.rfind(b"\n") + 1
        file.truncate(start + whole)
    return data[whole:]


def _distinct(names: list[str]) -> list[str]:
    found: dict[str, None] = {}
    for number, name in enumerate(names):
        plain = name.strip() or f"column{number + 1}"
        while plain in found:
            plain += "_"
        found[plain] = None
    return list(found)


def _plain_file(source: Source, blocks: Iterable[bytes], folder: Path) -> Path:
    """The file itself, or its decompressed copy in ``folder``."""
    if not source.is_compressed:
        return source.path
    path = folder / "rows"
    with path.open("wb") as file:
        file.writelines(blocks)
    return path


def _connection() -> duckdb.DuckDBPyConnection:
    connection = open_duckdb(megabytes=512)
    connection.execute("set threads = 2")
    return connection


def _objects(rows: duckdb.DuckDBPyRelation) -> Iterator[pa.Table]:
    """Each row as a JSON object; numbers and times as text, so that none loses a digit."""
    columns = ", ".join(
        f"{_name(name)} := {_name(name)}"
        if str(type_).endswith("]") or str(type_).startswith(("STRUCT", "MAP"))
        else f"{_name(name)} := {_name(name)}::varchar"
        for name, type_ in zip(rows.columns, rows.types, strict=True)
    )
    texts = rows.project(f"to_json(struct_pack({columns}))::varchar as text, null::blob as raw")
    yield from in_chunks(pa.Table.from_batches([batch]) for batch in texts.to_arrow_reader(BATCH))


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
