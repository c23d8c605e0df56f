"""Files of any form, cut into the texts of single JSON documents, a bounded chunk at a time.

JSON, JSON Lines, concatenated JSON, CSV, Avro, Parquet and form bodies, plain or as .gz or .zst;
what a file is shows in its bytes, not in its name. Envelopes inside a document are opened later,
by ``mapping``.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from pathlib import Path
from typing import BinaryIO
from urllib.parse import parse_qsl

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from email_statistics.errors import UsageError
from email_statistics.storage import open_duckdb

_BLOCK = 8 << 20
"""Bytes read at a time."""
CHUNK = 64 << 20
"""Bytes of text that are mapped at a time."""
LONGEST = 64 << 20
"""Bytes of the longest record; a longer one is rejected as unreadable and not copied."""
_BATCH = 8192
"""Rows that one thread maps at a time."""
_DEEPEST = 512
"""Levels of the deepest record; a deeper one is rejected as unreadable."""
_HEAD = 1 << 16
"""Bytes by which a file's form is known."""
_MOST_SLIPS = 1000
"""Broken values in a file after which each line is taken by itself."""
_PARQUET, _AVRO, _GZIP, _ZSTD = b"PAR1", b"Obj\x01", b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_DOCUMENT = {"text": pa.string(), "raw": pa.binary()}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NESTED = ("]" * 32, "}" * 32)
_ODD = r"NaN|Infinity|\]{32}|\}{32}"
_SNS_NOTICE = b"Successfully validated SNS topic"
"""What SNS says of a new topic, in plain text where its delivery is raw."""
_FORM = re.compile(rb"[\w.%+\-\[\]]+=[^\s{}]*(&[\w.%+\-\[\]]+=[^\s{}]*)*\s*")


@dataclass
class Source:
    """What is read, and what reading it found out."""

    path: Path
    name: str
    digest: str = ""
    is_compressed: bool = False
    is_cut_off: bool = False
    too_long: int = 0
    schema_name: str = ""
    broken: list[str] = field(default_factory=list)


def files_below(inputs: Iterable[Path]) -> list[Path]:
    """The files to read: each input, and those below each folder in name order.

    Names that start with ``_`` or ``.`` are skipped below folders. Raises UsageError for a path
    that isn't there.
    """
    files: list[Path] = []
    for path in inputs:
        if path.is_dir():
            files += sorted(
                file
                for file in path.rglob("*")
                if file.is_file()
                and not any(part[0] in "._" for part in file.relative_to(path).parts)
            )
        elif path.exists():
            files.append(path)
        else:
            raise UsageError(
                f"{path} isn't there; name files or folders of events, or - for stdin."
            )
    return files


def chunks_of(source: Source, folder: Path) -> Iterator[pa.Table]:
    """The documents of a file, in chunks of about ``CHUNK`` bytes.

    Each has the Arrow columns ``text`` (null where it is no UTF-8) and ``raw`` (its bytes, only
    then). ``folder`` is for private intermediate files.
    """
    blocks = _blocks(source)
    head = next(blocks, b"").removeprefix(_BYTE_ORDER_MARK)
    while len(head) < _HEAD and (more := next(blocks, b"")):
        head += more
    everything = chain([head], blocks)
    if not head.strip():
        return
    if head.startswith((_PARQUET, _AVRO)):
        yield from _binary_rows(source, head, everything, folder)
    elif _FORM.fullmatch(head) and b"\n" not in head.strip():
        yield from _chunks([_texts([b"".join(everything)])])
    elif _is_json(source.path.name, head):
        yield from _chunks(_json_texts(source, head, everything))
    else:
        yield from _csv_rows(source, head, everything, folder)


def opened(text: str) -> list[str] | None:
    """The documents in a text that isn't one: a form, or several values; null if it has none.

    A form becomes the object of its fields, and a notice of SNS the object that it is in SNS's own
    envelope.
    """
    plain = text.strip().encode("utf-8", "surrogatepass")
    if plain.startswith(_SNS_NOTICE):
        return [json.dumps({"notice": text})]
    if _FORM.fullmatch(plain):
        return [json.dumps(dict(parse_qsl(plain.decode(), keep_blank_values=True)))]
    if plain[:1] not in (b"{", b"["):
        return None
    pieces = list(chain.from_iterable(_values([plain], Source(Path(), ""))))
    if len(pieces) < 2:
        return None
    return [piece.decode("utf-8", "surrogatepass") for piece in pieces]


