"""What is checked: small frames, as plain rows."""

from dataclasses import dataclass, field
from typing import Literal

# Before a build, and before publishing what it made.
Stage = Literal["raw", "marts"]

Value = str | float | int | None
Row = dict[str, Value]

# A share that rests on fewer rows is checked only where it is more than half.
FEW = 30
# Changes are checked from this many rows, or messages, on: a few move a share a lot.
COMPARE_FROM = 1_000


@dataclass(frozen=True)
class Profile:
    """The frames of one stage by name, each row with a ``subject`` and its figures.

    A figure that can't be known is None and isn't checked; ``notes`` say why, a sentence each.
    """

    stage: Stage
    frames: dict[str, list[Row]]
    notes: list[str] = field(default_factory=list)


def share(part: int, whole: int) -> float | None:
    """Return a share of rows; None where it rests on few rows and isn't most of them."""
    return None if part < FEW and 2 * part <= whole else part / whole
