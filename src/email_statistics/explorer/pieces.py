"""The HTML of the widgets: every text from data escaped, in the style of the reports."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from email_statistics.history.reasons import reason
from email_statistics.reports import pieces as components
from email_statistics.reports.pieces import Html
from email_statistics.reports.words import formats
from email_statistics.reports.words.metrics import Metric
from email_statistics.reports.words.money import worth
from email_statistics.reports.words.reasons import named as worded
from email_statistics.templates import templates

_templates = templates("email_statistics.explorer")

_DASH = "\N{EN DASH}"

# The counts at the head of a contact's history.
_COUNTS = ("sent", "delivered", "opened", "clicked", "replied", "unsubscribed", "complained")

_HAPPENINGS = {
    "sent_inferred": "Sent (inferred)",
    "delivered_inferred": "Delivered (inferred)",
    "delivered_last": "Delivered (the last time)",
    "hard_bounced_last": "Hard bounced (the last time)",
    "complained": "Complained (spam)",
    "goal_completed": "Goal completed",
}


def _render(template: str, **values: object) -> Html:
    return Html(_templates.get_template(f"{template}.html.j2").render(values))


def stylesheet() -> Html:
    """Return the styles of the reports' pieces and of the widgets."""
    own = resources.files(__package__).joinpath("explorer.css").read_text(encoding="utf-8")
    return Html(f"<style>{components.stylesheet()}{own}</style>")


def title(text: str, detail: str) -> Html:
    """Return the heading of a part of the screen."""
    return _render("title", title=text, detail=detail)


def note(text: str) -> Html:
    """Return a remark beside a control."""
    return components.note(text)


def cells(texts: Sequence[str], *, is_head: bool = False) -> Html:
    """Return the cells of one row of the list, or of its head."""
    return _render("cells", cells=texts, is_head=is_head)


def list_head(timezone: ZoneInfo) -> list[str]:
    """Return the titles of ``list_cells``; times are in ``timezone``."""
    zone = timezone.key
    return ["Email", "Status", "Segment", f"Reached ({zone})", f"Last updated ({zone})", "Remark"]


def list_cells(row: Mapping[str, Any], timezone: ZoneInfo, currency: str) -> list[str]:
    """Return a row of a contact list without the name, which is a widget of its own."""
    remark = row["reason"] or ""
    if not remark and row["orders"]:
        remark = worth(row["revenue"], currency)
    return [
        row["email"] or _DASH,
        worded(row["status"]),
        worded(row["segment"]),
        clock(row["outcome_at"], timezone),
        clock(row["last_updated_at"], timezone),
        remark,
    ]


def contact_header(row: Mapping[str, Any], metrics: Mapping[str, Metric], currency: str) -> Html:
    """Return who a contact is (``history.contact``), and its counts over all messages."""

    def said(name: str) -> str:
        value = row[name]
        return formats.UNMEASURED if value is None else formats.count(value)

    counted = [f"{metrics[name].label} {said(name)}" for name in _COUNTS]
    facts = [
        formats.isolated(row["email"]) if row["email"] else "no email address",
        f"segment {worded(row['segment'])}",
        *(["Do Not Disturb"] if row["is_do_not_disturb"] else []),
        *counted,
        f"{formats.plural(row['orders'], 'order')}, {worth(row['revenue'], currency)}",
    ]
    return title(row["full_name"] or row["email"] or "(no name)", " \N{MIDDLE DOT} ".join(facts))


def history(
    timeline: pl.DataFrame,
    total: int,
    timezone: ZoneInfo,
    currency: str,
    pages: Mapping[str, str] | None = None,
) -> Html:
    """Return a contact's history (``history.contact_timeline``) as a table, in time order.

    ``pages`` are URLs of pages by the id of the email that they are about.
    """
    if timeline.is_empty():
        return components.empty("Nothing is known of this contact.", "No message was sent to it.")
    listed = components.table(
        "All messages, engagement and conversions of the contact, in time order",
        [f"When ({timezone.key})", "What happened", "Email", "Detail", "Counts?"],
        [
            [
                clock(row["happened_at"], timezone),
                _HAPPENINGS.get(row["what"]) or worded(row["what"]),
                _email(row, pages or {}),
                _detail(row, currency),
                _counts(row),
            ]
            for row in timeline.iter_rows(named=True)
        ],
    )
    shown = (
        f"All {formats.count(total)} events."
        if timeline.height == total
        else f"The latest {formats.count(timeline.height)} of {formats.count(total)}; all are in "
        "core.fct_messages, core.fct_engagement_events and core.fct_conversions."
    )
    tests = " Test sends are shown too, but count nowhere."
    return components.stack([listed, components.note(shown + tests)])


def _email(row: Mapping[str, Any], pages: Mapping[str, str]) -> Html | str:
    if row["email_source_name"] is None:
        return _DASH
    return _render(
        "email",
        name=row["email_source_name"],
        type=row["email_source_type"],
        url=pages.get(row["email_source_id"]),
    )


def _detail(row: Mapping[str, Any], currency: str) -> str:
    parts = [row["detail"] and formats.isolated(row["detail"])]
    if row["what"] == "ordered":
        known = row["revenue"] is not None
        parts.append(formats.money(row["revenue"], currency) if known else "no exchange rate")
    if row["actor"] in ("human", "machine"):
        parts.append(f"by a {row['actor']}")
    return " \N{MIDDLE DOT} ".join(part for part in parts if part) or _DASH


def _counts(row: Mapping[str, Any]) -> str:
    decision = {"counted": "Yes", "not_counted": "No"}.get(row["status"]) or worded(row["status"])
    return f"{decision}: {reason(row)}" if row["reason"] else decision


def clock(value: datetime, timezone: ZoneInfo) -> str:
    """Return a UTC time in ``timezone``, to the second: ``22 Jun 2026, 14:05:09``."""
    local = value.replace(tzinfo=UTC).astimezone(timezone)
    return f"{formats.step(local)}:{local:%S}"
