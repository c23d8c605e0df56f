"""Which texts are refused, although DuckDB reads them: JSON that not all read alike."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pyarrow as pa

from email_statistics.senders.reading.json_scan import Scan, State

_DEEPEST = 512
"""Levels of the deepest record; a deeper one is rejected as unreadable."""
_NESTED = ("]" * 32, "}" * 32)
_ODD = r"NaN|Infinity|\]{32}|\}{32}"


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
    if Scan(data, State()).depth.max(initial=0) > _DEEPEST:
        return False
    try:
        json.loads(text, parse_constant=refuse, object_pairs_hook=unique)
    except (ValueError, RecursionError):
        return False
    return True
