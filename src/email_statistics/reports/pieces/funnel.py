"""How many messages got how far, and where the others dropped off (guide: Engagement Summary).

What isn't measured never looks lost: a share and a drop-off count only messages for which both
their sides are measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from email_statistics.reports.pieces.base import Html, render
from email_statistics.reports.words import formats
from email_statistics.reports.words.figures import Figure


@dataclass(frozen=True)
class Comparison:
    """A step's number beside its bases, each counting only messages measured on both sides.

    ``measured``: the sent ones for which the step is measured. ``kept`` of ``before``: how many of
    the step before, and how many that has.
    """

    measured: int | None
    kept: int | None = None
    before: int | None = None


@dataclass(frozen=True)
class FunnelStep:
    """A step in words but for ``share``: 0..1 of the first step, the length of its bar.

    ``share`` is None where it isn't measured; ``drop`` describes the change from the step before,
    "" if that can't be said; ``colour`` is a name of the stylesheet.
    """

    figure: Figure
    colour: str
    share: float | None
    caption: str
    drop: str


def funnel(
    figures: Sequence[Figure],
    counts: Mapping[str, int | None],
    comparisons: Mapping[str, Comparison],
) -> Html:
    """Show the steps of a funnel, of which the first is what all shares are of.

    ``figures`` has a step's number each; ``counts`` and ``comparisons`` are by metric.
    """
    return render("funnel", steps=funnel_steps(figures, counts, comparisons))


def funnel_steps(
    figures: Sequence[Figure],
    counts: Mapping[str, int | None],
    comparisons: Mapping[str, Comparison],
) -> list[FunnelStep]:
    """Word the steps of ``funnel``."""
    first = figures[0].metric
    steps: list[FunnelStep] = []
    for figure in figures:
        name = figure.metric.metric
        compared = comparisons[name]
        share = _share(counts[name], compared.measured)
        caption = drop = ""
        if steps:
            caption = figure.missing or _caption(
                share, compared.measured, counts[first.metric], first.label.lower()
            )
            drop = _drop(
                _share(compared.kept, compared.before), steps[-1].figure.metric.label.lower()
            )
        steps.append(FunnelStep(figure, name, share, caption, drop))
    return steps


def _share(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None


def _caption(share: float | None, measured: int | None, everything: int | None, of: str) -> str:
    if share is None:
        return ""
    shown = f"{formats.rate(share)} of {of}"
    if measured is None or everything is None or measured == everything:
        return shown
    return f"{shown}, measured for {formats.count(measured)} of {formats.count(everything)}"


def _drop(kept: float | None, before: str) -> str:
    if kept is None:
        return ""
    if kept > 1:
        return f"{formats.rate(kept - 1)} more than {before}"
    return f"{formats.rate(1 - kept)} drop-off from {before}"
