"""What an export holds: rows of the published tables, in frames, with what they are.

Days pick messages by the day on which they were booked. Numbers that weren't measured are null.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from email_statistics.errors import UsageError, suggest
from email_statistics.reports.ask.contact_lists import OUTCOMES
from email_statistics.reports.ask.counts import emails, read_metrics
from email_statistics.reports.ask.queries import Asked
from email_statistics.reports.ask.sources import TYPES, Source, read_source
from email_statistics.reports.words import formats
from email_statistics.reports.words.metrics import known_money
from email_statistics.reports.words.period import Period
from email_statistics.reports.words.reasons import NOT_MEASURED, begun, named

EMAILS: Mapping[str, tuple[str, Collection[str]]] = {
    "all": ("All campaigns", TYPES),
    "campaigns": ("Email marketing campaigns only", ["campaign"]),
    "workflows": ("Workflows only (individual email action level)", ["workflow"]),
    "bulk": ("Bulk actions only", ["bulk"]),
    "transactional": ("Transactional emails only", ["transactional"]),
}
"""The exports of emails (guide: Export Type): what each is called, and the types it includes."""


@dataclass(frozen=True)
class Content:
    """What one export holds, read as its frames are taken: while the warehouse is open."""

    export_type: str
    description: str
    parameters: Mapping[str, Any]
    frames: Iterator[pl.DataFrame]


def emails_content(asked: Asked, export_type: str, period: Period) -> Content:
    """One row per email of ``EMAILS[export_type]`` with messages booked in the period."""
    asked.over(period)
    title, types = EMAILS[export_type]
    return Content(
        export_type,
        f"{title}, {formats.days(period.start, period.end)}",
        _days(period),
        iter([emails(asked, read_metrics(asked), types)]),
    )


def details_content(asked: Asked, source: Source, outcome: str, period: Period) -> Content:
    """One Details list (guide), whole: one row per message of the source with this outcome."""
    asked.over(period)
    rows = asked.stream("shared/contacts", id=source.email_source_id, outcomes=OUTCOMES[outcome])
    return Content(
        "details",
        f"{named(outcome)}: {source.name}, {formats.days(period.start, period.end)}",
        {"email_source_id": source.email_source_id, "outcome": outcome, **_days(period)},
        (known_money(frame, ["revenue"]) for frame in rows),
    )


def links_content(asked: Asked, source: Source) -> Content:
    """One row per link of a campaign over its whole life.

    Raises ``UsageError`` where links of such an email aren't counted.
    """
    if source.email_source_type != "campaign" or source.campaign_kind != "standard":
        reason = NOT_MEASURED["link_click", "not_supported"]
        raise UsageError(f"'{source.email_source_id}' has no list of links: {reason}.")
    return Content(
        "links",
        f"Links of {source.name}",
        {"email_source_id": source.email_source_id},
        asked.stream("exports/links", id=source.email_source_id),
    )


def find_source(asked: Asked, email_source_id: str, email_source_type: str = "") -> Source:
    """Read the source of this id, of any type where none is given.

    Raises ``UsageError`` where there is none, or it is of another type.
    """
    known = asked("shared/similar_sources", id=email_source_id)
    types = dict(known.select("email_source_id", "email_source_type").iter_rows())
    found = types.get(email_source_id)
    if found is None:
        near = (
            f"did you mean '{known['email_source_id'][0]}'?"
            if types
            else "`email-stats sources` lists them."
        )
        raise UsageError(f"No email has the id '{email_source_id}': {near}")
    if email_source_type not in ("", found):
        raise UsageError(
            f"'{email_source_id}' is a {TYPES[found]}, not a {TYPES[email_source_type]}: give "
            "another id or type."
        )
    source = read_source(asked, found, email_source_id)
    if source is None:
        raise AssertionError("a source that is listed can be read")
    return source


def refuse_unknown(what: str, name: str, names: Collection[str]) -> None:
    """Raise ``UsageError`` where ``name`` isn't one of ``names``."""
    if name not in names:
        raise UsageError(f"There is no {what} '{name}': {suggest(name, names)}")


def why_nobody(asked: Asked, source: Source, metric: str) -> str:
    """Why a list of this source and metric is empty, as a sentence."""
    if source.first_day is None:
        return "It wasn't sent: drafts and scheduled emails have no statistics until they go out."
    family = read_metrics(asked)[metric].family
    for status in source.statuses.get(family or "", ()):
        if (family, status) in NOT_MEASURED:
            return f"{begun(NOT_MEASURED[family or '', status])}."
    return "The metric is 0 for this email and these days."


def _days(period: Period) -> dict[str, str]:
    return {"start": period.start.isoformat(), "end": period.end.isoformat()}
