"""A few numbers, large."""

from collections.abc import Sequence

from email_statistics.reports.pieces.base import Html, render
from email_statistics.reports.words.figures import Figure


def tiles(figures: Sequence[Figure]) -> Html:
    """Show each number large, with its definition and verdict."""
    return render("tile", figures=figures)
