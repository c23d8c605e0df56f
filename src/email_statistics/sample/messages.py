"""A chunk of messages: who gets which email when, what becomes of it, and its send events."""

from dataclasses import dataclass
from math import gcd

import numpy as np
import polars as pl

from email_statistics.sample.arrays import Bools, Columns, Floats, Ints, numbered, texts, whole
from email_statistics.sample.draws import Choice, Draws, LogNormal
from email_statistics.sample.events import Chunk, Events
from email_statistics.sample.tables import to_table
from email_statistics.sample.timeline import (
    DAY,
    HOUR,
    LAST_MOMENT,
    MICROSECOND,
    MINUTE,
    SECOND,
    micros,
    when_awake,
)
from email_statistics.sample.words import EVERY_REASON, REASONS

# What becomes of a message before anybody reads it: share in percent, its send events.
_OUTCOMES = {
    "delivered": (95.2, "sent accepted delivered"),
    "delivered_late": (0.7, "sent soft_bounced accepted delivered"),
    "delivered_unreported": (0.2, "sent accepted"),  # the delivery event got lost
    "delivered_then_bounced": (0.05, "sent accepted delivered hard_bounced"),
    "bounced_then_delivered": (0.03, "sent hard_bounced accepted delivered"),
    "rejected_then_delivered": (0.02, "sent rejected accepted delivered"),
    "soft_bounced": (0.85, "sent soft_bounced"),
    "hard_bounced": (0.4, "sent accepted hard_bounced"),
    "rejected_and_bounced": (0.35, "sent rejected hard_bounced"),
    "rejected": (0.05, "sent rejected"),
    "skipped": (0.75, "targeted skipped"),
    "failed": (0.4, "targeted failed"),
    "pending": (0.03, "targeted"),
}
_NAMES = list(_OUTCOMES)
_OUTCOME = Choice([share for share, _ in _OUTCOMES.values()])
_DELIVERED, _RETURNED = _NAMES.index("delivered"), _NAMES.index("delivered_then_bounced")
_SKIPPED = _NAMES.index("skipped")
_REACHES_INBOX = np.array([name.startswith("deliv") or "_then_" in name for name in _NAMES])
_IS_RETRIED = np.array([name in ("delivered_late", "bounced_then_delivered") for name in _NAMES])

# The first messages of a showcase source take these outcomes in turn …
_SHOWN = (
    "skipped failed hard_bounced soft_bounced delivered_late rejected pending skipped"
    " rejected_and_bounced soft_bounced failed delivered_then_bounced"
)
_SHOWN_OUTCOMES = np.array([_NAMES.index(name) for name in _SHOWN.split()])
# … and the next ones are delivered and answered, so that each list of answers has rows.
_ANSWERED = 18

_DELIVERY_DELAY = LogNormal(4 * SECOND, 1.0, SECOND, HOUR)
_RETRY_DELAY = LogNormal(2 * HOUR, 0.8, 15 * MINUTE, DAY)

_TYPES = (
    *("targeted", "skipped", "failed", "sent", "accepted", "rejected", "delivered"),
    *("soft_bounced", "hard_bounced", "deferred"),
)
# What another service's feed tells of an outcome: it takes an email before it suppresses it, tries
# again what wasn't delivered at once, and rejects nothing.
_FED_OUTCOMES = {
    "accepted": {*_NAMES} - {"failed", "pending"},
    "deferred": {"delivered_late", "rejected_then_delivered", "soft_bounced", "rejected"},
    "delivered": {name for name in _NAMES if "deliv" in name} - {"delivered_unreported"},
    "soft_bounced": {"soft_bounced"},
    "hard_bounced": {"hard_bounced", "rejected_and_bounced", "delivered_then_bounced"},
    "skipped": {"skipped", "failed"},
}


@dataclass(frozen=True)
class World:
    """All that chunks share: ``plan`` (``make_sources``) and ``sources`` have a row per source.

    The id of a message is ``<prefix>_<its number>``; a prefix has three letters.
    """

    draws: Draws
    plan: pl.DataFrame
    sources: Columns
    contacts: Columns
    prefix: str = "msg"


