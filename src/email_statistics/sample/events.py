"""Chunks of messages, and their events: gathered kind by kind, then turned into raw rows."""

from collections import defaultdict
from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import polars as pl

from email_statistics.sample.arrays import Bools, Floats, Ints, texts
from email_statistics.sample.draws import Draws, LogNormal
from email_statistics.sample.timeline import DAY, HOUR, LAST_MOMENT, MINUTE

_LOAD_EVERY = 5 * MINUTE  # the lake is loaded in batches
_LATE_SHARE = 0.012
_LATE_DELAY = LogNormal(20 * HOUR, 0.8, 2 * HOUR, 3 * DAY)
_TWICE_SHARE = 0.0009  # the very row again,
_RELOADED_SHARE = 0.0006  # of these with another loaded_at


class Chunk(SimpleNamespace):
    """Messages, or whatever else happens to contacts, in columns of shape (count,).

    It has the columns of each one's contact and source beside its own. Times are in microseconds.
    """

    draws: Draws
    first: int  # the number of the first one
    ids: pl.Series

    def uniform(self, name: str) -> Floats:
        """Return the numbers of a stream for the chunk."""
        return self.draws.uniform(name, self.first, len(self.ids))


class Events:
    """The events of a chunk; an id is ``<prefix>_<number in the chunk's ids>_<slot>``.

    A kind of event has a ``slot`` below 100 and happens at most once to each one of the chunk.
    """

    def __init__(self, prefix: str, chunk: Chunk, types: Sequence[str], **defaults: int) -> None:
        """Start with none; ``defaults`` are the columns that an event may leave out."""
        self._prefix = prefix
        self._chunk = chunk
        self._types = types
        self._defaults = defaults
        self._columns: dict[str, list[Ints]] = defaultdict(list)

    def add(
        self, slot: int, event_type: str, mask: Bools, event_at: Ints, **more: int | Ints
    ) -> None:
        """Add an event where ``mask`` says so; arrays have the shape of the chunk.

        Events after the end of the year are left out: they didn't happen yet.
        """
        where = np.flatnonzero(mask & (event_at <= LAST_MOMENT))
        fate = self._chunk.uniform(f"{self._prefix}.fate.{slot}")[where]
        at = event_at[where]
        lag = np.where(fate < _LATE_SHARE, _LATE_DELAY(fate / _LATE_SHARE % 1), 0)
        columns: dict[str, int | Ints] = {
            "place": where,
            "slot": slot,
            "event_type": self._types.index(event_type),
            "event_at": at,
            "loaded_at": (at + lag) // _LOAD_EVERY * _LOAD_EVERY + _LOAD_EVERY,
        }
        for name, value in (self._defaults | more).items():
            columns[name] = value if isinstance(value, int) else value[where]
        is_twice = fate > 1 - _TWICE_SHARE
        reloaded: Ints = np.where(fate[is_twice] > 1 - _RELOADED_SHARE, HOUR, 0)
        for name, value in columns.items():
            values = np.full(len(where), value) if isinstance(value, int) else value
            copies = values[is_twice]
            if name == "loaded_at":
                copies = copies + reloaded
            self._columns[name] += [values, copies]

    def frame(self) -> pl.DataFrame:
        """Return event_id, event_type, event_at, loaded_at, message_id, place and what was added.

        ``place`` is the position in the chunk.
        """
        columns = {name: np.concatenate(parts) for name, parts in self._columns.items()}
        slot, event_type = columns.pop("slot"), columns.pop("event_type")
        message_id = self._chunk.ids.gather(columns["place"])
        return pl.DataFrame(columns).select(
            event_id=pl.concat_str(
                pl.lit(f"{self._prefix}_"),
                message_id.str.slice(4),
                pl.lit("_"),
                pl.Series(slot).cast(pl.String).str.zfill(2),
            ),
            event_type=texts(self._types, event_type),
            event_at=pl.col("event_at").cast(pl.Datetime("us")),
            loaded_at=pl.col("loaded_at").cast(pl.Datetime("us")),
            message_id=message_id,
            **{name: pl.col(name) for name in columns if not name.endswith("_at")},
        )
