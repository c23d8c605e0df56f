"""The engagement events of a chunk of messages: people's, prefetchers' and scanners'."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from email_statistics.sample.draws import Bools, Choice, Floats, Ints, LogNormal, whole
from email_statistics.sample.events import NO_TEXT, Events, texts, to_table
from email_statistics.sample.links import SCANNED_LINKS
from email_statistics.sample.messages import Messages, World
from email_statistics.sample.tables import TABLES
from email_statistics.sample.timeline import DAY, HOUR, LAST_MOMENT, MINUTE, SECOND, when_awake
from email_statistics.sample.vocabulary import APPLE_PREFETCH, SCANNERS, USER_AGENTS

_TYPES = ("opened", "clicked", "replied", "unsubscribed", "complained")
_OPENED, _CLICKED, _REPLIED, _UNSUBSCRIBED, _COMPLAINED = range(5)

_REOPEN_CHANCES = (0.5, 0.55, 0.55, 0.5)  # of each further open
_CLICK_CHANCE = 0.13  # of an open
_RECLICK_CHANCES = (0.32, 0.3)  # of each further click
_REPLY_CHANCE = 0.008
_UNSUBSCRIBE_CHANCE = 0.008
_COMPLAINT_CHANCE = 0.0008  # of a delivery
_ORDER_CHANCE = 0.15  # of a click
_ORDER_CHANCE_UNCLICKED = 0.04  # of an open without a click

# What the answered messages of a showcase source do: position among them, from … to.
_CLICKS = range(14)
_ORDERS = range(12)
_REPLIES = range(3, 7)
_UNSUBSCRIBES = range(14, 16)
_COMPLAINTS = range(16, 18)
_ANSWER_PACE = 7 * MINUTE

_OPEN_DELAY = LogNormal(100 * MINUTE, 1.9, 20 * SECOND, 40 * DAY)
_REOPEN_DELAY = LogNormal(14 * HOUR, 1.6, MINUTE, 40 * DAY)
_CLICK_DELAY = LogNormal(25 * SECOND, 0.9, 2 * SECOND, HOUR)
_RECLICK_DELAY = LogNormal(2 * MINUTE, 1.4, SECOND, 20 * DAY)
_REPLY_DELAY = LogNormal(20 * MINUTE, 1.3, 30 * SECOND, 5 * DAY)
_COMPLAINT_DELAY = LogNormal(6 * HOUR, 1.2, MINUTE, 10 * DAY)

_PREFETCH_CHANCE = 0.9
_FATE_OF_SCAN = Choice([45, 15, 40])  # links followed at once, by a scanner by name, or not
_BURST, _NAMED_SCANNER, _UNSCANNED = range(3)
_BURST_LINKS = 4
_BURST_PACE = SECOND * 18 // 100

# Slots of events a message (see Events).
_PREFETCH_SLOT, _OPEN_SLOT, _SCANNER_OPEN_SLOT = 0, 1, 9
_CLICK_SLOT, _BURST_SLOT, _SCANNER_CLICK_SLOT = 10, 20, 29
_REPLY_SLOT, _UNSUBSCRIBE_SLOT, _COMPLAINT_SLOT = 30, 31, 32

_UNSAID, _HUMAN, _MACHINE = range(3)
_IS_MACHINE = pl.Series([None, False, True])
_HUMAN_SHARE = 0.08  # of people whom the sender calls human

# How a click names its link; mostly by its id alone.
_BY_ID, _BY_ID_AND_URL, _BY_URL, _BY_UNKNOWN_URL, _BY_NOTHING = range(5)
_LINK_FORM = Choice([82, 10, 6, 1.5, 0.5])
_UNKNOWN_URL = "https://www.brightsmile.example/landing/new?from=mail"


@dataclass(frozen=True)
class Touches:
    """What people did with the messages of a chunk: shape (messages,)."""

    is_opened: Bools
    is_ordered: Bools  # somebody orders after it
    touched_at: Ints  # the click, else the open, in microseconds


@dataclass(frozen=True)
class _Readers:
    """Who reads the messages of a chunk, and when: shape (messages,)."""

    is_read: Bools
    is_clicked: Bools
    opened_at: Ints
    clicked_at: Ints


class _Engagement:
    """The events of one chunk while they are gathered."""

    def __init__(self, world: World, messages: Messages) -> None:
        self.world = world
        self.messages = messages
        self.events = Events("eng", messages.first, len(messages), world.draws)
        self.is_seen = self._is_recorded("seen", world.open_share)
        self.is_followed = self._is_recorded("followed", world.click_share)

    def uniform(self, name: str) -> Floats:
        name = f"engagement.{name}"
        return self.world.draws.uniform(name, self.messages.first, len(self.messages))

    def constant(self, value: int) -> Ints:
        return np.full(len(self.messages), value, dtype=np.int64)

    def happens(self, name: str, chance: float | Floats, scripted: range) -> Bools:
        """Return which messages it happens to: by chance, or as the script of a showcase says."""
        answered = self.messages.answered
        is_scripted = (answered >= scripted.start) & (answered < scripted.stop)
        by_chance: Bools = self.uniform(name) < chance
        return by_chance | is_scripted

    def _is_recorded(self, name: str, share: Floats) -> Bools:
        by_chance: Bools = self.uniform(name) < share[self.messages.source]
        return by_chance | (self.messages.answered >= 0)

    def add(
        self,
        slot: int,
        event_type: int,
        mask: Bools,
        event_at: Ints,
        agent: Ints | None = None,
        said: Ints | None = None,
        link: Ints | None = None,
        link_form: Ints | None = None,
    ) -> None:
        """Add an event to each message of the mask; the arrays have its shape."""
        where = np.flatnonzero(mask)
        self.events.add(
            slot,
            event_type,
            where,
            event_at[where],
            agent=NO_TEXT if agent is None else agent[where],
            said=_UNSAID if said is None else said[where],
            link=NO_TEXT if link is None else link[where],
            link_form=_BY_ID if link_form is None else link_form[where],
        )


def _reads(chunk: _Engagement) -> _Readers:
    """Return who opens and who clicks, whether or not it is recorded."""
    world, messages = chunk.world, chunk.messages
    contacts, contact, answered = world.contacts, messages.contact, messages.answered
    likely = contacts.open_chance[contact] * world.appeal[messages.source]
    opened_at = when_awake(
        messages.delivered_at + _OPEN_DELAY(chunk.uniform("open_delay")),
        contacts.utc_offset[contact],
        contacts.is_at_work[contact],
        chunk.uniform("awake"),
        chunk.uniform("later"),
    )
    # The script doesn't wait: the showcase sources went out shortly before the year ends.
    scripted_at = messages.delivered_at + (answered + 1) * _ANSWER_PACE
    opened_at = np.where(answered >= 0, scripted_at, opened_at)
    clicked_at = opened_at + _CLICK_DELAY(chunk.uniform("click_delay"))
    is_read = (chunk.uniform("open") < likely) | (answered >= 0)
    is_read = is_read & messages.is_delivered & (opened_at <= LAST_MOMENT)
    is_clicked = is_read & chunk.happens("click", _CLICK_CHANCE, _CLICKS)
    return _Readers(is_read, is_clicked & (clicked_at <= LAST_MOMENT), opened_at, clicked_at)


def _add_people(chunk: _Engagement, readers: _Readers) -> None:
    """Add what people open and click, some of them again."""
    contacts, contact = chunk.world.contacts, chunk.messages.contact
    links, source = chunk.world.links, chunk.messages.source
    said = np.where(chunk.uniform("said") < _HUMAN_SHARE, _HUMAN, _UNSAID)

    is_open, at = readers.is_read & chunk.is_seen, readers.opened_at
    for repeat, chance in enumerate((1.0, *_REOPEN_CHANCES)):
        if repeat > 0:
            is_open = is_open & (chunk.uniform(f"reopen.{repeat}") < chance)
            at = at + _REOPEN_DELAY(chunk.uniform(f"reopen_delay.{repeat}"))
        chunk.add(_OPEN_SLOT + repeat, _OPENED, is_open, at, contacts.mail_agent[contact], said)

    is_click, at = readers.is_clicked & chunk.is_followed, readers.clicked_at
    for repeat, chance in enumerate((1.0, *_RECLICK_CHANCES)):
        if repeat > 0:
            is_click = is_click & (chunk.uniform(f"reclick.{repeat}") < chance)
            at = at + _RECLICK_DELAY(chunk.uniform(f"reclick_delay.{repeat}"))
        # The first links of an email get the most clicks.
        place = np.square(np.square(chunk.uniform(f"link.{repeat}")))
        link = links.first[source] + whole(place, links.count[source])
        form = _LINK_FORM(chunk.uniform(f"link_form.{repeat}"))
        agent = contacts.browser[contact]
        chunk.add(_CLICK_SLOT + repeat, _CLICKED, is_click, at, agent, said, link, form)


def _add_machines(chunk: _Engagement) -> None:
    """Add images loaded at delivery, and links followed before anybody can."""
    messages, contacts, links = chunk.messages, chunk.world.contacts, chunk.world.links
    contact, source, delivered_at = messages.contact, messages.source, messages.delivered_at
    is_prefetched = messages.is_delivered & contacts.is_prefetched[contact] & chunk.is_seen
    chunk.add(
        _PREFETCH_SLOT,
        _OPENED,
        is_prefetched & (chunk.uniform("prefetch") < _PREFETCH_CHANCE),
        delivered_at + SECOND * (2 + whole(chunk.uniform("prefetch_delay"), 40)),
        chunk.constant(USER_AGENTS.index(APPLE_PREFETCH)),
    )

    is_scanned = messages.is_delivered & contacts.is_scanned[contact] & chunk.is_followed
    scan = chunk.uniform("scan")
    fate = _FATE_OF_SCAN(scan)
    place = whole(chunk.uniform("scanned_link"), SCANNED_LINKS)
    is_burst = is_scanned & (fate == _BURST)
    for step in range(_BURST_LINKS):
        at = delivered_at + SECOND // 10 + step * _BURST_PACE
        link = links.first[source] + (place + step) % SCANNED_LINKS
        chunk.add(_BURST_SLOT + step, _CLICKED, is_burst, at, contacts.browser[contact], link=link)
    is_named = is_scanned & (fate == _NAMED_SCANNER)
    agent = USER_AGENTS.index(SCANNERS[0]) + place % len(SCANNERS)
    said = np.where(place < 3, _MACHINE, _UNSAID)
    opened_at, clicked_at = delivered_at + 3 * SECOND, delivered_at + 4 * SECOND
    chunk.add(_SCANNER_OPEN_SLOT, _OPENED, is_named, opened_at, agent, said)
    link = links.first[source] + place
    chunk.add(_SCANNER_CLICK_SLOT, _CLICKED, is_named, clicked_at, agent, said, link)


def _add_answers(chunk: _Engagement, readers: _Readers) -> None:
    """Add replies, unsubscribes and complaints: only where the service reports them."""
    messages = chunk.messages
    is_read = readers.is_read & messages.is_reported
    replies = is_read & chunk.happens("reply", _REPLY_CHANCE, _REPLIES)
    replied_at = readers.opened_at + _REPLY_DELAY(chunk.uniform("reply_delay"))
    chunk.add(_REPLY_SLOT, _REPLIED, replies, replied_at)
    leaves = is_read & chunk.happens("leave", _UNSUBSCRIBE_CHANCE, _UNSUBSCRIBES)
    chunk.add(_UNSUBSCRIBE_SLOT, _UNSUBSCRIBED, leaves, readers.clicked_at + 5 * SECOND)
    complains = chunk.happens("complain", _COMPLAINT_CHANCE, _COMPLAINTS)
    complained_at = messages.delivered_at + _COMPLAINT_DELAY(chunk.uniform("complaint_delay"))
    complained_at = np.where(messages.answered >= 0, readers.opened_at + MINUTE, complained_at)
    is_reported = messages.is_delivered & messages.is_reported
    chunk.add(_COMPLAINT_SLOT, _COMPLAINED, complains & is_reported, complained_at)


def engagement_events(world: World, messages: Messages) -> tuple[pl.DataFrame, Touches]:
    """Return the raw engagement events of a chunk, and what people did, for their orders."""
    chunk = _Engagement(world, messages)
    readers = _reads(chunk)
    _add_people(chunk, readers)
    _add_machines(chunk)
    _add_answers(chunk, readers)
    order_chance = np.where(readers.is_clicked, _ORDER_CHANCE, _ORDER_CHANCE_UNCLICKED)
    touches = Touches(
        is_opened=readers.is_read,
        is_ordered=readers.is_read & chunk.happens("order", order_chance, _ORDERS),
        touched_at=np.where(readers.is_clicked, readers.clicked_at, readers.opened_at),
    )
    return _to_frame(chunk), touches


def _to_frame(chunk: _Engagement) -> pl.DataFrame:
    links = chunk.world.links
    frame = chunk.events.frame(_TYPES, chunk.messages.message_id)
    link, form = frame["link"].to_numpy(), frame["link_form"].to_numpy()
    link_id = texts(links.rows["link_id"], np.where(form <= _BY_ID_AND_URL, link, NO_TEXT))
    url = (
        pl.when(pl.lit(pl.Series(form == _BY_URL)))
        .then(texts(links.rows["url"], link))
        .when(pl.lit(pl.Series(form == _BY_ID_AND_URL)))
        .then(texts(links.visited_url, link))
        .when(pl.lit(pl.Series(form == _BY_UNKNOWN_URL)))
        .then(pl.lit(_UNKNOWN_URL))
    )
    return to_table(
        frame.with_columns(
            link_id.alias("link_id"),
            url.alias("url"),
            texts(USER_AGENTS, frame["agent"].to_numpy()).alias("user_agent"),
            _IS_MACHINE.gather(frame["said"]).alias("is_machine"),
        ),
        TABLES["engagement_events"],
    )
