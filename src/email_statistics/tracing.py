"""The story of a message, an order or a contact: its events in time order, and what became of each.

It is read from the published tables, in one opening of the file, so from one build. What they hold
bounds it: of a message's send events the first of each type (and the last delivery and the last
hard bounce), of opens, clicks and the rest each one; duplicates of orders alone.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import polars as pl

from email_statistics import warehouse
from email_statistics.errors import UsageError

Row = dict[str, Any]

# A type of send event, and the flag of fct_messages that says whether the message counts as it.
_SENDS = (
    *("skipped", "failed", "sent", "accepted", "rejected"),
    *("delivered", "soft_bounced", "hard_bounced"),
)
_IN_NO_NUMBER = "in no number: a test"
_LOST = {
    "after_conversion": "came after it",
    "outside_window": "outside its window",
    "ineligible_source": "emails of this type earn no credit",
    "not_product_campaign": "the email shows no products",
    "machine": "a machine's",
    "superseded": "another touch is credited",
}
_UNATTRIBUTED = {
    "contact_unknown": "its contact isn't known",
    "contact_ambiguous": "several contacts bear its e-mail",
    "no_touch": "its contact had no touch before",
    "outside_window": "it came later than every touch's window",
}
_RAW_NAMES = {
    "message": ("message_id",),
    "order": ("order_id",),
    "contact": ("contact_id",),
}


@dataclass(frozen=True)
class Event:
    """Something that happened: ``at`` (with a zone; None: untold), what, to what, the decision."""

    at: datetime | None
    what: str
    subject: str
    decision: str

    def text(self) -> str:
        """One line; what would move a terminal's cursor is escaped."""
        moment = self.at.isoformat(sep=" ", timespec="microseconds") if self.at else "(no time)"
        words = [moment, f"{self.what:14}", self.subject, self.decision]
        return printable("  ".join(word for word in words if word))


@dataclass(frozen=True)
class Story:
    """A title, what holds of the whole, and the events in time order."""

    title: str
    facts: tuple[str, ...]
    events: tuple[Event, ...]

    def text(self) -> str:
        """Lines for a terminal."""
        events = [event.text() for event in sorted(self.events, key=_place)]
        lines = [printable(self.title), *(f"  {printable(fact)}" for fact in self.facts)]
        return "\n".join(
            [*lines, *(f"  {event}" for event in events or ["No event is published."])]
        )


def _place(event: Event) -> tuple[bool, datetime, str]:
    """In time order, what has no time at the end; what a touch earned is after the touch."""
    return (
        event.at is None,
        event.at or datetime.max.replace(tzinfo=UTC),
        f"{event.what.startswith(' ')} {event.what} {event.subject}",
    )


