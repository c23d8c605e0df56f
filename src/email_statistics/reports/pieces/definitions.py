"""The definitions at the end of a page."""

from collections.abc import Collection

from email_statistics.reports.pieces.base import Html, render
from email_statistics.reports.words.metrics import Metric


def definitions(metrics: Collection[Metric]) -> Html:
    """List what each number of the page means and is measured against."""
    return render("definitions", metrics=metrics)
