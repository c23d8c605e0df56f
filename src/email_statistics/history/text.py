"""A story as lines for a terminal."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from email_statistics.history.reasons import reason
from email_statistics.history.timeline import Story

Row = Mapping[str, Any]

_ROLES = {
    "targeted": "counted among recipients",
    "paid": "counted in revenue",
    "refunded": "counted in refunds",
    "placed": "sets the time of the order",
    "cancelled": "changes nothing by itself",
}
_COUNTS = ("sent", "delivered", "opened", "clicked", "orders")


def text(story: Story) -> str:
    """Return a title, the facts and a line per event; control characters are escaped."""
    rows = list(story.timeline.iter_rows(named=True))
    facts = _FACTS[story.subject](story.facts, rows) if story.facts else [_ALL_QUARANTINED]
    # The conversion of an order is among its facts.
    shown = [row for row in rows if (story.subject, row["kind"]) != ("order", "conversion")]
    lines = [_line(row, story) for row in shown] or ["No event is published."]
    title = f"{story.subject.capitalize()} {story.id}"
    return "\n".join([printable(title), *(f"  {printable(line)}" for line in [*facts, *lines])])


def printable(text: str) -> str:
    """Escape what isn't printed: control characters, and what turns the direction of a line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


_ALL_QUARANTINED = "Nothing of it counts: all of its rows are quarantined (times are of loading)."


def _message(message: Row, _: Sequence[Row]) -> list[str]:
    source = f'{message["email_source_type"]} "{message["email_source_name"]}"'
    return [
        f"Of {source} ({message['email_source_id']}), to contact {message['contact_id']} "
        f"({message['recipient_email'] or 'address unknown'}).",
        *(["A test: it is in no number."] if message["is_test"] else []),
        f"Send events: {message['send_events']}; the first of each type is shown.",
    ]


def _order(order: Row, rows: Sequence[Row]) -> list[str]:
    conversions = [_conversion(row) for row in rows if row["kind"] == "conversion"]
    return conversions or ["It isn't paid, so it doesn't count."]


def _contact(contact: Row, _: Sequence[Row]) -> list[str]:
    name = "Known by address alone" if contact["is_from_email"] else contact["full_name"]
    return [
        f"{name or 'No name'}, {contact['email'] or 'no email address'}.",
        *(f"Merged into {survivor}." for survivor in contact["merged_into"] or ()),
        f"Messages: {contact['messages']}; conversions: {contact['conversions']}.",
    ]


def _campaign(campaign: Row, _: Sequence[Row]) -> list[str]:
    counts = [f"{campaign[name] or 0:,} {name}" for name in _COUNTS]
    of_workflow = f" of workflow {campaign['workflow_name']}" if campaign["workflow_name"] else ""
    return [
        f'{campaign["email_source_type"]} "{campaign["email_source_name"]}"{of_workflow}, '
        f"{campaign['status'] or 'status unknown'}, sent from {campaign['sending_domain']}.",
        f"{', '.join(counts)}. A day's line counts what happened on that day.",
    ]


_FACTS = {"message": _message, "order": _order, "contact": _contact, "campaign": _campaign}


def _line(row: Row, story: Story) -> str:
    moment = "(no time)"
    if row["happened_at"] is not None:
        at = row["happened_at"].replace(tzinfo=UTC).astimezone(story.zone)
        moment = at.isoformat(sep=" ", timespec="microseconds")
    indent = "  " if row["kind"] == "touch" else ""
    words = [moment, f"{indent + row['what'].replace('_', ' '):14}", *_about(row, story.subject)]
    return "  ".join(word for word in words if word).rstrip()


def _about(row: Row, subject: str) -> list[str]:
    """Return what an event is about, and what was decided."""
    match row["kind"]:
        case "step":
            return [_of_message(row) if subject == "contact" else "", _decision(row)]
        case "engagement":
            named = f"{_of_message(row)}, " if subject == "contact" else ""
            actor = f" (actor: {row['actor']})" if row["actor"] else ""
            return [f"{named}event {row['item_id']}", _decision(row) + actor]
        case "order_event":
            return [_money(row), _decision(row)]
        case "touch":
            order = f" for {row['item_id']}" if subject != "order" else ""
            return [f"{_of_message(row)}{order}", _decision(row)]
        case "conversion":
            return [row["item_id"], _conversion(row)]
        case "quarantined":
            return [row["item_id"], f"counts nowhere: {row['reason']}"]
        case _:
            return [row["detail"] or ""]


def _of_message(row: Row) -> str:
    """Name a message, and the email that it is of."""
    return f'"{row["email_source_name"]}" {row["message_id"]}'


def _decision(row: Row) -> str:
    if row["reason"] == "duplicate":
        return reason(row)
    if row["reason"] is not None:
        named = row["what"].removesuffix("_last") if row["kind"] == "step" else ""
        status = row["status"].replace("_", " ") + (f" as {named}" if named else "")
        return f"{status}: {reason(row)} ({row['reason']})"
    return _ROLES.get(row["what"]) or str(row["status"])


def _money(row: Row) -> str:
    return "" if row["amount"] is None else f"{row['amount']} {row['currency'] or ''}".strip()


def _conversion(row: Row) -> str:
    """Say which message is credited with a conversion, or why none is."""
    by = f"by {row['attribution_policy']}" + (f", worth {_money(row)}" if _money(row) else "")
    if row["status"] == "credited":
        return f"Credited to message {row['message_id']} ({row['touch_type']}) {by}."
    return f"Not credited {by}: {reason(row)} ({row['reason']})."
