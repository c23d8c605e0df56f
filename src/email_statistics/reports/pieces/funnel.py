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

    ``measured``: the sent ones for which the step is measured. ``kept`` of ``before``: of how many
    of the step before both steps are measured, and how many of these made both: never more.
    ``remark`` is what else to say of the step.
    """

    measured: int | None
    kept: int | None = None
    before: int | None = None
    remark: str = ""


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
    remark: str = ""


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
            drop = _drop(compared, counts[steps[-1].figure.metric.metric])
        steps.append(FunnelStep(figure, name, share, caption, drop, compared.remark))
    return steps


def _share(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None


def _caption(share: float | None, measured: int | None, everything: int | None, of: str) -> str:
    if share is None:
        return ""
    if measured is None or everything is None or measured == everything:
        return f"{formats.rate(share)} of {of}"
    return f"{formats.rate(share)} of the {formats.count(measured)} that were tracked"


def _drop(compared: Comparison, before: int | None) -> str:
    """Say how many went on from the step before, of those for which both steps are measured."""
    kept = _share(compared.kept, compared.before)
    if kept is None or compared.kept is None or compared.before is None:
        return ""
    tracked = "" if compared.before == before else ", where both steps were tracked"
    went_on = f"{formats.count(compared.kept)} of {formats.count(compared.before)} went on"
    return f"{formats.rate(1 - kept)} drop-off: {went_on}{tracked}"
