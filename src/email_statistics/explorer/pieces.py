"""What the widgets show as HTML: every text from data escaped, in the look of the reports."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined

from email_statistics.reports import pieces as components
from email_statistics.reports.pieces import Html
from email_statistics.reports.words import formats
from email_statistics.reports.words.metrics import Metric
from email_statistics.reports.words.money import worth
from email_statistics.reports.words.reasons import EXCLUSIONS
from email_statistics.reports.words.reasons import named as worded

_templates = Environment(
    loader=PackageLoader("email_statistics.explorer"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

_DASH = "\N{EN DASH}"

# The counts at the head of a contact's history.
_COUNTS = ("sent", "delivered", "opened", "clicked", "replied", "unsubscribed", "complained")

_HAPPENINGS = {
    "targeted": "Targeted, not sent so far",
    "delivered_inferred": "Delivered (inferred)",
    "complained": "Complained (spam)",
    "goal_completed": "Goal completed",
}

# Why a conversion isn't credited (spec: Attribution), as the end of a sentence.
_UNCREDITED = {
    "no_touch": "no open or click before it",
    "outside_window": "outside the attribution window",
}


def _render(template: str, **values: object) -> Html:
    return Html(_templates.get_template(f"{template}.html.j2").render(values))


def stylesheet() -> Html:
    """Return the looks of the reports' pieces and of the widgets."""
    own = resources.files(__package__).joinpath("explorer.css").read_text(encoding="utf-8")
    return Html(f"<style>{components.stylesheet()}{own}</style>")


def title(text: str, detail: str) -> Html:
    """Head a part of the screen."""
    return _render("title", title=text, detail=detail)


def note(text: str) -> Html:
    """Say something beside a control."""
    return components.note(text)


def cells(texts: Sequence[str], *, is_head: bool = False) -> Html:
    """Show the cells of one row of the list, or of its head."""
    return _render("cells", cells=texts, is_head=is_head)


def list_head(timezone: ZoneInfo) -> list[str]:
    """Name the cells of ``list_cells``; times are on the clocks of ``timezone``."""
    zone = timezone.key
    return ["Email", "Status", "Segment", f"Reached ({zone})", f"Last updated ({zone})", "Remark"]


def list_cells(row: Mapping[str, Any], timezone: ZoneInfo, currency: str) -> list[str]:
    """Word a row of a contact list but for the name, which is a widget of its own."""
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
    """Say who a contact is, and what became of its messages in all."""
    counted = [
        f"{metrics[name].label} {'not measured' if row[name] is None else formats.count(row[name])}"
        for name in _COUNTS
    ]
    facts = [
        formats.isolated(row["email"]) if row["email"] else "no email address",
        f"segment {worded(row['segment'])}",
        *(["Do Not Disturb"] if row["is_do_not_disturb"] else []),
        *counted,
        f"{formats.plural(row['orders'], 'order')}, {worth(row['revenue'], currency)}",
    ]
    return title(row["full_name"] or "(no name)", " \N{MIDDLE DOT} ".join(facts))


def history(happenings: pl.DataFrame, total: int, timezone: ZoneInfo, currency: str) -> Html:
    """Show a contact's history (``history.history``) as a table, in time order."""
    if happenings.is_empty():
        return components.empty("Nothing is known of this contact.", "No message was sent to it.")
    listed = components.table(
        "All messages, engagement and conversions of the contact, in time order",
        [f"When ({timezone.key})", "What happened", "Email", "Detail", "Counts?"],
        [
            [
                clock(row["happened_at"], timezone),
                _HAPPENINGS.get(row["what"]) or worded(row["what"]),
                _email(row),
                _detail(row, currency),
                _counts(row),
            ]
            for row in happenings.iter_rows(named=True)
        ],
    )
    shown = (
        f"All {formats.count(total)} happenings."
        if happenings.height == total
        else f"The latest {formats.count(happenings.height)} of {formats.count(total)}; all are in "
        "core.fct_messages, core.fct_engagement_events and core.fct_conversions."
    )
    tests = " Test sends are shown too; they count nowhere."
    return components.stack([listed, components.note(shown + tests)])


def _email(row: Mapping[str, Any]) -> str:
    if row["email_source_name"] is None:
        return _DASH
    return f"{formats.isolated(row['email_source_name'])} ({row['email_source_type']})"


def _detail(row: Mapping[str, Any], currency: str) -> str:
    parts = [row["detail"] and formats.isolated(row["detail"])]
    if row["what"] == "ordered":
        known = row["revenue"] is not None
        parts.append(formats.money(row["revenue"], currency) if known else "no exchange rate")
    if row["actor"] in ("human", "machine"):
        parts.append(f"by a {row['actor']}")
    return " \N{MIDDLE DOT} ".join(part for part in parts if part) or _DASH


def _counts(row: Mapping[str, Any]) -> str:
    if row["is_test"]:
        return f"No: {EXCLUSIONS['test_send']}"
    if row["unattributed_reason"]:
        return f"Not credited: {_reason(row['unattributed_reason'], _UNCREDITED)}"
    if row["exclusion_reason"]:
        return f"No: {_reason(row['exclusion_reason'], EXCLUSIONS)}"
    return "Credited" if row["what"] in ("ordered", "goal_completed") else "Yes"


def _reason(name: str, words: Mapping[str, str]) -> str:
    return words.get(name) or name.replace("_", " ")


def clock(value: datetime, timezone: ZoneInfo) -> str:
    """Write a UTC time to the second on the clocks of ``timezone``: ``2026-06-22 14:05:09``."""
    return f"{value.replace(tzinfo=UTC).astimezone(timezone):%Y-%m-%d %H:%M:%S}"
