"""What format a file or a text is in, and so how its documents are found.

JSON, JSON Lines, concatenated JSON, CSV, Avro, Parquet and form bodies, plain or as .gz or .zst;
what a file is shows in its bytes, not in its name. Envelopes inside a document are opened later,
by the query (``mapping.envelopes``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from urllib.parse import parse_qsl

import pyarrow as pa

from email_statistics.senders.reading.chunks import decoded, in_chunks
from email_statistics.senders.reading.files import Source, blocks_of
from email_statistics.senders.reading.json_text import json_documents, values_of
from email_statistics.senders.reading.tables import AVRO, PARQUET, binary_rows, csv_rows

_HEAD = 1 << 16
"""Bytes by which a file's format is known."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FORM = re.compile(rb"[\w.%+\-\[\]]+=[^\s{}]*(&[\w.%+\-\[\]]+=[^\s{}]*)*\s*")
_SNS_NOTICE = b"Successfully validated SNS topic"
"""What SNS says of a new topic, in plain text where its delivery is raw."""


def chunks_of(source: Source, folder: Path) -> Iterator[pa.Table]:
    """The documents of a file, chunk by chunk; ``folder`` is for private intermediate files."""
    blocks = blocks_of(source)
    head = next(blocks, b"").removeprefix(_BYTE_ORDER_MARK)
    while len(head) < _HEAD and (more := next(blocks, b"")):
        head += more
    everything = chain([head], blocks)
    if not head.strip():
        return
    if head.startswith((PARQUET, AVRO)):
        yield from binary_rows(source, head, everything, folder)
    elif _FORM.fullmatch(head) and b"\n" not in head.strip():
        yield from in_chunks([decoded([b"".join(everything)])])
    elif _is_json(source.path.name, head):
        yield from in_chunks(json_documents(source, head, everything))
    else:
        yield from csv_rows(source, head, everything, folder)


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
    pieces = list(chain.from_iterable(values_of([plain], Source(Path(), ""))))
    if len(pieces) < 2:
        return None
    return [piece.decode("utf-8", "surrogatepass") for piece in pieces]
