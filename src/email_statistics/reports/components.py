"""The pieces of a page: each takes plain values and gives HTML that a notebook cell shows.

The templates escape all text: what comes from data never becomes markup, and its direction (right
to left) stays its own. Looks are in ``report.css`` alone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib import resources
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from email_statistics.reports.figures import Figure
from email_statistics.reports.metrics import Metric

_templates = Environment(
    loader=PackageLoader("email_statistics.reports"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Html:
    """A piece of a page, shown by Jupyter as it is; pieces may hold pieces."""

    def __init__(self, markup: str) -> None:
        """``markup`` has its text escaped already."""
        self.markup = markup

    def __html__(self) -> str:
        """Let templates take it as it is (the convention of jinja2 and markupsafe)."""
        return self.markup

    def _repr_html_(self) -> str:
        return self.markup

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self.markup)} characters>"


def _render(template: str, **values: object) -> Html:
    return Html(_templates.get_template(f"{template}.html.j2").render(values))


def stylesheet() -> str:
    """Return the text of ``report.css``, which styles every piece and the page around them."""
    return resources.files(__package__).joinpath("report.css").read_text(encoding="utf-8")


def script() -> str:
    """Return the text of ``list.js``, the one script of a page."""
    return resources.files(__package__).joinpath("list.js").read_text(encoding="utf-8")


def header(lead: str, period: str, chosen: str, facts: Sequence[tuple[str, str]]) -> Html:
    """Open a page: a sentence that sums it up, its range and how that was chosen, and its data.

    It brings the stylesheet along, for notebooks that are read in Jupyter.
    """
    return _render(
        "header",
        lead=lead,
        period=period,
        chosen=chosen,
        facts=facts,
        stylesheet=Html(stylesheet()),
    )


def empty(title: str, advice: str) -> Html:
    """Say that there is nothing to show, and what to do."""
    return _render("empty", title=title, advice=advice)


def note(text: str) -> Html:
    """Add a remark about the numbers beside it."""
    return _render("note", text=text)


def tiles(figures: Sequence[Figure]) -> Html:
    """Show a few numbers large, each with its definition and verdict."""
    return _render("tiles", figures=figures)


@dataclass(frozen=True)
class FunnelStep:
    """A step of a funnel, in words but for ``share``: 0..1 of the first step, its bar's length.

    ``share`` is None where it isn't measured; ``drop`` tells of the way from the step before, "" if
    that can't be said; ``colour`` is a name of ``report.css``.
    """

    figure: Figure
    colour: str
    share: float | None
    caption: str
    drop: str


def funnel(steps: Sequence[FunnelStep]) -> Html:
    """Show how many got how far, and where the others dropped off."""
    return _render("funnel", steps=steps)


def switch(name: str, legend: str, panels: Sequence[tuple[str, Html]]) -> Html:
    """Show one panel at a time, chosen by radio buttons, with CSS alone; in print all of them.

    ``name`` is unlike any other switch's of the page; up to 12 panels, the first one is open.
    """
    tabs_of_panels = [Tab(label, panel) for label, panel in panels]
    return _render("switch", name=name, legend=legend, panels=tabs_of_panels, is_titled=False)


@dataclass(frozen=True)
class Tab:
    """A panel of ``tabs``; ``count`` stands beside its label, "" for none."""

    label: str
    panel: Html
    count: str = ""


def tabs(name: str, legend: str, panels: Sequence[Tab]) -> Html:
    """Show one of up to 12 panels, like ``switch``; in print each has its label as a title."""
    return _render("switch", name=name, legend=legend, panels=panels, is_titled=True)


def chart(
    title: str,
    summary: str,
    drawing: Html,
    table: Html,
    legend: Sequence[tuple[str, str]] = (),
    remark: str = "",
) -> Html:
    """Show a drawing (``charts``) with what it tells in words and, folded, all of its numbers.

    ``legend`` has each line's label and colour, in the order of the lines.
    """
    return _render(
        "chart",
        title=title,
        summary=summary,
        drawing=drawing,
        table=table,
        legend=legend,
        remark=remark,
    )


@dataclass(frozen=True)
class Name:
    """A source's name, with its tag, subject (if it says more) and a detail of ours below.

    Long names and subjects fold; they are whole on focus, on hover and in print.
    """

    text: str
    tag: str
    subject: str | None
    detail: str


@dataclass(frozen=True)
class Rank:
    """A place in a ranking; ``share`` (0..1) of the first one's value is the length of its bar."""

    name: Name
    value: str
    share: float
    detail: str


def ranking(
    title: str, metric: Metric, colour: str, ranks: Sequence[Rank], condition: str, empty: str
) -> Html:
    """Show the best few by a metric, and on what condition; ``empty`` is what to say of none."""
    return _render(
        "ranking",
        title=title,
        metric=metric,
        colour=colour,
        ranks=ranks,
        condition=condition,
        empty=empty,
    )


def source(name: str, subject: str, facts: Sequence[tuple[str, str]]) -> Html:
    """Say what a page is about: an email source's name, subject ("" for none) and description."""
    return _render("source", name=name, subject=subject, facts=facts)


@dataclass(frozen=True)
class Measured:
    """A family of numbers, its status (spec: What is measured at all), "" or why not measured."""

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
    return _render("measured", families=families, findings=findings)


def columns(pieces: Sequence[Html]) -> Html:
    """Set pieces side by side, or one below the other where the page is narrow."""
    return _render("columns", pieces=pieces)


def stack(pieces: Sequence[Html]) -> Html:
    """Set pieces one below the other, as one."""
    return Html("".join(piece.markup for piece in pieces))


Cell = str | Name | Figure


def table(caption: str, head: Sequence[str | Metric], rows: Sequence[Sequence[Cell]]) -> Html:
    """Show a table that scrolls by itself where the page is too narrow.

    A column headed by a metric holds numbers; the head leads to the metric's definition, which
    ``definitions`` puts at the end of the page. Why numbers are missing stands below the table.
    """
    missing = [cell.missing for row in rows for cell in row if isinstance(cell, Figure)]
    return _render(
        "table",
        caption=caption,
        head=[(column, isinstance(column, Metric)) for column in head],
        rows=[[(cell, type(cell).__name__) for cell in row] for row in rows],
        remarks=list(dict.fromkeys(reason for reason in missing if reason)),
    )


def list_of(
    caption: str,
    file: str,
    columns: Sequence[object],
    rows: Sequence[Sequence[tuple[str, str, str | Html]]],
    more: str,
    mart: str,
    query: str,
) -> Html:
    """Show a list of cells that ``listing`` has worded."""
    return _render(
        "list",
        caption=caption,
        file=file,
        columns=columns,
        rows=rows,
        more=more,
        mart=mart,
        query=query,
    )


def definitions(metrics: Collection[Metric]) -> Html:
    """List what each number of the page means and is measured against."""
    return _render("definitions", metrics=metrics)


def link(url: str) -> Html:
    """Show a URL from data: a link where it is http or https, else text."""
    try:
        is_web = urlsplit(url).scheme in ("http", "https")
    except ValueError:
        is_web = False
    return _render("link", url=url, is_web=is_web)
