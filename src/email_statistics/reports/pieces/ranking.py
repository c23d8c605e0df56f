"""The best few by a metric."""

from collections.abc import Sequence
from dataclasses import dataclass

from email_statistics.reports.pieces.base import Html, render
from email_statistics.reports.pieces.table import Name
from email_statistics.reports.words.metrics import Metric


@dataclass(frozen=True)
class Rank:
    """A place in a ranking; ``share`` (0..1) of the first one's value is the length of its bar."""

    name: Name
    value: str
    share: float
    detail: str


def ranking(
    title: str, metric: Metric, colour: str, ranks: Sequence[Rank], condition: str, empty: str
) -> Html:
    """Show the best few by a metric, and on what condition; ``empty`` is what to say of none."""
    return render(
        "ranking",
        title=title,
        metric=metric,
        colour=colour,
        ranks=ranks,
        condition=condition,
        empty=empty,
    )
