"""Random numbers that depend on the seed, a name and a position, and on nothing else.

A chunk of messages can be drawn alone, in any order and of any size, with the same outcome. That
keeps memory bounded, and the sample the same on every machine.
"""

import hashlib
from collections.abc import Sequence
from math import exp
from statistics import NormalDist

import numpy as np

from email_statistics.sample.arrays import Floats, Ints

_NUMBERS_PER_BLOCK = 4  # Philox yields four 64-bit numbers for each step of its counter


class Draws:
    """Named streams of uniform numbers in [0, 1)."""

    def __init__(self, seed: int) -> None:
        """Open the streams of a seed, any whole number."""
        self._seed = seed

    def uniform(self, name: str, start: int, count: int) -> Floats:
        """Return the numbers start … start + count - 1 of a stream, shape (count,)."""
        digest = hashlib.blake2b(f"{self._seed}:{name}".encode(), digest_size=16).digest()
        block, skipped = divmod(start, _NUMBERS_PER_BLOCK)
        philox = np.random.Philox(key=int.from_bytes(digest, "little"), counter=block)
        return np.random.Generator(philox).random(skipped + count)[skipped:]


class Choice:
    """A weighted choice among the positions of a list; weights needn't add up to anything."""

    def __init__(self, weights: Sequence[float]) -> None:
        """Set the weights."""
        total = sum(weights)
        self._upper = np.cumsum([weight / total for weight in weights])[:-1]

    def __call__(self, uniform: Floats) -> Ints:
        """Return a position for each uniform number, same shape."""
        return np.searchsorted(self._upper, uniform, side="right").astype(np.int64)


class LogNormal:
    """Log-normal amounts as a table of quantiles, cut at both ends, in whole thousands.

    Delays are in microseconds, so whole milliseconds.
    """

    _STEPS = 2048

    def __init__(self, median: int, sigma: float, least: int, most: int) -> None:
        """Set the median, the deviation of the logarithm, and the ends."""
        normal = NormalDist()
        quantiles = [
            round(median * exp(sigma * normal.inv_cdf((step + 0.5) / (self._STEPS + 1))))
            for step in range(self._STEPS + 1)
        ]
        self._table = np.clip(np.array(quantiles, dtype=np.float64), least, most)

    def __call__(self, uniform: Floats) -> Ints:
        """Return an amount for each uniform number, same shape."""
        place = uniform * self._STEPS
        step = place.astype(np.int64)
        low = self._table[step]
        amount: Floats = low + (self._table[step + 1] - low) * (place - step)
        return amount.astype(np.int64) // 1000 * 1000