def printable(text: str) -> str:
    """Escape what isn't printed: control characters, and what turns the direction of a line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def trace(identifier: str) -> list[Story]:
    """Return a story for each kind of thing that the id is of: message, order, contact.

    Raises ``UsageError`` where it is none, ``WarehouseError`` where nothing is published.
    """
    if not identifier.strip():
        raise UsageError("The id can't be blank: give that of a message, an order or a contact.")
    with (
        warehouse.connect(warehouse.location()) as connection,
        warehouse.of_this_version(),
    ):
        teller = _Teller(connection, identifier)
        told = (teller.message(), teller.order(), teller.contact())
    stories = [story for story in told if story]
    if not stories:
        raise UsageError(
            f"No message, order or contact of the published data has the id "
            f"'{printable(identifier)}': check it, or build again if it is new (what waits for its "
            "source or contact is counted in core.fct_orphans)."
        )
    return stories


class _Row(Row):
    """A row of ``select *``, whose columns another version of the project may not have."""

    def __missing__(self, column: str) -> None:
        raise warehouse.another_version(f"column {column}")


class _Teller:
    def __init__(self, connection: duckdb.DuckDBPyConnection, identifier: str) -> None:
        self._connection = connection
        self._id = identifier
        (settings,) = self._rows("select settings from core.build")
        self._zone = ZoneInfo(json.loads(settings["settings"])["reporting_timezone"])

    def message(self) -> Story | None:
        messages = self._rows("select * from core.fct_messages where message_id = $id")
        quarantined = self._quarantined("message")
        if not messages:
            return self._unread("Message", quarantined)
        source = self._source(messages[0]["email_source_id"])
        test = ("A test: it is in no number.",) if messages[0]["is_test"] else ()
        return Story(
            f"Message {self._id}",
            (
                f"Of {source}, to contact {messages[0]['contact_id']} "
                f"({messages[0]['recipient_email'] or 'no address told'}).",
                *test,
                f"Send events: {messages[0]['send_events']}; of each type the first is told.",
            ),
            (
                *self._sends(messages),
                *self._engagement("message_id"),
                *self._touches("message_id"),
                *quarantined,
            ),
        )

    def order(self) -> Story | None:
        events = self._rows("select * from core.fct_order_events where order_id = $id")
        orders = self._conversions("conversion_type = 'order' and conversion_id = $id")
        quarantined = self._quarantined("order")
        if not events:
            return self._unread("Order", quarantined)
        return Story(
            f"Order {self._id}",
            tuple(_outcome(order) for order in orders) or ("It isn't paid, so it doesn't count.",),
            (
                *(
                    self._event(
                        event["event_at"],
                        event["event_type"],
                        _money(event["amount"], event["currency"]),
                        _order_event(event, is_paid=bool(orders)),
                    )
                    for event in events
                ),
                *self._touches("conversion_type = 'order' and conversion_id"),
                *quarantined,
            ),
        )

    def contact(self) -> Story | None:
        contacts = self._rows("select * from core.dim_contacts where contact_id = $id")
        messages = self._rows(
            "select * from core.fct_messages where contact_id = $id or recipient_contact_id = $id"
        )
        quarantined = self._quarantined("contact")
        if not contacts and not messages:
            return self._unread("Contact", quarantined)
        about = [f"{c['full_name'] or 'No name'}, {c['email'] or 'no e-mail'}." for c in contacts]
        merged = sorted({m["contact_id"] for m in messages} - {self._id})
        about += [f"Merged into {contact}." for contact in merged]
        conversions = self._conversions("contact_id = $id")
        return Story(
            f"Contact {self._id}",
            (*about, f"Messages: {len(messages)}; conversions: {len(conversions)}."),
            (
                *self._sends(messages, named=True),
                *self._engagement("contact_id"),
                *(
                    self._event(
                        c["converted_at"],
                        c["conversion_type"],
                        c["conversion_id"],
                        _outcome(c),
                    )
                    for c in conversions
                ),
                *self._touches("contact_id"),
                *quarantined,
            ),
        )

    def _rows(self, query: str) -> list[Row]:
        parameters = {"id": self._id} if "$id" in query else None
        frame: pl.DataFrame = self._connection.sql(query, params=parameters).pl()
        return [_Row(row) for row in frame.to_dicts()]

    def _event(self, at: datetime | None, what: str, subject: str, decision: str) -> Event:
        local = at.replace(tzinfo=UTC).astimezone(self._zone) if at else None
        return Event(local, what, subject, decision)

    def _source(self, email_source_id: str) -> str:
        (row,) = self._connection.execute(
            "select email_source_type, email_source_name from core.dim_email_sources "
            "where email_source_id = $source",
            {"source": email_source_id},
        ).fetchall()
        return f'{row[0]} "{row[1]}" ({email_source_id})'

    def _conversions(self, condition: str) -> list[Row]:
        return self._rows(f"select * from core.fct_conversions where {condition}")  # noqa: S608 - ours

    def _sends(self, messages: list[Row], *, named: bool = False) -> Iterable[Event]:
        for message in messages:
            subject = message["message_id"] if named else ""
            told = False
            for kind in _SENDS:
                at = message[f"first_{kind}_event_at"]
                if at is not None:
                    told = told or at == message["first_send_event_at"]
                    yield self._event(at, kind, subject, _send_decision(message, kind))
                last = message.get(f"last_{kind}_event_at")
                if last is not None and last != at:
                    yield self._event(last, kind, subject, "the last of this type")
            if not told:
                decision = _IN_NO_NUMBER if message["is_test"] else "counted among recipients"
                yield self._event(message["first_send_event_at"], "targeted", subject, decision)

    def _engagement(self, column: str) -> Iterable[Event]:
        events = self._rows(
            f"select * from core.fct_engagement_events where {column} = $id"  # noqa: S608 - ours
        )
        for event in events:
            actor = f" (actor: {event['actor']})" if event["actor"] else ""
            decision = (
                "counted" if event["is_counted"] else f"not counted: {event['exclusion_reason']}"
            )
            subject = f"event {event['event_id']}"
            if column == "contact_id":
                subject = f"{event['message_id']}, {subject}"
            yield self._event(event["event_at"], event["event_type"], subject, decision + actor)

    def _touches(self, column: str) -> Iterable[Event]:
        """What each touch earned, as lines of their own: a touch may be considered many times."""
        touches = self._rows(
            f"select * from marts.attribution_ledger where {column} = $id"  # noqa: S608 - ours
        )
        for touch in touches:
            conversion = f"{touch['conversion_type']} {touch['conversion_id']}"
            verdict = (
                "credited"
                if touch["reason"] == "credited"
                else f"not credited: {_LOST[touch['reason']]} ({touch['reason']})"
            )
            yield self._event(
                touch["touch_at"],
                f"  {touch['touch_type']}",
                f"message {touch['message_id']} for {conversion}",
                f"{verdict}, by {touch['attribution_policy']}",
            )

    def _quarantined(self, kind: str) -> list[Event]:
        paths = " or ".join(f"raw_row ->> '$.{name}' = $id" for name in _RAW_NAMES[kind])
        rows = self._rows(
            "select * from core.fct_quarantined_events "  # noqa: S608 - ours
            f"where contains(raw_row, $id) and ({paths})"
        )
        return [
            self._event(
                row["loaded_at"],
                "quarantined",
                f"{row['raw_table']} {row['event_id'] or ''}".strip(),
                f"counts nowhere: {row['reason']}",
            )
            for row in rows
        ]

    def _unread(self, kind: str, quarantined: list[Event]) -> Story | None:
        if not quarantined:
            return None
        facts = (
            "Nothing of it counts: each of its rows is quarantined (told by the time of loading).",
        )
        return Story(f"{kind} {self._id}", facts, tuple(quarantined))


def _send_decision(message: Row, kind: str) -> str:
    if message["is_test"]:
        return _IN_NO_NUMBER
    flag = message[f"is_{kind}"]
    if flag is None:
        return f"not counted: delivery is {message['delivery_availability']}"
    return "counted" if flag else f"not counted as {kind}: something later or stronger came"


def _order_event(event: Row, *, is_paid: bool) -> str:
    if event["verdict"] == "duplicate":
        return "a duplicate: counts once"
    if not is_paid:
        return "doesn't count: the order isn't paid"
    return {
        "paid": "counted in revenue",
        "refunded": "counted in refunds",
        "placed": "tells when the order was",
        "cancelled": "changes nothing by itself",
    }[event["event_type"]]


def _money(amount: Any, currency: str | None) -> str:
    return "" if amount is None else f"{amount} {currency or ''}".strip()


def _outcome(conversion: Row) -> str:
    """Say who is credited with a conversion, or why nobody."""
    money = _money(conversion["original_revenue"], conversion["currency"])
    worth = f", worth {money}" if money else ""
    if conversion["is_attributed"]:
        return (
            f"Credited to message {conversion['message_id']} "
            f"({conversion['touch_type']}) by {conversion['attribution_policy']}{worth}."
        )
    reason = conversion["unattributed_reason"]
    return (
        f"Credited to nobody by {conversion['attribution_policy']}{worth}: "
        f"{_UNATTRIBUTED[reason]} ({reason})."
    )
