"""One email source, as the pages about it need it: what it is, what was measured of it, and why.

It is chosen by ``email_source_id``; by default it is the most recent one of its type: by
``first_sent_at``, ties by id (spec: Reports).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl

from email_statistics import warehouse
from email_statistics.errors import UsageError
from email_statistics.reports import components, formats
from email_statistics.reports.build import Build
from email_statistics.reports.components import Finding, Html, Measured
from email_statistics.reports.metrics import FAMILIES, Availability, in_words

_KINDS = {"ab_test": "A/B test", "rss": "RSS"}
_TYPES = {"campaign": "campaign", "workflow": "workflow email action", "bulk": "bulk send"}
# The families of what is measured, as a page calls them.
_FAMILIES = {**FAMILIES, "link_click": "Clicks of each link"}


@dataclass(frozen=True)
class Source:
    """An email source: its latest description, and its messages, if it has any.

    ``statuses`` are empty and the days None where nothing of it was sent, skipped or failed. Times
    are aware.
    """

    email_source_id: str
    email_source_type: str
    name: str
    workflow_id: str | None
    workflow_name: str | None
    campaign_kind: str | None
    status: str | None
    subject: str | None
    sending_domain: str
    first_sent_at: datetime | None
    last_sent_at: datetime | None
    first_day: date | None
    last_day: date | None
    statuses: Availability

    @property
    def type_in_words(self) -> str:
        """``campaign``, ``workflow email action``, ``bulk send``."""
        return _TYPES[self.email_source_type]


def read_source(
    email_source_type: str, email_source_id: str, *, campaign_kind: str = ""
) -> Source | None:
    """Read the source of this id, by default the most recent of the type (and kind, where given).

    None where the warehouse has none of the type at all. Raises ``UsageError`` where the id is
    unknown or of another type.
    """
    found = warehouse.sql(
        """
        with

        booked as (
            select
                email_source_id,
                min(booked_date) as first_day,
                max(booked_date) as last_day
            from marts.email_performance_daily
            group by email_source_id
        )

        select
            sources.email_source_id,
            sources.email_source_type,
            coalesce(sources.email_source_name, sources.email_source_id) as name,
            sources.workflow_id,
            sources.workflow_name,
            sources.campaign_kind,
            sources.status,
            sources.subject,
            coalesce(sources.sending_domain, '(none named)') as sending_domain,
            performance.first_sent_at,
            performance.last_sent_at,
            booked.first_day,
            booked.last_day,
            performance.delivery_availability,
            performance.open_availability,
            performance.click_availability,
            performance.link_click_availability
        from core.dim_email_sources as sources
        left join marts.email_performance as performance
            on sources.email_source_id = performance.email_source_id
        left join booked on sources.email_source_id = booked.email_source_id
        where
            sources.email_source_id = $id
            or (
                $id = ''
                and sources.email_source_type = $type
                and $kind in ('', sources.campaign_kind)
            )
        order by performance.first_sent_at desc nulls last, sources.email_source_id
        limit 1
        """,
        id=email_source_id,
        type=email_source_type,
        kind=campaign_kind,
    )
    if found.is_empty():
        if email_source_id:
            raise UsageError(
                f"email_source_id can't be {email_source_id!r}: no {email_source_type} has that id."
            )
        return None
    row = found.row(0, named=True)
    if row["email_source_type"] != email_source_type:
        raise UsageError(
            f"email_source_id can't be {email_source_id!r}: that is a {row['email_source_type']}, "
            f"give the id of a {email_source_type}."
        )
    statuses = {family: row.pop(f"{family}_availability") for family in _FAMILIES}
    for name in ("first_sent_at", "last_sent_at"):
        row[name] = row[name] and row[name].replace(tzinfo=UTC)
    return Source(
        **row, statuses={family: [status] for family, status in statuses.items() if status}
    )


def read_findings(email_source_id: str) -> pl.DataFrame:
    """Read what the diagnostics found out of order, or worth knowing, about a source.

    One row a check that isn't ok, the gravest first: ``status``, ``check_name``, ``message``.
    """
    return warehouse.sql(
        """
        select
            status,
            check_name,
            message
        from marts.email_diagnostics
        where email_source_id = $id and status <> 'ok'
        order by
            case status when 'fail' then 1 when 'warn' then 2 else 3 end,
            sort_order
        """,
        id=email_source_id,
    )


def kind_tag(campaign_kind: str | None) -> str:
    """What tells a campaign from a standard one: ``A/B test``, ``RSS``; "" for others."""
    return _KINDS.get(campaign_kind or "", "")


def source_facts(source: Source, build: Build) -> Html:
    """Say what the source is: name, subject, type, status, domain, when it went out."""
    kind = source.type_in_words.capitalize()
    if source.campaign_kind:
        kind = f"{kind}, {kind_tag(source.campaign_kind) or source.campaign_kind}"
    facts = [("Type", kind)]
    if source.workflow_name:
        facts.append(("Workflow", source.workflow_name))
    facts += [("Status", source.status or "Unknown"), ("Sending domain", source.sending_domain)]
    for label, moment in (("First sent", source.first_sent_at), ("Last sent", source.last_sent_at)):
        facts.append((label, formats.moment(moment, build.timezone) if moment else "Not sent"))
    facts.append(("Id", source.email_source_id))
    return components.source(source.name, source.subject or "", facts)


def measured(source: Source, findings: pl.DataFrame) -> Html:
    """Say which families were measured of the source and why not, with what diagnostics found."""
    families = [
        Measured(_FAMILIES[family], status, in_words(family, status))
        for family, [status] in _single(source.statuses)
    ]
    return components.measured(
        families, [Finding(row["status"], row["message"]) for row in findings.iter_rows(named=True)]
    )


def _single(statuses: Availability) -> Sequence[tuple[str, list[str]]]:
    return [(family, list(found)) for family, found in statuses.items()]


def nothing_booked(source: Source) -> tuple[str, str]:
    """What to say, and to advise, where a source has no message in the days of a page."""
    if source.first_day is None or source.last_day is None:
        return (
            f"Nothing went out from this {source.type_in_words} yet.",
            "Drafts and scheduled sends show no data until they go out. "
            "To check the set-up, run email-stats doctor.",
        )
    return (
        f"No message of this {source.type_in_words} was booked in these days.",
        f"Its messages were booked {formats.days(source.first_day, source.last_day)}: choose "
        "start_date and end_date among these days, or last_days=0 for all of them.",
    )


def none_at_all(email_source_type: str) -> tuple[str, str]:
    """What to say, and to advise, where the warehouse has no source of a type."""
    return (
        f"There is no {_TYPES[email_source_type]} in these data.",
        "Check that email_sources of the raw lake has one (email-stats doctor), and build again.",
    )
