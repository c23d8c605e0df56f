"""The end of a page: what its numbers mean, and what they were made from."""

from collections.abc import Collection, Sequence

from email_statistics.reports.pieces.base import Html, render
from email_statistics.reports.words.metrics import Metric


def definitions(metrics: Collection[Metric], facts: Sequence[tuple[str, str]]) -> Html:
    """Say what each number of the page means and is measured against; the facts of its data."""
    return render("definitions", metrics=metrics, facts=facts)
