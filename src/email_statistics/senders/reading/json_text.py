"""JSON text, cut into its documents: lines, values one after the other, elements of arrays."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise

import numpy as np
import pyarrow as pa

from email_statistics.senders.reading.chunks import decoded
from email_statistics.senders.reading.files import LONGEST, Source
from email_statistics.senders.reading.json_scan import Scan, State

_MOST_SLIPS = 1000
"""Broken values in a file after which each line is taken by itself."""


def json_documents(source: Source, head: bytes, blocks: Iterator[bytes]) -> Iterator[pa.Table]:
    """The documents of a file of JSON, by its lines where most of the first are whole documents."""
    lines = [line for line in head.split(b"\n")[:-1] if line.strip()][:20]
    whole = sum(_is_container(line) for line in lines)
    if 2 * whole > len(lines):
        yield from _lines(source, blocks)
    else:
        yield from (decoded(values) for values in values_of(blocks, source))


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
            yield decoded([rest + block[:begin]])
        rest = block[cut:]
        if begin < cut:
            yield _sliced(block, begin, cut)
    if skips:
        source.too_long += 1
    elif rest.strip():
        source.is_cut_off |= not _is_container(rest)
        yield decoded([rest])


def _sliced(block: bytes, begin: int, end: int) -> pa.Table:
    """The lines of a part of a block, which begins and ends with a line."""
    lines = np.flatnonzero(np.frombuffer(block, np.uint8)[begin:end] == ord("\n")) + begin + 1
    offsets = np.full(len(lines) + 1, begin, np.int32)
    offsets[1:] = lines
    if not _is_utf8(block, begin, end):
        return decoded([block[start:stop] for start, stop in pairwise(offsets)])
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


def values_of(blocks: Iterable[bytes], source: Source) -> Iterator[list[bytes]]:
    """The outermost values of JSON text, and the elements of outermost arrays, block by block."""
    state = State()
    pending = bytearray()
    is_too_long = False
    slips = 0
    blocks = iter(blocks)
    for block in blocks:
        found: list[bytes] = []
        start = 0
        while start < len(block):
            window = block[start : start + (1 << 16 if slips else len(block))]
            scan = Scan(np.frombuffer(window, np.uint8), state)
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
                yield from (_bytes_of(table) for table in _lines(source, rest))
                return
        yield found
    if is_too_long:
        source.too_long += 1
    elif value := bytes(pending).strip(b" \t\r\n,\x1e"):
        source.is_cut_off |= state.depth > 0 or state.in_string
        yield [value]


def _bytes_of(table: pa.Table) -> list[bytes]:
    """The bytes of each document of a chunk."""
    return [
        raw if text is None else text.encode()
        for text, raw in zip(table["text"].to_pylist(), table["raw"].to_pylist(), strict=True)
    ]
