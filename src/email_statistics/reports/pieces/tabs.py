"""Panels of which a page shows one at a time, by radio buttons and CSS alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from email_statistics.reports.pieces.base import Html, render


@dataclass(frozen=True)
class Tab:
    """A panel; ``count`` stands beside its label, "" for none."""

    label: str
    panel: Html
    count: str = ""


def tabs(
    name: str, legend: str, panels: Sequence[Tab], *, is_titled: bool = True, chosen: int = 0
) -> Html:
    """Show one of up to 12 panels, the ``chosen`` one at the start; in print all of them.

    ``name`` is unlike that of any other tabs of the page. In print each panel has its label as its
    title, unless it brings a title of its own (``is_titled`` false).
    """
    return render(
        "tabs", name=name, legend=legend, panels=panels, is_titled=is_titled, chosen=chosen
    )
