"""What was measured of an email source, and what the diagnostics found of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from email_statistics.reports.pieces.base import Html, render


@dataclass(frozen=True)
class Measured:
    """A family of numbers, its status in the warehouse, "" or why it isn't measured."""

    label: str
    status: str
    why: str


@dataclass(frozen=True)
class Finding:
    """What a diagnostic found: ``fail``, ``warn`` or ``info``, and its sentence.

    Where it isn't of the page's own email, ``name`` and ``email`` are that one's name and id.
    """

    status: str
    message: str
    name: str = ""
    email: str = ""


def measured(families: Sequence[Measured], findings: Sequence[Finding], span: str) -> Html:
    """Say what was measured, why not, and what the diagnostics found.

    ``span`` says of which time that is, "" where it is the page's.
    """
    return render("measured", families=families, findings=findings, span=span)


def findings(found: Sequence[Finding], others: str, report: str) -> Html:
    """List findings of several emails, then lead to a report with the ``others``."""
    return render("findings", found=found, others=others, report=report)
