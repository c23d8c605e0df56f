"""The engagement events of a chunk of messages: people's, prefetchers' and scanners'."""

import numpy as np
import polars as pl

from email_statistics.sample.arrays import Bools, Columns, Floats, Ints, texts, whole
from email_statistics.sample.draws import Choice, LogNormal
from email_statistics.sample.events import Chunk, Events
from email_statistics.sample.tables import to_table
from email_statistics.sample.timeline import DAY, HOUR, LAST_MOMENT, MINUTE, SECOND, when_awake
from email_statistics.sample.words import APPLE_PREFETCH, SCANNERS, USER_AGENTS

_TYPES = ("opened", "clicked", "replied", "unsubscribed", "complained")

_OPEN_DELAY = LogNormal(100 * MINUTE, 1.9, 20 * SECOND, 40 * DAY)
_REOPEN_DELAY = LogNormal(14 * HOUR, 1.6, MINUTE, 40 * DAY)
_CLICK_DELAY = LogNormal(25 * SECOND, 0.9, 2 * SECOND, HOUR)
_RECLICK_DELAY = LogNormal(2 * MINUTE, 1.4, SECOND, 20 * DAY)
_REPLY_DELAY = LogNormal(20 * MINUTE, 1.3, 30 * SECOND, 5 * DAY)
_COMPLAINT_DELAY = LogNormal(6 * HOUR, 1.2, MINUTE, 10 * DAY)
_ANSWER_PACE = 7 * MINUTE  # of the messages of a showcase source

_REOPEN_CHANCES = (0.5, 0.55, 0.55, 0.5)  # of each further open
_RECLICK_CHANCES = (0.32, 0.3)  # of each further click
_ORDER_CHANCE = 0.15  # of a click
_ORDER_CHANCE_UNCLICKED = 0.04  # of an open without a click

_FATE_OF_SCAN = Choice([45, 15, 40])  # links followed at once, by a scanner by name, or not
_BURST, _NAMED_SCANNER = 0, 1
_BURST_LINKS = 4
_BURST_PACE = SECOND * 18 // 100
_SCANNED_LINKS = 7  # a source's first links: those that a scanner can follow

_SAID = pl.Series([None, False, True])  # is_machine, in the sender's word
_UNSAID, _HUMAN, _MACHINE = range(3)

# How a click names its link; mostly by its id alone.
_BY_ID, _BY_ID_AND_URL, _BY_URL, _BY_UNKNOWN_URL, _BY_NOTHING = range(5)
_LINK_FORM = Choice([82, 10, 6, 1.5, 0.5])
_UNKNOWN_URL = "https://www.brightsmile.example/landing/new?from=mail"


def engagement_events(messages: Chunk, links: pl.DataFrame) -> tuple[pl.DataFrame, Columns]:
    """Return the raw engagement events of a chunk, and what people did, for their orders.

    The latter has ``is_opened``, ``is_ordered`` and ``touched_at`` (the click, else the open).
    """
    chunk = _Engagement(messages)
    chunk.add_people()
    chunk.add_machines()
    chunk.add_answers()
    order_chance = np.where(chunk.is_clicked, _ORDER_CHANCE, _ORDER_CHANCE_UNCLICKED)
    touches = Columns(
        is_opened=chunk.is_read,
        is_ordered=chunk.is_read & chunk.happens("order", order_chance, range(12)),
        touched_at=np.where(chunk.is_clicked, chunk.clicked_at, chunk.opened_at),
    )
    return _rows(chunk.events.frame(), links), touches


