"""Events gathered kind by kind, then turned into the rows of a raw event table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from email_statistics.sample.draws import Draws, Ints, LogNormal
from email_statistics.sample.timeline import DAY, HOUR, LAST_MOMENT, MINUTE

_LOAD_EVERY = 5 * MINUTE  # the lake is loaded in batches
_LATE_SHARE = 0.012
_LATE_DELAY = LogNormal(20 * HOUR, 0.8, 2 * HOUR, 3 * DAY)
_TWICE_SHARE = 0.0009  # the very row again,
_RELOADED_SHARE = 0.0006  # of these with another loaded_at
NO_TEXT = -1


@dataclass
class Events:
    """The events of a chunk, appended kind by kind.

    A kind of event happens at most once a message; its `slot`, a whole number below 100, makes its
    id unique: `<prefix>_<message number>_<slot>`.
    """

    prefix: str
    first: int
    messages: int
    draws: Draws
    columns: dict[str, list[Ints]] = field(default_factory=dict)

    def add(
        self, slot: int, event_type: int, where: Ints, event_at: Ints, **more: int | Ints
    ) -> None:
        """Append an event for each message at positions `where` of the chunk, shape (events,).

        `event_at` and the arrays in `more` have that shape, too. What would happen after the year
        didn't happen yet.
        """
        is_past = event_at <= LAST_MOMENT
        count = int(is_past.sum())
        name = f"{self.prefix}.fate.{slot}"
        fate = self.draws.uniform(name, self.first, self.messages)[where][is_past]
        event_at = event_at[is_past]
        lag = np.where(fate < _LATE_SHARE, _LATE_DELAY(fate / _LATE_SHARE % 1), 0)
        loaded_at = (event_at + lag) // _LOAD_EVERY * _LOAD_EVERY + _LOAD_EVERY
        columns: dict[str, int | Ints] = {
            "place": where[is_past],
            "slot": slot,
            "event_type": event_type,
            "event_at": event_at,
            "loaded_at": loaded_at,
            **{
                name: value if isinstance(value, int) else value[is_past]
                for name, value in more.items()
            },
        }
        rows = {
            name: np.full(count, value) if isinstance(value, int) else value
            for name, value in columns.items()
        }
        is_twice = fate > 1 - _TWICE_SHARE
        is_reloaded = fate[is_twice] > 1 - _RELOADED_SHARE
        for name, values in rows.items():
            copies = values[is_twice]
            if name == "loaded_at":
                copies = copies + np.where(is_reloaded, HOUR, 0)
            self.columns.setdefault(name, []).extend((values, copies))

    def frame(self, event_types: tuple[str, ...], message_id: pl.Series) -> pl.DataFrame:
        """Return event_id, event_type, event_at, loaded_at, message_id and what was added.

        `place`, the message's position in the chunk, stays for the caller's own columns.
        """
        columns = {name: np.concatenate(parts) for name, parts in self.columns.items()}
        place = columns["place"]
        number = message_id.str.slice(4).gather(place)
        ids = pl.select(
            pl.concat_str(
                pl.lit(f"{self.prefix}_"),
                number,
                pl.lit("_"),
                pl.Series(columns.pop("slot")).cast(pl.String).str.zfill(2),
            )
        ).to_series()
        return pl.DataFrame(
            {
                "event_id": ids,
                "event_type": texts(event_types, columns.pop("event_type")),
                "event_at": pl.Series(columns.pop("event_at")).cast(pl.Datetime("us")),
                "loaded_at": pl.Series(columns.pop("loaded_at")).cast(pl.Datetime("us")),
                "message_id": message_id.gather(place),
                **columns,
            }
        )


def texts(options: tuple[str, ...] | pl.Series, positions: Ints) -> pl.Series:
    """Return the texts at positions, null at NO_TEXT, same shape."""
    series = pl.Series(options, dtype=pl.String)
    known = pl.Series(positions).cast(pl.Int64)
    return series.gather(known.set(known == NO_TEXT, None))


def to_table(frame: pl.DataFrame, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return the columns of a raw table, in its order and types; an absent one is null."""
    return frame.select(
        pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in schema.items()
    )
