"""The structure of JSON text, found for all bytes of a block at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass
class State:
    """Where a scan stands between two blocks."""

    in_string: bool = False
    is_escaped: bool = False
    depth: int = 0
    in_array: bool = False


class Scan:
    """The structure of a block of JSON text, found for all bytes at once.

    ``depth`` is the nesting after each byte; ``slip`` the first byte that no JSON can have (a line
    end in a string, a bracket that closes nothing), or the block's length.
    """

    def __init__(self, data: np.ndarray[tuple[int], np.dtype[np.uint8]], state: State) -> None:
        """Find the structure of a block; ``state`` is where the one before it ended."""
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