class _Engagement:
    """The events of one chunk while they are gathered, and who opens and clicks, and when."""

    def __init__(self, messages: Chunk) -> None:
        self.messages = messages
        defaults = {"agent": -1, "said": _UNSAID, "link": -1, "form": _BY_ID}
        self.events = Events("eng", messages, _TYPES, **defaults)
        # Whether opens and clicks are recorded.
        self.is_seen = self.happens("seen", messages.open_share, range(18))
        self.is_followed = self.happens("followed", messages.click_share, range(18))
        opened_at = when_awake(
            messages.delivered_at + _OPEN_DELAY(self.uniform("open_delay")),
            messages.utc_offset,
            messages.is_at_work,
            self.uniform("awake"),
            self.uniform("later"),
        )
        # The script doesn't wait: the showcase sources went out shortly before the year ends.
        is_scripted = messages.answered >= 0
        scripted_at = messages.delivered_at + (messages.answered + 1) * _ANSWER_PACE
        self.opened_at: Ints = np.where(is_scripted, scripted_at, opened_at)
        self.clicked_at = self.opened_at + _CLICK_DELAY(self.uniform("click_delay"))
        is_read = self.happens("open", messages.open_chance * messages.appeal, range(18))
        self.is_read: Bools = is_read & messages.is_delivered & (self.opened_at <= LAST_MOMENT)
        is_clicked = self.is_read & self.happens("click", 0.13, range(14))
        self.is_clicked: Bools = is_clicked & (self.clicked_at <= LAST_MOMENT)

    def uniform(self, name: str) -> Floats:
        return self.messages.uniform(f"engagement.{name}")

    def happens(self, name: str, chance: float | Floats, scripted: range) -> Bools:
        """Return which messages it happens to.

        It happens by chance, and to the ``scripted`` ones of a showcase source's answered messages.
        """
        answered: Ints = self.messages.answered
        is_scripted = (answered >= scripted.start) & (answered < scripted.stop)
        return is_scripted | (self.uniform(name) < chance)

    def add_people(self) -> None:
        """Add what people open and click, some of them again; some the sender calls human."""
        messages = self.messages
        said = np.where(self.uniform("said") < 0.08, _HUMAN, _UNSAID)
        is_open, at = self.is_read & self.is_seen, self.opened_at
        for repeat, chance in enumerate((1.0, *_REOPEN_CHANCES)):
            if repeat > 0:
                is_open = is_open & (self.uniform(f"reopen.{repeat}") < chance)
                at = at + _REOPEN_DELAY(self.uniform(f"reopen_delay.{repeat}"))
            self.events.add(1 + repeat, "opened", is_open, at, agent=messages.mail_agent, said=said)

        is_click, at = self.is_clicked & self.is_followed, self.clicked_at
        for repeat, chance in enumerate((1.0, *_RECLICK_CHANCES)):
            if repeat > 0:
                is_click = is_click & (self.uniform(f"reclick.{repeat}") < chance)
                at = at + _RECLICK_DELAY(self.uniform(f"reclick_delay.{repeat}"))
            # The first links of an email get the most clicks.
            place = np.square(np.square(self.uniform(f"link.{repeat}")))
            link = messages.first_link + whole(place, messages.links)
            form = _LINK_FORM(self.uniform(f"link_form.{repeat}"))
            more = {"agent": messages.browser, "said": said, "link": link, "form": form}
            self.events.add(10 + repeat, "clicked", is_click, at, **more)

    def add_machines(self) -> None:
        """Add images loaded at delivery, and links followed before anybody can."""
        messages, delivered_at = self.messages, self.messages.delivered_at
        is_prefetched = messages.is_delivered & messages.is_prefetched & self.is_seen
        is_prefetched &= self.uniform("prefetch") < 0.9
        at = delivered_at + SECOND * (2 + whole(self.uniform("prefetch_delay"), 40))
        self.events.add(0, "opened", is_prefetched, at, agent=USER_AGENTS.index(APPLE_PREFETCH))

        is_scanned = messages.is_delivered & messages.is_scanned & self.is_followed
        fate = _FATE_OF_SCAN(self.uniform("scan"))
        place = whole(self.uniform("scanned_link"), _SCANNED_LINKS)
        is_burst, is_named = is_scanned & (fate == _BURST), is_scanned & (fate == _NAMED_SCANNER)
        for step in range(_BURST_LINKS):
            at = delivered_at + SECOND // 10 + step * _BURST_PACE
            link = messages.first_link + (place + step) % _SCANNED_LINKS
            self.events.add(20 + step, "clicked", is_burst, at, agent=messages.browser, link=link)
        scanner = {
            "agent": USER_AGENTS.index(SCANNERS[0]) + place % len(SCANNERS),
            "said": np.where(place < 3, _MACHINE, _UNSAID),
        }
        self.events.add(9, "opened", is_named, delivered_at + 3 * SECOND, **scanner)
        link = messages.first_link + place
        self.events.add(29, "clicked", is_named, delivered_at + 4 * SECOND, link=link, **scanner)

    def add_answers(self) -> None:
        """Add replies, unsubscribes and complaints: only where the service reports them."""
        messages = self.messages
        # A feed's webhook names complaints alone.
        is_read = self.is_read & messages.is_reported & ~messages.is_feed
        replied_at = self.opened_at + _REPLY_DELAY(self.uniform("reply_delay"))
        is_replied = is_read & self.happens("reply", 0.008, range(3, 7))
        self.events.add(30, "replied", is_replied, replied_at)
        is_left = is_read & self.happens("leave", 0.008, range(14, 16))
        self.events.add(31, "unsubscribed", is_left, self.clicked_at + 5 * SECOND)
        is_complained = messages.is_delivered & messages.is_reported
        is_complained &= self.happens("complain", 0.0008, range(16, 18))
        delay = _COMPLAINT_DELAY(self.uniform("complaint_delay"))
        by_chance_at, scripted_at = messages.delivered_at + delay, self.opened_at + MINUTE
        complained_at = np.where(messages.answered >= 0, scripted_at, by_chance_at)
        self.events.add(32, "complained", is_complained, complained_at)


def _rows(frame: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    link, form = frame["link"].to_numpy(), frame["form"]
    return to_table(
        "engagement_events",
        frame.with_columns(
            link_id=pl.when(form <= _BY_ID_AND_URL).then(texts(links["link_id"], link)),
            url=pl.when(form == _BY_URL)
            .then(texts(links["url"], link))
            .when(form == _BY_ID_AND_URL)
            .then(texts(links["visited_url"], link))
            .when(form == _BY_UNKNOWN_URL)
            .then(pl.lit(_UNKNOWN_URL)),
            user_agent=texts(USER_AGENTS, frame["agent"].to_numpy()),
            is_machine=_SAID.gather(frame["said"]),
        ),
    )
