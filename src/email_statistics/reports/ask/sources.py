"""One email source, as the pages about it need it: what it is, and what was measured of it.

It is chosen by ``email_source_id``; by default it is the most recent one of its type: by
``first_sent_at``, ties by id.
"""

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from email_statistics.reports.ask.queries import Asked
from email_statistics.reports.words.metrics import FAMILIES, Availability

_KINDS = {"ab_test": "A/B test", "rss": "RSS"}
TYPES = {
    "campaign": "campaign",
    "workflow": "workflow email action",
    "bulk": "bulk send",
    "transactional": "transactional email",
}
"""The types of email sources, in words."""


def type_in_words() -> pl.Expr:
    """The column ``email_source_type`` as a list says it: ``Bulk send``."""
    words = {name: text.capitalize() for name, text in TYPES.items()}
    return pl.col("email_source_type").replace(words)


@dataclass(frozen=True)
class Source:
    """An email source: its latest description, and its messages, if it has any.

    ``statuses`` are empty and the days None where nothing of it was sent, skipped or failed. Times
    are UTC without a zone.
    """

    email_source_id: str
    email_source_type: str
    name: str
    workflow_name: str | None
    campaign_kind: str | None
    status: str | None
    subject: str | None
    sending_domain: str
    first_day: date | None
    last_day: date | None
    first_sent_at: datetime | None
    last_sent_at: datetime | None
    statuses: Availability

    @property
    def type_in_words(self) -> str:
        """``campaign``, ``workflow email action``, ``bulk send``."""
        return TYPES[self.email_source_type]


def read_source(
    asked: Asked, email_source_type: str, email_source_id: str, campaign_kind: str = ""
) -> Source | None:
    """Read the source of this id, by default the most recent of the type (and kind, where given).

    None where the warehouse has none.
    """
    found = asked("shared/source", type=email_source_type, id=email_source_id, kind=campaign_kind)
    if found.is_empty():
        return None
    row = found.row(0, named=True)
    statuses = {family: row.pop(f"{family}_availability") for family in (*FAMILIES, "link_click")}
    return Source(
        **row, statuses={family: [status] for family, status in statuses.items() if status}
    )


def kind_tag(campaign_kind: str | None) -> str:
    """What tells a campaign from a standard one: ``A/B test``, ``RSS``; "" for others."""
    return _KINDS.get(campaign_kind or "", "")