def make_messages(world: World, first: int, count: int) -> Chunk:
    """Return the messages first … first + count - 1."""

    def uniform(name: str) -> Floats:
        return world.draws.uniform(f"message.{name}", first, count)

    number = np.arange(first, first + count, dtype=np.int64)
    first_message = world.plan["first_message"].to_numpy()
    source = np.searchsorted(first_message, number, side="right").astype(np.int64) - 1
    position = number - first_message[source]
    contact, sent_at = _addressed(world, source, position, uniform("jitter"), uniform("awake"))
    of_source, of_contact = world.sources.take(source), world.contacts.take(contact)

    outcome = np.where(of_contact.is_do_not_disturb, _SKIPPED, _OUTCOME(uniform("outcome")))
    answered = np.where(of_source.is_showcase, position - len(_SHOWN_OUTCOMES), _ANSWERED)
    is_shown = answered < 0
    outcome[is_shown] = _SHOWN_OUTCOMES[position[is_shown]]
    is_answered = ~is_shown & (answered < _ANSWERED)
    outcome[is_answered] = _DELIVERED

    handed_over_at = sent_at + SECOND * (1 + whole(uniform("handover"), 4))
    delivery, retry = _DELIVERY_DELAY(uniform("delivery")), _RETRY_DELAY(uniform("retry"))
    is_retried = _IS_RETRIED[outcome]
    delivered_at = handed_over_at + delivery + np.where(is_retried, retry, 0)
    return Chunk(
        draws=world.draws,
        first=first,
        ids=numbered(f"{world.prefix}_", number, 9),
        contact=contact,
        answered=np.where(is_answered, answered, -1),  # the position among the answered
        outcome=outcome,
        # The sending service reports what becomes of it.
        is_reported=sent_at >= of_source.delivery_reported_from,
        sent_at=sent_at,
        handed_over_at=handed_over_at,
        bounced_at=handed_over_at + SECOND + np.where(outcome == _RETURNED, delivery + retry, 0),
        delivered_at=delivered_at,
        is_delivered=_REACHES_INBOX[outcome] & (delivered_at <= LAST_MOMENT),
        is_retried=is_retried,
        is_orphan=uniform("orphan") < 0.0003,  # its contact isn't known
        is_send_missing=uniform("send_missing") < 0.0003,  # its send events never came
        **vars(of_source),
        **vars(of_contact),
    )


def _addressed(
    world: World, source: Ints, position: Ints, jitter: Floats, awake: Floats
) -> tuple[Ints, Ints]:
    """Return the contact and the time of sending of each message."""
    contact, sent_at = np.empty_like(source), np.empty_like(source)
    for one in np.unique(source).tolist():
        part, sent = source == one, world.plan.row(one, named=True)
        starts_at, lasts = micros(sent["starts_at"]), sent["lasts"] // MICROSECOND
        entrant, spread = position[part], jitter[part]
        if sent["workflow_id"] is None:
            contact[part] = _audience(world, sent["email_source_id"], entrant)
            pace = lasts // sent["messages"]
            sent_at[part] = starts_at + (entrant * pace + whole(spread, pace)) // SECOND * SECOND
            continue
        # People enter a workflow while they are awake, evenly over the days since it started; an
        # action comes some days after each one's entry. Some drop out before a later action, and
        # those who entered last haven't come to it yet.
        delay, entrants = sent["step_days"] * DAY, world.plan["messages"][one - sent["step"]]
        if sent["step"] > 0:
            reached = 1 - (delay + DAY) / lasts
            entrant = (entrant * (entrants * reached / sent["messages"])).astype(np.int64)
        contact[part] = _audience(world, sent["workflow_id"], entrant)
        pace = (lasts - DAY) // max(1, entrants)
        came_at = starts_at + (entrant * pace + whole(spread, 10 * HOUR)) // SECOND * SECOND
        reader = world.contacts.take(contact[part])
        entered_at = when_awake(came_at, reader.utc_offset, reader.is_at_work, awake[part], spread)
        # Nobody waits for the morning after the year's last night.
        sent_at[part] = np.where(entered_at + delay > LAST_MOMENT, came_at, entered_at) + delay
    return contact, sent_at


