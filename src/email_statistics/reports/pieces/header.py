"""The head of a page, and the email source that it is about."""

from collections.abc import Sequence

from email_statistics.reports.pieces.base import Html, render, stylesheet


def header(
    title: str,
    lead: str,
    period: str,
    chosen: str,
    facts: Sequence[tuple[str, str]],
    subject: str = "",
) -> Html:
    """Open a page: title, a sentence that sums it up, its range and how that was chosen, facts.

    Without a ``period`` nothing is said of a range. ``subject`` is that of the page's email, empty
    where it has none or where it is the ``title``. The stylesheet comes along, for notebooks that
    are read in Jupyter.
    """
    style = Html(stylesheet())
    return render(
        "header",
        title=title,
        lead=lead,
        period=period,
        chosen=chosen,
        facts=facts,
        subject=subject,
        stylesheet=style,
    )


def source_name(name: str, email: str) -> Html:
    """Show an email source's name, which leads to the page of the email of this id."""
    return render("source_name", name=name, email=email)


def source(name: str, subject: str, facts: Sequence[tuple[str, str]]) -> Html:
    """Describe an email source; ``subject`` is empty where it is the ``name``."""
    return render("source", name=name, subject=subject, facts=facts)
