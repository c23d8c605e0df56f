"""The head of a page, and the email source that it is about."""

from collections.abc import Sequence

from email_statistics.reports.pieces.base import Html, render, stylesheet


def header(lead: str, period: str, chosen: str, facts: Sequence[tuple[str, str]]) -> Html:
    """Open a page: a sentence that sums it up, its range and how that was chosen, and its data.

    It brings the stylesheet along, for notebooks that are read in Jupyter.
    """
    style = Html(stylesheet())
    return render("header", lead=lead, period=period, chosen=chosen, facts=facts, stylesheet=style)


def source(name: str, subject: str, facts: Sequence[tuple[str, str]]) -> Html:
    """Say what a page is about: an email source's name, subject ("" for none) and description."""
    return render("source", name=name, subject=subject, facts=facts)
