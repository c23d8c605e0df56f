"""Estimates as dots with a line for what they may be, against zero."""

from collections.abc import Sequence
from dataclasses import dataclass

from email_statistics.reports.pieces.base import Html, render


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of what it may be; ``text`` says all three.

    ``outer`` are the ends of a wider interval around it, drawn thinner. Without ends there is no
    line, without a value no dot either.
    """

    label: str
    text: str
    value: float | None
    ends: tuple[float, float] | None
    outer: tuple[float, float] | None = None


@dataclass(frozen=True)
class _Drawn:
    """An interval in percent of the drawing's width."""

    label: str
    text: str
    value: float | None
    ends: tuple[float, float] | None
    outer: tuple[float, float] | None


def intervals(
    title: str,
    summary: str,
    shown: Sequence[Interval],
    remark: str = "",
    marks: Sequence[tuple[float, str]] = ((0, "0"),),
) -> Html:
    """Draw intervals below each other, on one scale with the ``marks`` on it, by default zero."""
    numbers = [value for value, _ in marks]
    for one in shown:
        numbers += [] if one.value is None else [one.value]
        numbers += [*(one.ends or ()), *(one.outer or ())]
    low, high = min(numbers), max(numbers)
    margin = (high - low) * 0.04 or 1.0

    def place(value: float) -> float:
        return round(100 * (value - low + margin) / (high - low + 2 * margin), 2)

    def both(ends: tuple[float, float] | None) -> tuple[float, float] | None:
        return None if ends is None else (place(ends[0]), place(ends[1]))

    return render(
        "interval",
        title=title,
        summary=summary,
        marks=[(place(value), label) for value, label in marks],
        rows=[
            _Drawn(
                one.label,
                one.text,
                None if one.value is None else place(one.value),
                both(one.ends),
                both(one.outer),
            )
            for one in shown
        ],
        remark=remark,
    )
