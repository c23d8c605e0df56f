"""What the live pages show, asked of the published warehouse at each request."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from email_statistics.errors import UsageError
from email_statistics.explorer.pieces import contact_header, history
from email_statistics.exports.content import find_source, refuse_unknown, why_nobody
from email_statistics.history import contact, contact_timeline
from email_statistics.reports import pieces
from email_statistics.reports.ask.build import Build
from email_statistics.reports.ask.contact_lists import BOXES, HAS_REASON, OUTCOMES, contact_list
from email_statistics.reports.ask.counts import read_metrics, total
from email_statistics.reports.ask.queries import Answer, Asked, asking
from email_statistics.reports.ask.sources import TYPES, Source
from email_statistics.reports.pages.source_page import nothing_booked
from email_statistics.reports.pieces import Html
from email_statistics.reports.run.site import Subject
from email_statistics.reports.words import formats
from email_statistics.reports.words.period import Period
from email_statistics.reports.words.reasons import named
from email_statistics.segments import (
    NOBODY,
    PAGE_SIZES,
    SEGMENTS,
    Segment,
    named_segment,
    segment_of_metric,
)
from email_statistics.serve.forms import Known, chosen_period
from email_statistics.serve.published import remembered
from email_statistics.serve.site import Site

_MOST_EVENTS = 500
_WHEN = {"re_engagement": "Last opened or clicked", "sunset": "Last delivered"}
"""Whose time a segment lists; of the others when what its reason says happened."""


@dataclass(frozen=True)
class Paging:
    """A page of a list: its number from 1, the rows on each page, and the rows in all."""

    number: int
    rows: int
    total: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least 1."""
        return max(1, -(-self.total // self.rows))

    @property
    def text(self) -> str:
        """``21-40 of 241`` (en dash)."""
        first = (self.number - 1) * self.rows + 1
        last = min(self.number * self.rows, self.total)
        return f"{first:,}\N{EN DASH}{last:,} of {self.total:,}"


@dataclass(frozen=True)
class Contacts:
    """A list of contacts: titles, rows of a contact's id and cells, which page, why it is empty."""

    head: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]
    paging: Paging
    reason: str


@dataclass(frozen=True)
class Analytics:
    """Email Analytics (guide): ``source`` is None, and nobody listed, until one is chosen.

    ``nothing`` says that nothing of it went out in the days, and what to do.
    """

    build: Build
    period: Period
    source_type: str
    emails: Sequence[Subject]
    source: Source | None
    boxes: Sequence[tuple[str, str, str]]
    nothing: tuple[str, str] | None
    metric: str
    contacts: Contacts | None


def read_emails(asked: Asked) -> list[Subject]:
    """Every email of the data, the most recent first."""
    return [Subject(**row) for row in asked("shared/emails").iter_rows(named=True)]


def read_known(asked: Asked) -> Known:
    """What a report can be about, the most recent first."""
    experiments = asked("shared/experiments").iter_rows(named=True)
    return Known(
        read_emails(asked),
        [
            (one["experiment_id"], one["experiment_name"] or one["experiment_id"])
            for one in experiments
        ],
        asked("attribution/policies")["name"].to_list(),
    )


def page_and_rows(given: Mapping[str, str]) -> tuple[int, int]:
    """Return the page of a list and the rows on it. Raises ``UsageError`` where they can't be."""
    page, rows = given.get("page", "1"), given.get("per_page", str(PAGE_SIZES[0]))
    if not page.isascii() or not page.isdigit() or not 0 < int(page[:9]) < 10**8 or len(page) > 8:
        raise UsageError(f"There is no page {page!r}.")
    if rows not in map(str, PAGE_SIZES):
        raise UsageError("A page has 20, 50 or 100 rows.")
    return int(page), int(rows)


@remembered
def analytics(given: Mapping[str, str]) -> Analytics:
    """Ask what Email Analytics shows for the filters that were chosen.

    Raises ``UsageError`` for filters that can't be.
    """
    source_type, metric = given.get("source_type", "campaign"), given.get("metric", "")
    refuse_unknown("type", source_type, TYPES)
    if metric:
        refuse_unknown("metric", metric, OUTCOMES)
    with asking() as asked:
        emails = [one for one in read_emails(asked) if one.type == source_type]
        if not given.get("source"):
            period = chosen_period(
                {**given, "period": given.get("period", "30")}, asked.build.last_day
            )
            return Analytics(asked.build, period, source_type, emails, None, [], None, metric, None)
        source = find_source(asked, given["source"], source_type)
        period = chosen_period(
            given, asked.build.last_day, source.first_day or asked.build.last_day
        )
        asked.over(period)
        asked.bind(id=source.email_source_id, type=source_type)
        metrics = read_metrics(asked)
        counts = total(asked, metrics).row(0, named=True)
        boxes = [(name, metrics[name].label, _count(counts, name)) for name in BOXES]
        nothing = nothing_booked(source) if counts["recipients"] is None else None
        listed = None
        if metric and nothing is None:
            page, rows = page_and_rows(given)
            answer = contact_list(asked, source.email_source_id, metric, rows, (page - 1) * rows)
            listed = _behind_a_number(asked, source, metric, answer, page, rows)
        return Analytics(
            asked.build, period, source_type, emails, source, boxes, nothing, metric, listed
        )


def _count(counts: Mapping[str, Any], name: str) -> str:
    value = counts[name]
    return formats.UNMEASURED if value is None else formats.count(value)


def _behind_a_number(
    asked: Asked, source: Source, metric: str, answer: Answer, page: int, rows: int
) -> Contacts:
    zone = asked.build.timezone
    head = ["Full name", "Email", "Status", f"Last updated ({zone.key})"]
    if metric in HAS_REASON:
        head.append("Reason")
    listed = []
    for row in answer.rows.iter_rows(named=True):
        cells = [
            row["full_name"] or "(no name)",
            row["email"] or "\N{EN DASH}",
            named(row["status"]),
            formats.step(asked.build.clock(row["last_updated_at"])),
        ]
        if metric in HAS_REASON:
            cells.append(row["reason"] or "not given")
        listed.append((row["contact_id"], cells))
    reason = "" if answer.total else why_nobody(asked, source, metric)
    return Contacts(head, listed, Paging(page, rows, answer.total), reason)


def contact_page(contact_id: str, site: Site) -> tuple[str, Html] | None:
    """Return a contact's name and record; None where there is no such contact.

    Names of emails lead to their pages of ``site``.
    """
    row = contact(contact_id)
    if row is None:
        return None
    with asking() as asked:
        metrics, build = read_metrics(asked), asked.build
    timeline, events = contact_timeline(row["contact_id"], _MOST_EVENTS)
    ids = timeline["email_source_id"].drop_nulls().unique().to_list()
    record = pieces.stack(
        [
            contact_header(row, metrics, build.currency),
            history(timeline, events, build.timezone, build.currency, site.pages_of(ids)),
        ]
    )
    return row["full_name"] or row["email"] or row["contact_id"], record


@contextmanager
def segment_asked(given: Mapping[str, str]) -> Iterator[tuple[Asked, Segment]]:
    """Open the warehouse for a segment: ``name`` of one, or ``metric``, ``source`` and days.

    Raises ``UsageError`` where it can't be.
    """
    with asking() as asked:
        if given.get("name"):
            refuse_unknown("segment", given["name"], SEGMENTS)
            yield asked, named_segment(given["name"], asked.build.settings)
            return
        refuse_unknown("metric", given.get("metric", ""), OUTCOMES)
        if not given.get("source"):
            raise UsageError("Source name is required: choose an email.")
        source = find_source(asked, given["source"])
        first_day = source.first_day or asked.build.last_day
        period = chosen_period(given, asked.build.last_day, first_day)
        yield asked, segment_of_metric(source, given["metric"], period)


@remembered
def segment_page(given: Mapping[str, str]) -> tuple[str, str, Contacts]:
    """Return a segment's title, what it is, and a page of it. Raises ``UsageError``."""
    page, rows = page_and_rows(given)
    with segment_asked(given) as (asked, segment):
        answer = segment.page(asked, page, rows)
        build = asked.build
        reason = ""
        if not answer.total and given.get("name"):
            reason = NOBODY
        elif not answer.total:
            reason = why_nobody(asked, find_source(asked, given["source"]), given["metric"])
    when = f"{_WHEN.get(given.get('name', ''), 'When')} ({build.timezone.key})"
    head = ["Full name", "Email", "Reason", when, "May be emailed"]
    listed = [
        (
            row["contact_id"],
            [
                row["full_name"] or "(no name)",
                row["email"] or "\N{EN DASH}",
                _why(row["reason"]),
                formats.step(build.clock(row["last_at"])) if row["last_at"] else "\N{EN DASH}",
                _may_be_emailed(row),
            ],
        )
        for row in answer.rows.iter_rows(named=True)
    ]
    title = named(given["name"]) if given.get("name") else segment.description
    return (
        title,
        segment.description,
        Contacts(head, listed, Paging(page, rows, answer.total), reason),
    )


def _why(reason: str) -> str:
    """Write the reason of a segment: outcomes, or one with what the sender said of it."""
    outcome, sign, said = reason.partition(": ")
    return f"{named(outcome)}{sign}{said}" if sign else ", ".join(map(named, reason.split(", ")))


def _may_be_emailed(row: Mapping[str, Any]) -> str:
    if row["is_do_not_disturb"]:
        return "No: Do Not Disturb"
    if row["is_unsubscribed"] is None:
        return "Unknown: unsubscribes aren't measured"
    return "No: unsubscribed" if row["is_unsubscribed"] else "Yes"


def segments() -> list[tuple[str, str, int]]:
    """List each segment: its name, what it is, and how many contacts are in it."""
    with asking() as asked:
        sizes = dict(asked("segments/sizes").iter_rows())
        settings = asked.build.settings
    return [
        (name, named_segment(name, settings).description, sizes.get(name, 0)) for name in SEGMENTS
    ]
