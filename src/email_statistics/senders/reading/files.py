"""The files that are read: found below folders, and unpacked a block at a time."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from email_statistics.errors import UsageError

LONGEST = 64 << 20
"""Bytes of the longest record; a longer one is rejected as unreadable and not copied."""
_BLOCK = 8 << 20
"""Bytes read at a time."""
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


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


def blocks_of(source: Source) -> Iterator[bytes]:
    """The bytes of a file, decompressed, block by block."""
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