def _audience(world: World, name: str, entrant: Ints) -> Ints:
    """Return the contact of each entrant: none twice, while there are enough contacts."""
    contacts = len(world.contacts.contact_id)
    step, offset = whole(world.draws.uniform(f"audience.{name}", 0, 2), contacts)
    stride = int(step) + 1
    while gcd(stride, contacts) != 1:
        stride += 1
    return (entrant * stride + int(offset)) % contacts


def _has_event(messages: Chunk, event_type: str) -> Bools:
    """Return which messages have an event of a type.

    An outside SMTP service reports no more than that a message was targeted and handed over.
    """
    fed = _FED_OUTCOMES.get(event_type, set())
    of_feed = np.array([name in fed for name in _NAMES])
    of_outcome = np.array([event_type in events.split() for _, events in _OUTCOMES.values()])
    is_handed_over = np.array([name not in ("skipped", "pending") for name in _OUTCOMES])
    of_outside = is_handed_over & (event_type == "sent") | (event_type == "targeted")
    outcome: Ints = messages.outcome
    has = np.where(messages.is_reported, of_outcome[outcome], of_outside[outcome])
    if event_type == "targeted":
        has |= messages.has_targeted_events
    has = np.where(messages.is_feed, of_feed[outcome], has)
    is_known: Bools = ~messages.is_send_missing
    return is_known & has


def send_events(messages: Chunk) -> pl.DataFrame:
    """Return the raw send events of a chunk."""
    events = Events("snd", messages, _TYPES)
    uniform = messages.uniform("send.reason")
    times = {
        "targeted": messages.sent_at - SECOND * (1 + whole(uniform, 20)),
        "accepted": np.where(messages.is_retried, messages.delivered_at, messages.handed_over_at),
        "rejected": messages.handed_over_at,
        "delivered": messages.delivered_at,
        "soft_bounced": messages.bounced_at,
        "hard_bounced": messages.bounced_at,
        "deferred": messages.handed_over_at + SECOND,
    }
    for slot, event_type in enumerate(_TYPES):
        reason: int | Ints = -1
        if event_type in REASONS:
            options = REASONS[event_type]
            reason = EVERY_REASON.index(options[0]) + whole(uniform**2, len(options))
        if event_type == "skipped":
            reason = np.where(messages.is_do_not_disturb, 0, reason)  # the first of all reasons
        at = times.get(event_type, messages.sent_at)
        events.add(slot, event_type, _has_event(messages, event_type), at, reason=reason)
    frame = events.frame()
    contact_id = messages.contact_id.gather(frame["place"])
    is_orphan = pl.Series(messages.is_orphan).gather(frame["place"])
    variant = np.where(
        messages.has_variants, np.arange(messages.first, messages.first + len(messages.ids)) % 2, -1
    )
    gone = contact_id.str.replace("ct_", "ct_gone_")
    is_feed = pl.Series(messages.is_feed).gather(frame["place"])
    names_source = ~is_feed | (frame["event_type"] != "delivered")
    email_source_id = messages.email_source_id.gather(frame["place"])
    return to_table(
        "send_events",
        frame.with_columns(
            email_source_id=pl.when(names_source).then(email_source_id),
            contact_id=pl.when(~is_feed).then(pl.when(is_orphan).then(gone).otherwise(contact_id)),
            recipient_email=messages.email.gather(frame["place"]),
            is_test=pl.lit(False),
            reason=texts(EVERY_REASON, frame["reason"].to_numpy()),
            variant=texts(["A", "B"], variant).gather(frame["place"]),
        ),
    )
