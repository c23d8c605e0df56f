"""What is judged: small frames, as plain rows."""

from dataclasses import dataclass, field

Value = str | float | int | None
Row = dict[str, Value]


@dataclass(frozen=True)
class Profile:
    """Frames by name, each with a ``subject`` a row (a table, a column, a metric) and its figures.

    A figure that can't be known is None and isn't judged; ``notes`` say why, a sentence each.
    """

    frames: dict[str, list[Row]]
    notes: list[str] = field(default_factory=list)


def share(part: int, whole: int, few: int) -> float | None:
    """Return a share of rows; None where it rests on few rows and isn't most of them."""
    return None if part < few and 2 * part <= whole else part / whole