def documents(texts: Sequence[str | None], raw: Sequence[bytes | None] | None = None) -> pa.Table:
    """A chunk of documents, in the columns of ``chunks_of``.

    Arrow's own conversion of Python's values would import pandas first, which takes as long as a
    small load.
    """
    columns = {
        "text": pl.Series(texts, dtype=pl.String),
        "raw": pl.Series(raw or [None] * len(texts), dtype=pl.Binary),
    }
    return pa.table({name: each.to_arrow().cast(_DOCUMENT[name]) for name, each in columns.items()})


def with_columns(documents: pa.Table, more: Mapping[str, pl.Series]) -> pa.Table:
    """Documents with more columns beside."""
    columns = [*documents.columns, *(each.to_arrow() for each in more.values())]
    return pa.Table.from_arrays(columns, names=[*documents.column_names, *more])


def refused(texts: pa.ChunkedArray, key: str | None) -> pl.Series:
    """Which texts DuckDB reads although they are no JSON that all read alike (see ``_is_strict``).

    ``key`` decides what a record is: parsers disagree where it stands twice. What stands in an
    array is judged later, one by one, unless it is deep.
    """
    text = pl.Series(texts, dtype=pl.String)
    suspects = text.str.contains(_ODD)
    if key:
        suspects |= text.str.count_matches(f'"{key}"', literal=True) > 1
    found = np.zeros(len(text), np.bool_)
    for n in suspects.fill_null(value=False).arg_true():
        suspect = text[n]
        if not suspect.startswith("[") or any(ends in suspect for ends in _NESTED):
            found[n] = not _is_strict(suspect)
    return pl.Series(found)


def _is_strict(text: str) -> bool:
    """Whether a text is JSON that all read alike.

    That is without NaN and infinities, without a key that stands twice, and not too deep.
    """

    def refuse(name: str) -> None:
        raise ValueError(name)

    def unique(pairs: list[tuple[str, object]]) -> None:
        if len({key for key, _ in pairs}) < len(pairs):
            raise ValueError("a key stands twice")

    data = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
    if _Scan(data, _State()).depth.max(initial=0) > _DEEPEST:
        return False
    try:
        json.loads(text, parse_constant=refuse, object_pairs_hook=unique)
    except (ValueError, RecursionError):
        return False
    return True


# --- bytes


def _blocks(source: Source) -> Iterator[bytes]:
    with source.path.open("rb") as file:
        magic = file.read(4)
        file.seek(0)
        source.is_compressed = magic.startswith((_GZIP, _ZSTD))
        if magic.startswith(_GZIP):
            yield from _gunzipped(source, file)
        elif magic == _ZSTD:
            yield from _unzstd(source, file)
        else:
            while block := file.read(_BLOCK):
                yield block


def _gunzipped(source: Source, file: BinaryIO) -> Iterator[bytes]:
    member = None
    data = b""
    while data := data or file.read(1 << 20):
        member = member or zlib.decompressobj(wbits=31)
        try:
            yield member.decompress(data, _BLOCK)
        except zlib.error:
            source.is_cut_off = True
            return
        data = member.unconsumed_tail
        if member.eof:
            data = member.unused_data.lstrip(b"\0")
            member = None
    if member:
        yield member.flush()
        source.is_cut_off = True


def _unzstd(source: Source, file: BinaryIO) -> Iterator[bytes]:
    stream = pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")
    while True:
        try:
            block = stream.read(1 << 16)
        except OSError:
            source.is_cut_off = True
            return
        if not block:
            return
        yield block


# --- JSON


def _is_json(name: str, head: bytes) -> bool:
    """Whether a text is JSON rather than CSV: it begins as JSON, or is called so."""
    stem = name.removesuffix(".gz").removesuffix(".zst")
    if stem.endswith((".json", ".jsonl", ".ndjson")):
        return True
    if stem.endswith((".csv", ".tsv")):
        return False
    lines = head.splitlines()
    return any(line.lstrip()[:1] in (b"{", b"[") for line in lines[:20]) or not (
        len(lines) > 1 and any(mark in lines[0] for mark in b",;\t|")
    )


def _json_texts(source: Source, head: bytes, blocks: Iterator[bytes]) -> Iterator[pa.Table]:
    lines = [line for line in head.split(b"\n")[:-1] if line.strip()][:20]
    whole = sum(_is_container(line) for line in lines)
    if 2 * whole > len(lines):
        yield from _lines(source, blocks)
    else:
        yield from (_texts(values) for values in _values(blocks, source))


def _is_container(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict | list)
    except (ValueError, RecursionError):
        return False


