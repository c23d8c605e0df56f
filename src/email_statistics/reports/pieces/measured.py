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
    """What a diagnostic found: ``fail``, ``warn`` or ``info``, and its sentence."""

    status: str
    message: str


def measured(families: Sequence[Measured], findings: Sequence[Finding]) -> Html:
    """Say what was measured, why not, and what the diagnostics found."""
    return render("measured", families=families, findings=findings)
