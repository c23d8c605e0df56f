"""Random numbers that depend on the seed, a name and a position, and on nothing else.

A chunk of messages can be drawn alone, in any order and of any size, with the same outcome: that is
what keeps memory bounded and the sample the same on every machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from math import exp
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_NUMBERS_A_BLOCK = 4  # Philox yields four 64-bit numbers for each step of its counter


class Draws:
    """Named streams of uniform numbers in [0, 1)."""

    def __init__(self, seed: int) -> None:
        """Open the streams of a seed, any whole number."""
        self._seed = seed

    def uniform(self, name: str, start: int, count: int) -> Floats:
        """Return the numbers start … start + count - 1 of a stream, shape (count,)."""
        digest = hashlib.blake2b(f"{self._seed}:{name}".encode(), digest_size=16).digest()
        block, skipped = divmod(start, _NUMBERS_A_BLOCK)
        philox = np.random.Philox(key=int.from_bytes(digest, "little"), counter=block)
        return np.random.Generator(philox).random(skipped + count)[skipped:]


class Choice:
    """A weighted choice among the positions of a list."""

    def __init__(self, weights: Sequence[float]) -> None:
        """Weigh the positions; the weights needn't add up to anything."""
        total = sum(weights)
        self._upper = np.cumsum([weight / total for weight in weights])[:-1]

    def __call__(self, uniform: Floats) -> Ints:
        """Return a position for each uniform number, same shape."""
        return np.searchsorted(self._upper, uniform, side="right").astype(np.int64)


class LogNormal:
    """Log-normal delays as a table of quantiles, cut at a shortest and a longest one.

    All times are microseconds; a delay is a whole number of milliseconds.
    """

    _STEPS = 2048

    def __init__(self, median: int, sigma: float, shortest: int, longest: int) -> None:
        """Set the median, the deviation of the logarithm, and the ends, in microseconds."""
        normal = NormalDist()
        quantiles = [
            round(median * exp(sigma * normal.inv_cdf((step + 0.5) / (self._STEPS + 1))))
            for step in range(self._STEPS + 1)
        ]
        self._table = np.clip(np.array(quantiles, dtype=np.float64), shortest, longest)

    def __call__(self, uniform: Floats) -> Ints:
        """Return a delay in microseconds for each uniform number, same shape."""
        place = uniform * self._STEPS
        step = place.astype(np.int64)
        low = self._table[step]
        delay: Floats = low + (self._table[step + 1] - low) * (place - step)
        return delay.astype(np.int64) // 1000 * 1000


def whole(uniform: Floats, bound: int | Ints) -> Ints:
    """Return a whole number in [0, bound) for each uniform number, same shape."""
    places: Floats = uniform * bound
    return places.astype(np.int64)