def _lines(source: Source, blocks: Iterator[bytes]) -> Iterator[pa.Table]:
    """One document per line; the arrays point into the blocks, nothing is copied."""
    rest = b""
    skips = False
    for block in blocks:
        cut = block.rfind(b"\n") + 1
        if not cut:
            rest += block
            if len(rest) > LONGEST:
                rest, skips = b"", True
            continue
        begin = block.find(b"\n") + 1
        if skips:  # the end of a line that is too long
            source.too_long += 1
            skips = False
        else:
            yield _texts([rest + block[:begin]])
        rest = block[cut:]
        if begin < cut:
            yield _sliced(block, begin, cut)
    if skips:
        source.too_long += 1
    elif rest.strip():
        source.is_cut_off |= not _is_container(rest)
        yield _texts([rest])


def _sliced(block: bytes, begin: int, end: int) -> pa.Table:
    """The lines of a part of a block, which begins and ends with a line."""
    lines = np.flatnonzero(np.frombuffer(block, np.uint8)[begin:end] == ord("\n")) + begin + 1
    offsets = np.full(len(lines) + 1, begin, np.int32)
    offsets[1:] = lines
    if not _is_utf8(block, begin, end):
        return _texts([block[start:stop] for start, stop in pairwise(offsets)])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(block)]
    texts = pa.Array.from_buffers(pa.string(), len(lines), buffers)
    return pa.table({"text": texts, "raw": pa.nulls(len(texts), pa.binary())})


def _is_utf8(block: bytes, begin: int, end: int) -> bool:
    if block.isascii():
        return True
    try:
        block[begin:end].decode()
    except UnicodeDecodeError:
        return False
    return True


def _texts(values: Sequence[bytes]) -> pa.Table:
    texts: list[str | None] = []
    raw: list[bytes | None] = []
    for value in values:
        try:
            texts.append(value.decode())
            raw.append(None)
        except UnicodeDecodeError:
            texts.append(None)
            raw.append(value)
    return documents(texts, raw)


@dataclass
class _State:
    """Where a scan stands between two blocks."""

    in_string: bool = False
    is_escaped: bool = False
    depth: int = 0
    in_array: bool = False


