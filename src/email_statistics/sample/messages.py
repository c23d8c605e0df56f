"""A chunk of messages: who gets which email when, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

import numpy as np
import polars as pl

from email_statistics.sample.contacts import Contacts
from email_statistics.sample.draws import Bools, Choice, Draws, Floats, Ints, LogNormal, whole
from email_statistics.sample.links import Links
from email_statistics.sample.plan import Plan, Source
from email_statistics.sample.timeline import (
    DAY,
    HOUR,
    LAST_MOMENT,
    MINUTE,
    SECOND,
    micros,
    when_awake,
)


class Outcome(IntEnum):
    """What becomes of a message before anybody reads it."""

    DELIVERED = 0
    DELIVERED_LATE = 1  # soft bounced first
    DELIVERED_UNREPORTED = 2  # the delivery event got lost
    DELIVERED_THEN_BOUNCED = 3
    BOUNCED_THEN_DELIVERED = 4
    REJECTED_THEN_DELIVERED = 5
    SOFT_BOUNCED = 6
    HARD_BOUNCED = 7
    REJECTED_AND_BOUNCED = 8
    REJECTED = 9
    SKIPPED = 10
    FAILED = 11
    PENDING = 12


_OUTCOME = Choice([95.2, 0.7, 0.2, 0.05, 0.03, 0.02, 0.85, 0.4, 0.35, 0.05, 0.75, 0.4, 0.03])
_REACHES_INBOX = np.array([outcome <= Outcome.REJECTED_THEN_DELIVERED for outcome in Outcome])
_IS_RETRIED = np.isin(list(Outcome), (Outcome.DELIVERED_LATE, Outcome.BOUNCED_THEN_DELIVERED))

# The first messages of a showcase source take these outcomes in turn …
_SHOWN_OUTCOMES = np.array(
    [
        Outcome.SKIPPED,
        Outcome.FAILED,
        Outcome.HARD_BOUNCED,
        Outcome.SOFT_BOUNCED,
        Outcome.DELIVERED_LATE,
        Outcome.REJECTED,
        Outcome.PENDING,
        Outcome.SKIPPED,
        Outcome.REJECTED_AND_BOUNCED,
        Outcome.SOFT_BOUNCED,
        Outcome.FAILED,
        Outcome.DELIVERED_THEN_BOUNCED,
    ],
    dtype=np.int64,
)
# … and the next ones are delivered and answered, so that each list of answers has rows.
_ANSWERED = 18

_DELIVERY_DELAY = LogNormal(4 * SECOND, 1.0, SECOND, HOUR)
_RETRY_DELAY = LogNormal(2 * HOUR, 0.8, 15 * MINUTE, DAY)

# Where opens or clicks aren't tracked, some are recorded all the same.
_UNTRACKED_OPENS = 0.1
_UNTRACKED_CLICKS = 0.2
_UNSUPPORTED_CLICKS = 0.6


@dataclass(frozen=True)
class World:
    """All that chunks share; arrays have an entry a source: shape (sources,)."""

    plan: Plan
    draws: Draws
    contacts: Contacts
    links: Links
    reported_from: Ints  # since when the service reports deliveries, microseconds
    open_share: Floats  # the part of all opens that the pixel sees
    click_share: Floats  # the part of all clicks that is recorded
    appeal: Floats  # how much likelier than on average it is opened
    is_showcase: Bools
    is_targeted_reported: Bools  # each recipient has a targeted event


@dataclass(frozen=True)
class Messages:
    """A chunk of messages, one entry each: shape (messages,); times in microseconds."""

    first: int  # the number of the first message
    message_id: pl.Series
    source: Ints
    contact: Ints
    answered: Ints  # position among the answered of a showcase source, else -1
    outcome: Ints
    is_reported: Bools  # the service reports what becomes of it
    sent_at: Ints
    handed_over_at: Ints
    bounced_at: Ints  # where the outcome has a bounce
    delivered_at: Ints
    is_delivered: Bools
    is_retried: Bools  # delivered at a later attempt
    is_orphan: Bools  # its contact isn't known
    is_send_missing: Bools  # its send events never came

    def __len__(self) -> int:
        """Return how many messages the chunk has."""
        return len(self.source)


def _open_share(source: Source) -> float:
    settings = source.settings()
    if settings is None:
        return _UNTRACKED_OPENS
    if settings.sending_service == "external_smtp":
        return 1.0
    is_tracked = settings.is_dedicated and settings.is_open_tracking_enabled
    return 1.0 if is_tracked else _UNTRACKED_OPENS


def _click_share(source: Source) -> float:
    settings = source.settings()
    if source.campaign_kind in ("ab_test", "rss"):
        return _UNSUPPORTED_CLICKS
    is_off = source.email_source_type == "campaign" and not source.tracks_clicks_at_start()
    if is_off or settings is None:
        return _UNTRACKED_CLICKS
    if settings.sending_service == "external_smtp":
        return 1.0
    is_tracked = settings.is_dedicated and settings.is_click_tracking_enabled
    return 1.0 if is_tracked else _UNTRACKED_CLICKS


def make_world(plan: Plan, draws: Draws, contacts: Contacts, links: Links) -> World:
    """Return what the chunks of a plan share."""
    sources = plan.sources
    is_showcase = np.array([source.is_showcase for source in sources])
    appeal = 0.65 + 0.7 * draws.uniform("source.appeal", 0, len(sources))
    return World(
        plan=plan,
        draws=draws,
        contacts=contacts,
        links=links,
        reported_from=np.array([source.reports_delivery_from() for source in sources]),
        open_share=np.array([_open_share(source) for source in sources]),
        click_share=np.array([_click_share(source) for source in sources]),
        appeal=np.where(is_showcase, 1.15, appeal),
        is_showcase=is_showcase,
        is_targeted_reported=np.array(
            [
                source.email_source_type != "campaign" or number % 4 == 0
                for number, source in enumerate(sources)
            ]
        ),
    )


def _sent_evenly(world: World, source: int, position: Ints, jitter: Floats) -> Ints:
    """Return when the messages of a campaign or a bulk send leave, over its duration."""
    sent = world.plan.sources[source]
    pace = sent.lasts // timedelta(microseconds=1) // world.plan.size(source)
    return micros(sent.starts_at) + (position * pace + whole(jitter, pace)) // SECOND * SECOND


def _sent_when_due(
    world: World, source: int, entrant: Ints, contact: Ints, jitter: Floats, awake: Floats
) -> Ints:
    """Return when the messages of a workflow's action leave: some days after each one's entry.

    People enter while they are awake, evenly over the days since the workflow started.
    """
    action, contacts = world.plan.sources[source], world.contacts
    open_for = (action.lasts - timedelta(days=1)) // timedelta(microseconds=1)
    pace = open_for // max(1, world.plan.size(source - action.step))
    since_start = (entrant * pace + whole(jitter, 10 * HOUR)) // SECOND * SECOND
    came_at = micros(action.starts_at) + since_start
    offset, at_work = contacts.utc_offset[contact], contacts.is_at_work[contact]
    entered_at = when_awake(came_at, offset, at_work, awake, jitter)
    delay = action.step_delay // timedelta(microseconds=1)
    # Nobody waits for the morning after the year's last night.
    return np.where(entered_at + delay > LAST_MOMENT, came_at, entered_at) + delay


def _addressed(world: World, first: int, source: Ints, position: Ints) -> tuple[Ints, Ints]:
    """Return the contact and the time of sending of each message."""
    jitter = world.draws.uniform("message.jitter", first, len(source))
    awake = world.draws.uniform("message.awake", first, len(source))
    contact, sent_at = np.empty_like(source), np.empty_like(source)
    for one in np.unique(source).tolist():
        part = source == one
        entrant = world.plan.entrants(one, position[part])
        contact[part] = world.plan.audience(one, entrant, world.draws)
        if world.plan.sources[one].email_source_type == "workflow":
            sent_at[part] = _sent_when_due(
                world, one, entrant, contact[part], jitter[part], awake[part]
            )
        else:
            sent_at[part] = _sent_evenly(world, one, position[part], jitter[part])
    return contact, sent_at


def make_messages(world: World, first: int, count: int) -> Messages:
    """Return the messages first … first + count - 1."""

    def uniform(name: str) -> Floats:
        return world.draws.uniform(f"message.{name}", first, count)

    number = np.arange(first, first + count, dtype=np.int64)
    first_message = world.plan.first_message
    source = np.searchsorted(first_message, number, side="right").astype(np.int64) - 1
    position = number - first_message[source]
    contact, sent_at = _addressed(world, first, source, position)

    is_silent = world.contacts.is_do_not_disturb[contact]
    outcome = np.where(is_silent, Outcome.SKIPPED, _OUTCOME(uniform("outcome")))
    answered = np.where(world.is_showcase[source], position - len(_SHOWN_OUTCOMES), _ANSWERED)
    is_shown = answered < 0
    outcome[is_shown] = _SHOWN_OUTCOMES[position[is_shown]]
    is_answered = (answered >= 0) & (answered < _ANSWERED)
    outcome[is_answered] = Outcome.DELIVERED

    handed_over_at = sent_at + SECOND * (1 + whole(uniform("handover"), 4))
    delivery = _DELIVERY_DELAY(uniform("delivery"))
    retry = _RETRY_DELAY(uniform("retry"))
    is_retried = _IS_RETRIED[outcome]
    delivered_at = handed_over_at + delivery + np.where(is_retried, retry, 0)
    is_returned = outcome == Outcome.DELIVERED_THEN_BOUNCED
    return Messages(
        first=first,
        message_id=pl.select("msg_" + pl.Series(number).cast(pl.String).str.zfill(9)).to_series(),
        source=source,
        contact=contact,
        answered=np.where(is_answered, answered, -1),
        outcome=outcome,
        is_reported=sent_at >= world.reported_from[source],
        sent_at=sent_at,
        handed_over_at=handed_over_at,
        bounced_at=handed_over_at + SECOND + np.where(is_returned, delivery + retry, 0),
        delivered_at=delivered_at,
        is_delivered=_REACHES_INBOX[outcome] & (delivered_at <= LAST_MOMENT),
        is_retried=is_retried,
        is_orphan=uniform("orphan") < 0.0003,
        is_send_missing=uniform("send_missing") < 0.0003,
    )
