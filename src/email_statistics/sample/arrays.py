"""Columns of numbers and texts: what a chunk of the sample is made of."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Columns(SimpleNamespace):
    """Columns of one length, one entry per row: numpy arrays and polars series."""

    def take(self, positions: Ints) -> Self:
        """Return the rows at ``positions``."""
        return type(self)(**{name: column[positions] for name, column in vars(self).items()})


def whole(uniform: Floats, bound: int | Ints) -> Ints:
    """Return a whole number in [0, bound) for each uniform number, same shape."""
    places: Floats = uniform * bound
    return places.astype(np.int64)


def texts(options: Sequence[str] | pl.Series, positions: Ints) -> pl.Series:
    """Return the texts at positions, null at -1, same shape."""
    known = pl.Series(positions).cast(pl.Int64)
    return pl.Series(options, dtype=pl.String).gather(known.set(known == -1, None))


def numbered(prefix: str, numbers: Ints, digits: int) -> pl.Series:
    """Return ids such as ``ct_0000012``, same shape."""
    return pl.select(prefix + pl.Series(numbers).cast(pl.String).str.zfill(digits)).to_series()
