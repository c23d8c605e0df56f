"""A drawing with its words and its numbers."""

from collections.abc import Sequence

from email_statistics.reports.pieces.base import Html, render


def chart(
    title: str,
    summary: str,
    drawing: Html,
    table: Html,
    legend: Sequence[tuple[str, str, int]] = (),
    remark: str = "",
) -> Html:
    """Show a drawing with what it tells in words and, folded, all of its numbers.

    ``legend`` has each line's label, colour and dash, in the order of the lines.
    """
    return render(
        "chart",
        title=title,
        summary=summary,
        drawing=drawing,
        table=table,
        legend=legend,
        remark=remark,
    )
