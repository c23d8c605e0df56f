"""Chunks of documents: Arrow tables of texts, each of them one JSON document.

Their columns are ``text`` (null where it is no UTF-8) and ``raw`` (its bytes, only then).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import polars as pl
import pyarrow as pa

CHUNK = 64 << 20
"""Bytes of text that are mapped at a time."""
BATCH = 8192
"""Rows that one thread maps at a time."""
_DOCUMENT = {"text": pa.string(), "raw": pa.binary()}


def documents(texts: Sequence[str | None], raw: Sequence[bytes | None] | None = None) -> pa.Table:
    """A chunk of documents, from texts or from the bytes of those that are none.

    Arrow's own conversion of Python's values would import pandas first, which takes as long as a
    small load.
    """
    columns = {
        "text": pl.Series(texts, dtype=pl.String),
        "raw": pl.Series(raw or [None] * len(texts), dtype=pl.Binary),
    }
    return pa.table({name: each.to_arrow().cast(_DOCUMENT[name]) for name, each in columns.items()})


def decoded(values: Sequence[bytes]) -> pa.Table:
    """A chunk of documents, from their bytes."""
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


def with_columns(documents: pa.Table, more: Mapping[str, pl.Series]) -> pa.Table:
    """Documents with more columns beside."""
    columns = [*documents.columns, *(each.to_arrow() for each in more.values())]
    return pa.Table.from_arrays(columns, names=[*documents.column_names, *more])


def in_chunks(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Tables put together to chunks of about ``CHUNK`` bytes."""
    waiting: list[pa.Table] = []
    size = 0
    for table in tables:
        waiting.append(table)
        size += table["text"].nbytes + table["raw"].nbytes
        if size >= CHUNK:
            yield in_batches(waiting)
            waiting, size = [], 0
    if waiting:
        yield in_batches(waiting)


def in_batches(tables: list[pa.Table]) -> pa.Table:
    """Tables put together to one, in batches that threads can share."""
    table = pa.concat_tables(tables)
    return pa.Table.from_batches(table.to_batches(max_chunksize=BATCH), table.schema)
