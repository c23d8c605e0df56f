"""The send events of a chunk of messages."""

from __future__ import annotations

import numpy as np
import polars as pl

from email_statistics.sample.draws import Bools, Ints, whole
from email_statistics.sample.events import NO_TEXT, Events, texts, to_table
from email_statistics.sample.messages import Messages, Outcome, World
from email_statistics.sample.tables import TABLES
from email_statistics.sample.timeline import SECOND
from email_statistics.sample.vocabulary import (
    DO_NOT_DISTURB,
    FAIL_REASONS,
    HARD_BOUNCE_REASONS,
    REJECT_REASONS,
    SKIP_REASONS,
    SOFT_BOUNCE_REASONS,
)

_EVENTS: dict[Outcome, tuple[str, ...]] = {
    Outcome.DELIVERED: ("sent", "accepted", "delivered"),
    Outcome.DELIVERED_LATE: ("sent", "soft_bounced", "accepted", "delivered"),
    Outcome.DELIVERED_UNREPORTED: ("sent", "accepted"),
    Outcome.DELIVERED_THEN_BOUNCED: ("sent", "accepted", "delivered", "hard_bounced"),
    Outcome.BOUNCED_THEN_DELIVERED: ("sent", "hard_bounced", "accepted", "delivered"),
    Outcome.REJECTED_THEN_DELIVERED: ("sent", "rejected", "accepted", "delivered"),
    Outcome.SOFT_BOUNCED: ("sent", "soft_bounced"),
    Outcome.HARD_BOUNCED: ("sent", "accepted", "hard_bounced"),
    Outcome.REJECTED_AND_BOUNCED: ("sent", "rejected", "hard_bounced"),
    Outcome.REJECTED: ("sent", "rejected"),
    Outcome.SKIPPED: ("targeted", "skipped"),
    Outcome.FAILED: ("targeted", "failed"),
    Outcome.PENDING: ("targeted",),
}
_NOT_HANDED_OVER = (Outcome.SKIPPED, Outcome.PENDING)

_REASONS = {
    "skipped": SKIP_REASONS,
    "failed": FAIL_REASONS,
    "rejected": REJECT_REASONS,
    "soft_bounced": SOFT_BOUNCE_REASONS,
    "hard_bounced": HARD_BOUNCE_REASONS,
}
_TYPES = (
    "targeted",
    "skipped",
    "failed",
    "sent",
    "accepted",
    "rejected",
    "delivered",
    "soft_bounced",
    "hard_bounced",
)
_EVERY_REASON = (DO_NOT_DISTURB, *(reason for some in _REASONS.values() for reason in some))


def _has_event(world: World, messages: Messages, event_type: str) -> Bools:
    """Return which messages have an event of a type.

    An outside SMTP service reports no more than that a message was targeted and handed over.
    """
    of_outcome = np.array([event_type in _EVENTS[outcome] for outcome in Outcome])
    of_outside = np.array(
        [
            event_type == "targeted" or (event_type == "sent" and outcome not in _NOT_HANDED_OVER)
            for outcome in Outcome
        ]
    )
    outcome = messages.outcome
    has: Bools = np.where(messages.is_reported, of_outcome[outcome], of_outside[outcome])
    if event_type == "targeted":
        has |= world.is_targeted_reported[messages.source]
    return has & ~messages.is_send_missing


def send_events(world: World, messages: Messages) -> pl.DataFrame:
    """Return the raw send events of a chunk."""
    events = Events("snd", messages.first, len(messages), world.draws)
    uniform = world.draws.uniform("send.reason", messages.first, len(messages))
    times: dict[str, Ints] = {
        "targeted": messages.sent_at - SECOND * (1 + whole(uniform, 20)),
        "accepted": np.where(messages.is_retried, messages.delivered_at, messages.handed_over_at),
        "rejected": messages.handed_over_at,
        "delivered": messages.delivered_at,
        "soft_bounced": messages.bounced_at,
        "hard_bounced": messages.bounced_at,
    }
    is_silent = world.contacts.is_do_not_disturb[messages.contact]
    for number, event_type in enumerate(_TYPES):
        where = np.flatnonzero(_has_event(world, messages, event_type))
        at = times.get(event_type, messages.sent_at)[where]
        reason = np.full(len(where), NO_TEXT)
        if event_type in _REASONS:
            # The first reasons are the commonest.
            options = _REASONS[event_type]
            place = whole(uniform[where] ** 2, len(options))
            reason = _EVERY_REASON.index(options[0]) + place
        if event_type == "skipped":
            reason[is_silent[where]] = _EVERY_REASON.index(DO_NOT_DISTURB)
        events.add(number, number, where, at, reason=reason)
    return _to_frame(world, messages, events)


def _to_frame(world: World, messages: Messages, events: Events) -> pl.DataFrame:
    frame = events.frame(_TYPES, messages.message_id)
    place = frame["place"].to_numpy()
    contact = messages.contact[place]
    contact_id = world.contacts.contact_id.gather(contact)
    source_ids = pl.Series([source.email_source_id for source in world.plan.sources])
    known_or_gone = (
        pl.when(pl.lit(pl.Series(messages.is_orphan[place])))
        .then(contact_id.str.replace("ct_", "ct_gone_"))
        .otherwise(contact_id)
    )
    return to_table(
        frame.with_columns(
            source_ids.gather(messages.source[place]).alias("email_source_id"),
            known_or_gone.alias("contact_id"),
            world.contacts.email.gather(contact).alias("recipient_email"),
            pl.lit(False).alias("is_test"),
            texts(_EVERY_REASON, frame["reason"].to_numpy()).alias("reason"),
        ),
        TABLES["send_events"],
    )
