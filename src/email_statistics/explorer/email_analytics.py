"""Email Analytics as widgets (guide: Settings > Email Services > Email Analytics).

The guide's screen: metric boxes, the type and the name of the source, a date range, the list of
contacts behind a metric, page by page, and behind each name the contact's whole history. Each click
reads the published tables again; nothing is kept open.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import ipywidgets as widgets
import polars as pl

from email_statistics.errors import EmailStatsError
from email_statistics.explorer import pieces
from email_statistics.history import contact, contact_timeline
from email_statistics.reports import pieces as components
from email_statistics.reports.ask.build import Build
from email_statistics.reports.ask.contact_lists import BOXES, contact_list
from email_statistics.reports.ask.counts import read_metrics, sources
from email_statistics.reports.ask.queries import asking
from email_statistics.reports.pieces import Html
from email_statistics.reports.words import formats
from email_statistics.reports.words.figures import Figure, figure
from email_statistics.reports.words.metrics import Metric, availability
from email_statistics.reports.words.period import Period, choose_period
from email_statistics.reports.words.reasons import begun

_TYPES = [
    ("Campaign", "campaign"),
    ("Workflow", "workflow"),
    ("Bulk request", "bulk"),
    ("Transactional", "transactional"),
]
_PAGE_SIZES = (20, 50, 100)
_LAST_DAYS = 30
_MOST_HAPPENINGS = 1000
_NO_SOURCE = "Choose a source name"


class EmailAnalytics:
    """The screen; ``view`` is what a notebook shows."""

    def __init__(self) -> None:
        """Read the build and show the controls, without a chosen source.

        Raises ``WarehouseError`` where nothing is published.
        """
        self._metric = "delivered"
        self._page = 0
        self._is_filling = False
        self._sources = pl.DataFrame()
        self._read_build()

        self._type = widgets.ToggleButtons(options=_TYPES)
        self._source = widgets.Dropdown(options=[(_NO_SOURCE, None)])
        period = choose_period("", "", _LAST_DAYS, "", self._build.last_day)
        self._start = widgets.DatePicker(value=period.start)
        self._end = widgets.DatePicker(value=period.end)
        self._page_size = widgets.ToggleButtons(options=_PAGE_SIZES)
        self._refresh = widgets.Button(description="Refresh", icon="refresh")
        self._boxes = {metric: self._box(metric) for metric in BOXES}
        self._previous = widgets.Button(description="Previous", icon="chevron-left")
        self._next = widgets.Button(description="Next", icon="chevron-right")
        self._back = _named(
            "es-back", widgets.Button(description="Back to the list", icon="arrow-left")
        )
        self._shown = widgets.HTML()
        self._rows: list[_Row] = []
        self._head = widgets.HTML()
        self._table = widgets.VBox()
        self._body = widgets.VBox()
        self.view = widgets.VBox(
            [
                widgets.HTML(pieces.stylesheet().markup),
                _named(
                    "es-controls",
                    widgets.HBox(
                        [
                            _labelled("Source type", self._type),
                            _labelled("Source name (required)", self._source),
                            _labelled("First day", self._start),
                            _labelled("Last day", self._end),
                            _labelled("Contacts per page", self._page_size),
                            self._refresh,
                        ]
                    ),
                ),
                _named("es-boxes", widgets.HBox(list(self._boxes.values()))),
                self._body,
            ]
        )
        self.view.add_class("es-page").add_class("es-explorer")
        _named("es-contacts", self._table)
        self._listen()
        self._fill_sources()
        self._show()

    def _listen(self) -> None:
        self._type.observe(lambda _: self._restart(self._fill_sources), "value")
        for control in (self._source, self._start, self._end, self._page_size):
            control.observe(lambda _: self._restart(), "value")
        self._refresh.on_click(lambda _: self._restart(self._read_build, self._fill_sources))
        self._previous.on_click(lambda _: self._turn(-1))
        self._next.on_click(lambda _: self._turn(1))
        self._back.on_click(lambda _: self._show())

    def _box(self, metric: str) -> Any:
        button = widgets.Button(description=self._metrics[metric].label)
        button.add_class("es-box").add_class(f"es-box--{metric}")

        def choose(_: object) -> None:
            self._metric = metric
            self._restart()

        button.on_click(choose)
        return button

    def _read_build(self) -> None:
        with asking() as asked:
            self._build: Build = asked.build
            self._metrics: dict[str, Metric] = read_metrics(asked)

    def _fill_sources(self) -> None:
        """Offer the sources of the type; the chosen one stays chosen if it is among them."""
        with asking() as asked:
            self._sources = asked("shared/sources_with_statistics", type=self._type.value)
        chosen = self._source.value
        ids = self._sources["email_source_id"].to_list()
        self._is_filling = True
        try:
            self._source.options = [
                (_NO_SOURCE, None),
                *(
                    (self._source_label(row), row["email_source_id"])
                    for row in self._sources.iter_rows(named=True)
                ),
            ]
            self._source.value = chosen if chosen in ids else None
        finally:
            self._is_filling = False

    def _source_label(self, row: dict[str, Any]) -> str:
        first = row["first_sent_at"]
        sent = formats.day(first.date()) if first else "not sent"
        of_workflow = f"{row['workflow_name']}: " if row["workflow_name"] else ""
        return f"{of_workflow}{row['email_source_name']} ({sent})"

    def _restart(self, *before: Callable[[], None]) -> None:
        """Show the first page of the list, after the steps ``before``."""
        if self._is_filling:
            return
        self._page = 0
        self._show(*before)

    def _turn(self, by: int) -> None:
        self._page += by
        self._show()

    def _show(self, *before: Callable[[], None]) -> None:
        try:
            for step in before:
                step()
            self._body.children = self._list()
        except EmailStatsError as error:
            self._clear_boxes()
            self._body.children = [_html(components.empty("That can't be shown.", str(error)))]

    def _clear_boxes(self) -> None:
        for metric, button in self._boxes.items():
            button.description = f"{self._metrics[metric].label}\n\N{EN DASH}"
            button.tooltip = self._metrics[metric].definition
            button.disabled = True

    def _period(self) -> Period:
        def text(day: date | None) -> str:
            return day.isoformat() if day else ""

        return choose_period(
            text(self._start.value), text(self._end.value), _LAST_DAYS, "", self._build.last_day
        )

    def _list(self) -> list[Any]:
        period = self._period()
        if self._source.value is None:
            self._clear_boxes()
            kind = {value: label.lower() for label, value in _TYPES}[self._type.value]
            advice = (
                "Choose one above: without it the filter returns nothing."
                if self._sources.height
                else f"There is no {kind} with statistics in these data: drafts and scheduled "
                "ones show nothing until they go out."
            )
            return [_html(components.empty("Source Name is required.", advice))]
        source = self._sources.row(
            by_predicate=pl.col("email_source_id") == self._source.value, named=True
        )
        with asking() as asked:
            asked.over(period)
            asked.bind(type=self._type.value)
            booked = sources(asked, self._metrics).filter(
                pl.col("email_source_id") == self._source.value
            )
        if booked.is_empty():
            self._clear_boxes()
            days = formats.days(source["first_booked_date"], source["last_booked_date"])
            return [
                _html(
                    components.empty(
                        "No message of it was booked in these days.",
                        f"Its messages were booked {days}: choose days among these.",
                    )
                )
            ]
        figures = self._fill_boxes(booked)
        return self._page_of(figures[self._metric], source, period)

    def _fill_boxes(self, booked: pl.DataFrame) -> dict[str, Figure]:
        row, statuses = booked.row(0, named=True), availability(booked)
        figures = {
            name: figure(self._metrics[name], row, self._metrics, statuses, self._build.currency)
            for name in BOXES
        }
        for name, button in self._boxes.items():
            shown = figures[name]
            button.description = f"{shown.metric.label}\n{shown.text or begun(formats.UNMEASURED)}"
            button.tooltip = shown.missing or shown.metric.definition
            button.disabled = False
            chosen = button.add_class if name == self._metric else button.remove_class
            chosen("es-box--chosen")
        return figures

    def _page_of(self, shown: Figure, source: dict[str, Any], period: Period) -> list[Any]:
        size = self._page_size.value
        with asking() as asked:
            asked.over(period)
            listed = contact_list(
                asked, source["email_source_id"], self._metric, size, self._page * size
            )
        rows, total = listed.rows, listed.total
        title = _html(
            pieces.title(
                f"{shown.metric.label}: {source['email_source_name']}",
                f"{shown.metric.definition} Messages booked "
                f"{formats.days(period.start, period.end)}, both days included; data through "
                f"{self._data_through()}; times in {self._build.timezone.key}.",
            )
        )
        if shown.missing:
            return [title, _html(components.empty(shown.missing, "There is no list of it."))]
        if rows.is_empty():
            return [title, _html(components.empty("Nobody is in this list.", "It counts 0."))]
        self._fill_rows(rows)
        first = self._page * size + 1
        self._shown.value = pieces.note(
            f"{formats.count(first)}\N{EN DASH}{formats.count(first + rows.height - 1)} "
            f"of {formats.count(total)}"
        ).markup
        self._previous.disabled = self._page == 0
        self._next.disabled = first + size > total
        pager = _named("es-pager", widgets.HBox([self._previous, self._shown, self._next]))
        return [title, self._table, pager]

    def _data_through(self) -> str:
        through = self._build.data_through_at
        return formats.moment(through, self._build.timezone) if through else "no event yet"

    def _fill_rows(self, rows: pl.DataFrame) -> None:
        # Widgets are slow to make: those of earlier pages are used again.
        while len(self._rows) < rows.height:
            self._rows.append(_Row(self._drill))
        zone = self._build.timezone
        self._head.value = pieces.cells(["Full name", *pieces.list_head(zone)], is_head=True).markup
        for widget, row in zip(self._rows, rows.iter_rows(named=True), strict=False):
            widget.fill(row, pieces.list_cells(row, zone, self._build.currency))
        shown = [row.view for row in self._rows[: rows.height]]
        self._table.children = [self._head, *shown]

    def _drill(self, contact_id: str) -> None:
        """Show a contact and its history in place of the list."""
        zone, currency = self._build.timezone, self._build.currency
        try:
            described = contact(contact_id)
            if described is None:
                raise EmailStatsError("That contact is gone: click Refresh.")
            timeline, total = contact_timeline(contact_id, _MOST_HAPPENINGS)
            shown = [
                pieces.contact_header(described, self._metrics, currency),
                pieces.history(timeline, total, zone, currency),
            ]
        except EmailStatsError as error:
            shown = [components.empty("That can't be shown.", str(error))]
        self._body.children = [self._back, *map(_html, shown)]


class _Row:
    """A contact in the list: its name is a button that opens its history."""

    def __init__(self, drill: Callable[[str], None]) -> None:
        self._contact_id = ""
        self._name = widgets.Button()
        self._name.add_class("es-contact")
        self._name.on_click(lambda _: drill(self._contact_id))
        self._cells = widgets.HTML()
        self.view = _named("es-row", widgets.HBox([self._name, self._cells]))

    def fill(self, row: dict[str, Any], cells: Sequence[str]) -> None:
        self._contact_id = row["contact_id"]
        self._name.description = row["full_name"] or row["email"] or "(no name)"
        self._name.tooltip = f"The history of {row['full_name'] or row['email']}"
        self._cells.value = pieces.cells(cells).markup


def _html(piece: Html) -> Any:
    return widgets.HTML(piece.markup)


def _named(css_class: str, widget: Any) -> Any:
    widget.add_class(css_class)
    return widget


def _labelled(label: str, widget: Any) -> Any:
    return _named("es-control", widgets.VBox([widgets.Label(label), widget]))


def explore() -> Any:
    """Return the screen, to be the last line of a cell."""
    return EmailAnalytics().view
