"""How many messages got how far: the steps of a funnel (guide: Engagement Summary).

What isn't measured never looks lost: a share and a drop-off count only messages for which both
their sides are measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from email_statistics.reports import formats
from email_statistics.reports.components import FunnelStep
from email_statistics.reports.figures import Figure
from email_statistics.reports.metrics import ratio


@dataclass(frozen=True)
class Comparison:
    """A step's number beside its bases, each counting only messages measured on both sides.

    ``measured``: the sent ones for which the step is measured. ``kept`` of ``before``: how many of
    the step before, and how many that has.
    """

    measured: int | None
    kept: int | None = None
    before: int | None = None


def funnel_steps(
    figures: Sequence[Figure],
    counts: Mapping[str, int | None],
    comparisons: Mapping[str, Comparison],
) -> list[FunnelStep]:
    """Word the steps of a funnel, of which the first is what all shares are of.

    ``figures`` has a step's number each; ``counts`` and ``comparisons`` are by metric.
    """
    names = [figure.metric.metric for figure in figures]
    all_sent = counts[names[0]]
    rows = pl.DataFrame(
        [
            (
                counts[name],
                comparisons[name].measured,
                comparisons[name].kept,
                comparisons[name].before,
            )
            for name in names
        ],
        schema=dict.fromkeys(("count", "measured", "kept", "before"), pl.Int64),
        orient="row",
    ).select("measured", share=ratio("count", "measured"), kept=ratio("kept", "before"))

    labels = [figure.metric.label.lower() for figure in figures]
    return [
        FunnelStep(
            figure=figure,
            colour=names[index],
            share=row["share"],
            caption=(
                _caption(figure, row["share"], row["measured"], all_sent, labels[0])
                if index
                else ""
            ),
            drop=_drop(row["kept"], labels[index - 1]) if index else "",
        )
        for index, (figure, row) in enumerate(zip(figures, rows.iter_rows(named=True), strict=True))
    ]


def _caption(
    figure: Figure, share: float | None, measured: int | None, everything: int | None, of: str
) -> str:
    if figure.missing:
        return figure.missing
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