class _Scan:
    """The structure of a block of JSON text, found for all bytes at once.

    ``depth`` is the nesting after each byte; ``slip`` the first byte that no JSON can have (a line
    end in a string, a bracket that closes nothing), or the block's length.
    """

    def __init__(self, data: np.ndarray[tuple[int], np.dtype[np.uint8]], state: _State) -> None:
        self._data = data
        self._state = state
        quotes = data == ord('"')
        self._ends_escaped = self._drop_escaped(quotes)
        inside = np.bitwise_xor.accumulate(quotes.view(np.uint8)) ^ np.uint8(state.in_string)
        outside = inside == 0
        self._inside = inside
        self._opens = ((data == ord("{")) | (data == ord("["))) & outside
        self._closes = ((data == ord("}")) | (data == ord("]"))) & outside
        self._commas = (data == ord(",")) & outside
        steps = self._opens.view(np.int8) - self._closes.view(np.int8)
        self.depth = np.cumsum(steps, dtype=np.int32) + np.int32(state.depth)
        slips = ((data == ord("\n")) & ~outside) | (self.depth < 0)
        self.slip = int(np.argmax(slips)) if slips.any() else len(data)

    def _drop_escaped(self, quotes: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> bool:
        """Forget quotes behind an odd number of backslashes; whether the next block's is one."""
        slashes = np.flatnonzero(self._data == ord("\\"))
        if self._state.is_escaped and len(quotes) and self._data[0] != ord("\\"):
            quotes[0] = False
        if not len(slashes):
            return self._state.is_escaped and not len(quotes)
        firsts = np.flatnonzero(np.diff(slashes, prepend=-2) != 1)
        lengths = np.diff(firsts, append=len(slashes))
        behind = slashes[firsts] + lengths
        if self._state.is_escaped and slashes[0] == 0:
            lengths[0] += 1
        escaped = behind[lengths % 2 == 1]
        quotes[escaped[escaped < len(quotes)]] = False
        return bool(len(escaped)) and int(escaped[-1]) == len(quotes)

    def cuts(self) -> Iterator[tuple[int, bool]]:
        """Where values end, up to the slip: a byte, and whether it belongs to the value.

        The values are the elements of an outermost array, and other outermost values.
        """
        end = self.slip
        depth = self.depth[:end]
        opens = self._opens[:end] & (depth == 1)
        closes = self._closes[:end] & (depth == 0)
        commas = self._commas[:end] & (depth == 1)
        places = np.flatnonzero(opens | closes | commas)
        is_open = opens[places]
        is_array = self._data[places] == ord("[")
        last_open = np.maximum.accumulate(np.where(is_open, np.arange(len(places)), -1))
        in_array = np.where(
            last_open >= 0, is_array[np.maximum(last_open, 0)], self._state.in_array
        )
        wanted = np.where(is_open | commas[places], in_array, True)
        is_whole = closes[places] & ~in_array
        yield from zip(places[wanted].tolist(), is_whole[wanted].tolist(), strict=True)
        if len(places):
            self._state.in_array = bool(in_array[-1])

    def close(self) -> None:
        """Bring the state behind the block, or behind its slip."""
        state = self._state
        if self.slip < len(self._data):
            state.in_string = state.is_escaped = False
            state.depth = 1 if state.in_array and self.depth[self.slip] > 0 else 0
        elif len(self._data):
            state.in_string = bool(self._inside[-1])
            state.is_escaped = self._ends_escaped
            state.depth = int(self.depth[-1])


def _values(blocks: Iterable[bytes], source: Source) -> Iterator[list[bytes]]:
    """The outermost values of JSON text, and the elements of outermost arrays, block by block."""
    state = _State()
    pending = bytearray()
    is_too_long = False
    slips = 0
    blocks = iter(blocks)
    for block in blocks:
        found: list[bytes] = []
        start = 0
        while start < len(block):
            window = block[start : start + (1 << 16 if slips else len(block))]
            scan = _Scan(np.frombuffer(window, np.uint8), state)
            begin = 0
            for place, whole in scan.cuts():
                end = place + whole
                value = (bytes(pending) + window[begin:end]).strip(b" \t\r\n,\x1e")
                if is_too_long:
                    source.too_long += 1
                elif value:
                    found.append(value)
                pending.clear()
                is_too_long = False
                begin = place + 1
            end = min(scan.slip + 1, len(window))
            if not is_too_long:
                pending += window[begin:end]
            if len(pending) > LONGEST:
                pending.clear()
                is_too_long = True
            if scan.slip < len(window):
                slips += 1
                if value := bytes(pending).strip():
                    found.append(value)
                pending.clear()
            scan.close()
            start += end
            if slips > _MOST_SLIPS:
                yield found
                rest = chain([block[start:]], blocks)
                yield from (table_to_list(table) for table in _lines(source, rest))
                return
        yield found
    if is_too_long:
        source.too_long += 1
    elif value := bytes(pending).strip(b" \t\r\n,\x1e"):
        source.is_cut_off |= state.depth > 0 or state.in_string
        yield [value]


def table_to_list(table: pa.Table) -> list[bytes]:
    """The bytes of each document of a chunk."""
    return [
        raw if text is None else text.encode()
        for text, raw in zip(table["text"].to_pylist(), table["raw"].to_pylist(), strict=True)
    ]


def _chunks(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Tables put together to chunks, each in batches that threads can share."""
    waiting: list[pa.Table] = []
    size = 0
    for table in tables:
        waiting.append(table)
        size += table["text"].nbytes + table["raw"].nbytes
        if size >= CHUNK:
            yield _shared(waiting)
            waiting, size = [], 0
    if waiting:
        yield _shared(waiting)


def _shared(tables: list[pa.Table]) -> pa.Table:
    table = pa.concat_tables(tables)
    return pa.Table.from_batches(table.to_batches(max_chunksize=_BATCH), table.schema)


# --- rows of tables, each as a JSON object


def _binary_rows(
    source: Source, head: bytes, blocks: Iterable[bytes], folder: Path
) -> Iterator[pa.Table]:
    path = _plain_file(source, blocks, folder)
    connection = _connection()
    try:
        if head.startswith(_PARQUET):
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


def _plain_file(source: Source, blocks: Iterable[bytes], folder: Path) -> Path:
    """The file itself, or its decompressed copy in ``folder``."""
    if not source.is_compressed:
        return source.path
    path = folder / "rows"
    with path.open("wb") as file:
        file.writelines(blocks)
    return path


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
    position = len(_AVRO)

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


def _csv_rows(
    source: Source, head: bytes, blocks: Iterable[bytes], folder: Path
) -> Iterator[pa.Table]:
    first = head.split(b"\n", 1)[0].decode("utf-8", "replace")
    delimiter = max(",;\t|", key=first.count)
    header = head.decode("utf-8", "replace").splitlines(keepends=True)
    names = _distinct(next(csv.reader(header, delimiter=delimiter)))
    path = _plain_file(source, blocks, folder)
    if source.is_cut_off and (rest := _cut_last_line(path)):
        yield _shared([_texts([rest])])
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
            yield _shared([_texts(rejected)])
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
    yield from _chunks(pa.Table.from_batches([batch]) for batch in texts.to_arrow_reader(_BATCH))


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
