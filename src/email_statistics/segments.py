"""Segments (guide: Build your segment): one row per contact, to write to or to leave out.

Either the contacts behind a metric of one email and its days, or one of the ``SEGMENTS`` of
``marts.contact_engagement``. Each row has ``contact_id``, ``full_name``, ``email``, ``reason``
(what put the contact on the list), ``last_at`` (when that was last, UTC), and
``is_do_not_disturb`` and ``is_unsubscribed`` (null where unsubscribes aren't measured), so that
nobody mails those who left.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from email_statistics.exports.content import Content
from email_statistics.reports.ask.contact_lists import OUTCOMES
from email_statistics.reports.ask.queries import Answer, Asked
from email_statistics.reports.ask.sources import Source
from email_statistics.reports.words import formats
from email_statistics.reports.words.period import Period
from email_statistics.reports.words.reasons import named

SEGMENTS = {
    "re_engagement": "Contacts who opened or clicked in the last {engaged_days} days",
    "sunset": (
        "Contacts who got {sunset_min_messages} emails or more in the last {sunset_days} days and "
        "engaged with none"
    ),
    "hygiene": "Contacts with a hard bounce, a complaint or a failed email: remove them",
    "unsubscribed": "Contacts who unsubscribed or are set to Do Not Disturb",
}
"""The segments of ``marts.contact_engagement`` that are lists, and what each is by the settings.

A contact is in the first that fits, in this order: hygiene, unsubscribed, re-engagement, sunset.
"""

PAGE_SIZES = (20, 50, 100)
"""Rows per page (guide)."""


NOBODY = "No contact is in this segment."
"""What an empty list of a named segment says."""


@dataclass(frozen=True)
class Segment:
    """A list of contacts: its query with what is bound, and what it is."""

    query: str
    description: str
    parameters: Mapping[str, Any]

    def page(self, asked: Asked, number: int, rows: int) -> Answer:
        """Page ``number``, from 1, of ``rows`` contacts each."""
        return asked.ask(self.query, first=rows, skip=(number - 1) * rows, **self.parameters)

    def content(self, asked: Asked) -> Content:
        """The whole list, to be exported."""
        shown = {name: str(value) for name, value in self.parameters.items()}
        return Content(
            "segment", self.description, shown, asked.stream(self.query, **self.parameters)
        )


def segment_of_metric(source: Source, metric: str, period: Period) -> Segment:
    """The contacts of a source's messages booked in the period that count for ``metric``."""
    return Segment(
        "segments/of_metric",
        f"{named(metric)}: {source.name}, {formats.days(period.start, period.end)}",
        {
            "id": source.email_source_id,
            "outcomes": OUTCOMES[metric],
            "start": period.start,
            "end": period.end,
        },
    )


def named_segment(name: str, settings: Mapping[str, Any]) -> Segment:
    """The contacts of one of ``SEGMENTS``, by the settings of a build."""
    return Segment("segments/named", SEGMENTS[name].format_map(settings), {"segment": name})
