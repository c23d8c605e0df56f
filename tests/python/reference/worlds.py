"""Small random dirty lakes ("worlds"), and many of them written as one lake.

A world is a dict of raw tables with a handful of contacts, sources, links, messages and orders
whose times cluster on the edges of the definitions. A build is slow, so many worlds share a lake:
each world's ids get a prefix (``w017_``), and nothing but the exchange rates is shared.
"""

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from reference import contract
from reference.values import BYTE_ORDER_MARK, WHITE_SPACE, Row, to_text

World = dict[str, list[Row]]

TABLES = {table.name: table for table in (*contract.ENTITIES, *contract.EVENTS)}
PREFIXED = {
    *("contact_id", "merged_into_contact_id", "email_source_id", "link_id", "message_id"),
    *("event_id", "order_id", "sending_domain", "email", "recipient_email", "experiment_id"),
}
REQUIRED = {
    "contacts": {"contact_id", "email"},
    "sending_domains": {
        *("sending_domain", "valid_from", "sending_service", "is_dedicated"),
        *("is_open_tracking_enabled", "is_click_tracking_enabled"),
    },
    "email_sources": {
        *("email_source_id", "email_source_type", "email_source_name", "sending_domain"),
        "is_click_tracking_enabled",
    },
    "links": {"link_id", "email_source_id", "url"},
    "exchange_rates": {"currency", "valid_from", "rate"},
    "send_events": {"message_id"},
    "engagement_events": {"message_id"},
    "order_events": {"order_id"},
    "goal_events": set[str](),
    "experiments": {"experiment_id", "experiment_type", "control_arm"},
    "experiment_assignments": {"experiment_id", "contact_id", "arm"},
}
ALWAYS_REQUIRED = {"event_id", "event_type", "event_at", "loaded_at", "updated_at"}

# Contacts have the first three, or none; the last is nobody's.
EMAILS = ["ann@x.org", "bob@x.org", "cyd@x.org", "zoe@x.org"]

# Two weeks around the day on which New York's clocks go forward, at 07:00 UTC.
START = datetime(2026, 3, 8, 6, 59, 59)
DAYS = [0, 0, 0, 0, 0, 1, 1, 4, 5, 5, 30, -1]
SECONDS = [0, 0, 0, 1, 1, 2, 0.5, 1.000001, 60, 1800, 3600, 19800, 61200]
MICROSECONDS = [0, 0, 0, 1, -1]
URLS = [
    "https://shop.example.com/a",
    "https://shop.example.com/b?x=1#y",
    "HTTP://Shop.Example.com",
    "http://localhost:8080/x",
    "https://a-b.example:443",
    "https://example.com?q={{x",
    "https://example.com/{{contact.id}}",
    "https://example.com/%7B%7Bid%7D%7d",
    "https://example.com/}%7d",
    "{{unsubscribe_link}}",
    "mailto:a@example.com",
    "tel:+123",
    "#top",
    "/relative",
    "www.example.com",
    "app://open",
    "htp://example.com",
    "http:/example.com",
    "https://",
    "https://.example.com",
    "https://example..com",
    "https://example.com.",
    "https://exa mple.com",
    "https://example.com/a b",
    "https://example.com/a\u00a0b",
    "https://example.com/a\u2003b",
    "https://example.com/a\nb",
    "https://exam\u017fple.com",
    "http\u017f://example.com",
    "https://\u212aiosk.example",
    "https://m\u00fcller.example",
    "https://example.com:80a",
    "https://example.com:",
    "https://example.com:\u0663",
    "https://user@example.com",
    "https://under_score.example",
    "https://example.com/\u00fc\u4e2d",
    "https://example.com\\path",
]
USER_AGENTS = [
    None,
    "Mozilla/5.0",
    "Mozilla/5.0 (Windows NT 10.0) Firefox/128.0",
    "Mozilla/5.0 (via ggpht.com GoogleImageProxy)",
    "BarracudaCentral Proofpoint GoogleImageProxy",
    "curl/8.1",
    "not curl/8.1",
    "MIMECAST",
    "My%Agent",
]
EVENT_TYPES = [
    None,
    " , ,",
    "delivered, bounced",
    "accepted,delivered,soft_bounced,hard_bounced,opened,clicked,replied,unsubscribed,complained",
    "Delivered\u00a0,\tOPENED , unsubscribed",
    "opened;clicked, complained",
    "un delivered,accepted,replied,clicked",
]
AMOUNTS = ["0", "0.01", "0.69", "4.4", "19.99", "19.9900", "33.335", "1000.1", "900000000.69"]
BAD_AMOUNTS = [None, "", "abc", "nan", "inf", "-1", "-0.01", "19.999", "1,5"]
CURRENCIES = ["USD", "USD", "USD", "EUR", "GBP", " eur", "gBp", "CHF", "JPY"]
BAD_CURRENCIES = [None, " ", "EURO", "E1R", "\u20acUR", "U D", "US"]
ARMS = ["control", "control", "control", "email", "email", "Email", "other"]
VARIANTS = ["control", "email", "email", "other"]
SHARES = [
    *(None, None, "control=1,email=1", " control = 10 ,email=0.5", "control=1,email=1,control=2"),
    "control=1",
]
BAD_SHARES = ["control", "control=0", "control=1,", "=1", "control=-1", "control=1;email=1"]
BAD_NUMBERS = ["0", "61", "1.5", "-1", "two", "1e1", "1_0"]
BLANKS = [None, "", " ", "\t\n", "\u00a0\u3000", "\ufeff"]
PADS = [" ", "\t", "\u00a0", "\u2003", "\ufeff", "\r\n"]
BAD_TIMES = [
    "soon",
    "infinity",
    "-infinity",
    "2026-13-01",
    "2026-02-30T00:00:00",
    "1772946000",
    "25:00",
    "2026-03-08T25:00:00",
    "1999-12-31T23:59:59.999999",
    "1999-12-31T23:30:00-00:30",
    "2026-03-08 07:00:00 nowhere",
]
BAD_FLAGS = ["maybe", "2", "-1", "tru"]

# One history for the whole lake, for currencies can't be prefixed; JPY has no rate.
_RATE_ROWS = [
    ("EUR", "2026-01-01", "1.10", 0),
    ("EUR", "2026-03-08T07:00:00", "1.123456789012", 0),
    ("EUR", "2026-03-08T07:00:00", "1.2", 1),
    ("EUR", "2026-03-13T06:59:59", None, 0),
    (" GBP ", "2026-03-08T08:00:00+01:00", "1.335", 0),
    ("GBP", "2026-04-07", "1.25", 0),
    ("USD", "2026-01-01", "0.5", 0),
    ("chf", "2026-01-01", "1.2", 0),
    ("CHF", "2026-03-01", "1.3", 0),
    ("chf", "2026-03-01", "1.4", 1),
    ("chf", "2026-03-08T07:00:00", "1.5", 0),
    ("CHF", "2026-03-08T07:00:00", None, 1),
    ("GBP", "2026-03-20", "0", 0),
    ("JPY", "2026-03-01", "many", 0),
    ("JPY", None, "0.0067", 0),
    (None, "2026-01-01", "3", 0),
]
DIRTY_RATES: list[Row] = [
    {
        "currency": currency,
        "valid_from": valid_from,
        "rate": rate,
        "updated_at": START + timedelta(days=age),
        "loaded_at": START + timedelta(days=age),
    }
    for currency, valid_from, rate, age in _RATE_ROWS
]
TYPED_RATES: list[Row] = [
    {
        "currency": currency,
        "valid_from": START + timedelta(days=days),
        "rate": Decimal(rate) if rate else None,
        "updated_at": START,
        "loaded_at": START,
    }
    for currency, days, rate in [
        ("USD", -9, "0.9"),
        ("USD", 0, "0.87654321"),
        ("EUR", -9, "1.10"),
        ("GBP", -9, "1.335"),
        ("GBP", 5, None),
    ]
]


class _Dice:
    """The draws of one world, from whole numbers between two bounds; ``dirt`` says whether values
    may be unclean."""

    def __init__(self, number: Callable[[int, int], int], dirt: bool) -> None:
        self.number = number
        self.dirt = dirt

    def one_of(self, options: Sequence[Any]) -> Any:
        return options[self.number(0, len(options) - 1)]

    def chance(self, percent: int) -> bool:
        return self.number(0, 99) >= 100 - percent

    def dirty(self, percent: int) -> bool:
        return self.dirt and self.chance(percent)

    def moment(self) -> datetime:
        """A time on or beside an edge."""
        return START + timedelta(
            days=self.one_of(DAYS),
            seconds=self.one_of(SECONDS),
            microseconds=self.one_of(MICROSECONDS),
        )

    def flag(self, percent: int = 50) -> bool | None:
        return None if self.chance(10) else self.chance(percent)

    def some_id(self, letter: str, known: int, stray: int = 4) -> str:
        """One of the ``known`` ids, or, ``stray`` times in a hundred, one that has no row."""
        return f"{letter}9" if self.chance(stray) else f"{letter}{self.number(1, known)}"


@st.composite
def worlds(draw: Callable[[st.SearchStrategy[int]], int], dirt: bool = True) -> World:
    """Worlds for hypothesis, which shrinks them; many of its examples are alike."""
    return _world(_Dice(lambda least, most: draw(st.integers(least, most)), dirt))


def draw_worlds(count: int, *, seed: int = 0, dirt: bool = True) -> dict[str, World]:
    """``count`` worlds by their prefix, all different, the same for the same seed; with
    ``dirt=False`` their values are all of their columns' types."""
    chance = random.Random(seed)
    prefixes = [f"w{number:03}_" for number in range(count)]
    return {prefix: prefixed(_world(_Dice(chance.randint, dirt)), prefix) for prefix in prefixes}


def _world(dice: _Dice) -> World:
    world: World = {
        "contacts": _contacts(dice),
        "sending_domains": _sending_domains(dice),
        "email_sources": _email_sources(dice),
        "links": _links(dice),
        "send_events": [],
        "engagement_events": [],
    }
    busy = [dice.moment(), dice.moment()]
    for message_id in [f"m{number}" for number in range(1, dice.number(4, 8))]:
        world["send_events"] += _send_events(dice, message_id)
        world["engagement_events"] += _engagement_events(dice, message_id, busy)
    if dice.chance(40):
        _echo(dice, world)
    recipients = {
        send["message_id"]: (send["contact_id"], send["recipient_email"])
        for send in world["send_events"]
    }
    touches = [
        (event["event_at"], *recipients.get(event["message_id"], (None, None)))
        for event in world["engagement_events"]
    ] or [(START, None, None)]
    world["order_events"] = _order_events(dice, touches)
    world["goal_events"] = [_goal_event(dice, touches) for _ in range(dice.number(0, 3))]
    world["experiments"] = _experiments(dice)
    world["experiment_assignments"] = [
        _assignment(dice, touches) for _ in range(dice.one_of([0, 3, 6, 9]))
    ]
    for name, rows in world.items():
        world[name] = [soiled for row in rows for soiled in _soil(dice, TABLES[name], row)]
    return world


def _contacts(dice: _Dice) -> list[Row]:
    emails = ["ann@x.org", " Ann@X.org", "bob@x.org", "cyd@x.org", "cyd@x.org", None]
    return [
        {
            "contact_id": _reserved(dice) or f"c{number}",
            "full_name": dice.one_of(["Ann", "Bob", None]),
            "email": dice.one_of(emails),
            "is_do_not_disturb": dice.flag(20),
            "merged_into_contact_id": dice.some_id("c", 5, 20) if dice.chance(40) else None,
            "created_at": dice.moment(),
        }
        | _ages(dice)
        for number in range(1, 6)
        for _ in range(dice.one_of([1] * 10 + [2] * 5 + [0]))
    ]


def _sending_domains(dice: _Dice) -> list[Row]:
    return [
        {
            "sending_domain": f"d{number}",
            "valid_from": dice.moment(),
            "sending_service": dice.one_of(
                ["aesthetix", "aesthetix", "event_feed", "external_smtp"]
            ),
            "is_dedicated": dice.flag(92),
            "is_open_tracking_enabled": dice.flag(92),
            "is_click_tracking_enabled": dice.flag(92),
            "is_spf_verified": dice.flag(),
            "is_dkim_verified": dice.flag(),
            "is_tracking_cname_verified": dice.flag(),
            "webhook_event_types": dice.one_of(EVENT_TYPES),
        }
        | _ages(dice)
        for number in (1, 2)
        for _ in range(dice.one_of([1, 1, 2, 3]))
    ]


def _email_sources(dice: _Dice) -> list[Row]:
    types = ["campaign"] * 4 + ["workflow", "bulk", "transactional"]
    rows = []
    for number in range(1, 5):
        source_type = dice.one_of(types)
        kind = dice.one_of([None, "standard", "standard", "standard", "ab_test", "rss"])
        rows += [
            {
                "email_source_id": f"s{number}",
                "email_source_type": source_type,
                "email_source_name": dice.one_of(["Spring", "Summer", None]),
                "workflow_id": dice.one_of([None, "f1"]),
                "workflow_name": dice.one_of([None, "Welcome"]),
                "campaign_kind": kind,
                "status": dice.one_of(["draft", "sent", None]),
                "subject": dice.one_of([None, "Hello"]),
                "from_name": dice.one_of([None, "Shop"]),
                "sending_domain": dice.some_id("d", 2),
                "has_product_element": dice.flag(),
                "is_click_tracking_enabled": dice.flag(82),
                "is_utm_tracking_enabled": dice.flag(),
                "scheduled_at": dice.one_of([None, START]),
                "created_at": dice.one_of([None, START]),
            }
            | _ages(dice)
            for _ in range(dice.one_of([1, 1, 2, 3]))
        ]
    return rows


def _links(dice: _Dice) -> list[Row]:
    types = [None, "standard", "standard", "standard", "trigger", "preview", "affiliate"]
    return [
        {
            "link_id": f"l{number}",
            "email_source_id": dice.some_id("s", 4),
            "url": dice.one_of(URLS[: dice.one_of([3, 3, 5, len(URLS)])]),
            "link_source": dice.one_of([None, "text", "button", "Footer"]),
            "link_type": dice.one_of(types),
        }
        | _ages(dice)
        for number in range(1, 8)
        for _ in range(dice.one_of([1, 1, 1, 2]))
    ]


def _ages(dice: _Dice) -> Row:
    """The two times of an entity's row, often equal to another row's."""
    updated_at = dice.moment() if dice.chance(50) else START
    return {"updated_at": updated_at, "loaded_at": dice.one_of([updated_at, START])}


def _echo(dice: _Dice, world: World) -> None:
    """The first message once more: its touches tie with the first's, but for the sending time, the
    type or the message's id."""
    lag = timedelta(seconds=dice.one_of([0, 1, -1]))
    for name in ("send_events", "engagement_events"):
        for number, event in enumerate(list(world[name])):
            if event["message_id"] == "m1":
                echo = event | {"message_id": "m0", "event_id": f"e{300 + number}"}
                if name == "send_events":
                    echo["event_at"] += lag
                elif event["event_type"] in ("opened", "clicked"):
                    echo["event_type"] = dice.one_of([event["event_type"], "opened", "clicked"])
                world[name].append(echo)


def _experiments(dice: _Dice) -> list[Row]:
    metrics = [None, *sorted(contract.EXPERIMENTS.words["primary_metric"])]
    return [
        {
            "experiment_id": f"x{number}",
            "experiment_name": dice.one_of([None, "Which subject?"]),
            "experiment_type": dice.one_of(["holdout", "ab_test", "ab_test"]),
            "control_arm": dice.one_of(["control", "control", "control", "email"]),
            "email_source_id": dice.one_of([None, *(f"s{source}" for source in range(1, 5))]),
            "primary_metric": dice.one_of(metrics),
            "outcome_days": dice.one_of([None, 1, 4, 5, 30, 60]),
            "planned_shares": dice.one_of(SHARES),
            "planned_contacts_per_arm": dice.one_of([None, 1, 2, 1000]),
            "started_at": dice.one_of([None, START]),
            "ended_at": dice.one_of([None, START, START + timedelta(days=90)]),
        }
        | _ages(dice)
        for number in range(1, 5)
        for _ in range(dice.one_of([1, 1, 1, 2]))
    ]


def _assignment(dice: _Dice, touches: list[tuple[datetime, str | None, str | None]]) -> Row:
    """An assignment to one of the first experiments, often days before something happened."""
    moment, *_ = dice.one_of(touches)
    assigned_at = moment - timedelta(
        days=dice.one_of([0, 0, 1, 4, 5, 14, 30]), microseconds=dice.one_of(MICROSECONDS)
    )
    return _event(dice, "assigned", assigned_at if dice.chance(60) else None) | {
        "experiment_id": dice.some_id("x", 2),
        "contact_id": _reserved(dice) or _contact(dice),
        "arm": dice.one_of(ARMS),
    }


def _send_events(dice: _Dice, message_id: str) -> list[Row]:
    source_id, contact_id = dice.some_id("s", 4), _contact(dice)
    emails: list[str | None] = [None, "ann@x.org", "Ann@x.org"]
    is_known_by_email = dice.chance(25)
    if is_known_by_email:
        emails = [dice.one_of(EMAILS)] * 8 + [dice.one_of(EMAILS), " Zoe@X.org "]
    variant = dice.one_of([None, *VARIANTS])
    types = dice.one_of(
        [
            ["targeted", "sent", "delivered"],
            ["sent", "accepted", "delivered"],
            ["sent"],
            ["targeted"],
            ["failed", "skipped"],
            ["skipped"],
            ["hard_bounced", "delivered", "soft_bounced"],
            ["hard_bounced", "delivered"],
            ["hard_bounced", "delivered", "hard_bounced"],
            ["delivered", "hard_bounced", "delivered"],
            ["accepted", "rejected"],
            ["accepted", "deferred"],
            ["deferred", "rejected", "soft_bounced"],
            ["accepted", "skipped"],
            ["accepted", "failed", "deferred"],
            ["soft_bounced", "hard_bounced"],
            ["delivered"],
        ]
    )
    types = types + [dice.one_of(sorted(contract.SEND_EVENTS.words["event_type"]))] * dice.chance(
        30
    )
    at_once = dice.one_of([None, None, START, dice.moment()])
    return [
        _event(dice, event_type, at_once)
        | {
            "message_id": message_id,
            "email_source_id": _named(dice, source_id, dice.some_id("s", 4)),
            "contact_id": None
            if is_known_by_email and dice.chance(97)
            else _reserved(dice) or _named(dice, contact_id, dice.some_id("c", 5)),
            "recipient_email": dice.one_of(emails),
            "is_test": dice.chance(3) if dice.chance(80) else None,
            "reason": dice.one_of([None, "550 no such user"]),
            "variant": dice.one_of([variant, variant, variant, None, "other"]),
            "is_winner_rollout": dice.one_of([None, None, None, False, dice.chance(15)]),
        }
        for event_type in types
    ]


def _reserved(dice: _Dice) -> str | None:
    """Now and then the id that the models give to a contact known by its address."""
    return f"email:{dice.one_of(EMAILS)}" if dice.dirty(2) else None


def _named(dice: _Dice, usual: str, other: str) -> str | None:
    """What a send event names: nearly always what the others of its message do."""
    name: str | None = dice.one_of([None, None, other] + [usual] * 17)
    return name


def _engagement_events(dice: _Dice, message_id: str, busy: list[datetime]) -> list[Row]:
    """Opens, clicks and the rest, many of them at the ``busy`` moments at which other messages'
    come too; now and then as many clicks within about a second as make a burst."""
    types = ["opened"] * 5 + ["clicked"] * 6 + ["replied", "unsubscribed", "complained"]
    moment = dice.one_of(busy)
    rows = []
    for _ in range(dice.one_of([0, 0, 1, 2, 3, 4, 6])):
        event_at = moment if dice.chance(50) else None
        event = _event(dice, dice.one_of(types), event_at) | _engagement(dice, message_id)
        if event["event_type"] == "clicked" or dice.chance(5):
            event |= _clicked_link(dice)
        rows.append(event)
    if dice.chance(15):
        rows += [
            _event(dice, "clicked", moment + timedelta(seconds=gap))
            | _engagement(dice, message_id)
            | _clicked_link(dice)
            for gap in [0, 0.5, dice.one_of([0, 1, 1, 1.000001]), dice.one_of([0.9, 1, 1.5, 2])]
        ]
    return rows


def _engagement(dice: _Dice, message_id: str) -> Row:
    return {
        "message_id": "m99" if dice.chance(3) else message_id,
        "link_id": None,
        "url": None,
        "user_agent": dice.one_of(USER_AGENTS[: dice.one_of([1, 3, len(USER_AGENTS)])]),
        "is_machine": dice.one_of([None, None, None, None, None, None, True, False]),
    }


def _clicked_link(dice: _Dice) -> Row:
    """A link by its id, an unknown one's too, by its URL, by both or by neither."""
    return {
        "link_id": dice.one_of(["l8", "l9"])
        if dice.chance(15)
        else dice.some_id("l", 7)
        if dice.chance(60)
        else None,
        "url": dice.one_of(URLS[: dice.one_of([2, 4, len(URLS)])]) if dice.chance(50) else None,
    }


Touch = tuple[datetime, str | None, str | None]


def _order_events(dice: _Dice, touches: list[Touch]) -> list[Row]:
    rows = []
    for number in range(1, dice.number(3, 6)):
        currency = dice.one_of(CURRENCIES)
        contact_id, email, converted_at = _converted(dice, touches)
        types = dice.one_of(
            [
                ["placed", "paid"],
                ["paid"],
                ["placed", "paid", "paid", "refunded"],
                ["paid", "refunded", "cancelled"],
                ["placed", "cancelled"],
                ["placed", "placed", "paid"],
            ]
        )
        rows += [
            _event(dice, event_type, converted_at if dice.chance(60) else None)
            | {
                "order_id": f"o{number}",
                "contact_id": contact_id
                if dice.chance(80)
                else _reserved(dice) or dice.some_id("c", 5),
                "email": email if dice.chance(80) else None,
                "amount": dice.one_of(AMOUNTS),
                "currency": currency if dice.chance(75) else dice.one_of(CURRENCIES),
                "channel": dice.one_of([None, "payments", "shopify"]),
            }
            for event_type in types
        ]
    return rows


def _goal_event(dice: _Dice, touches: list[Touch]) -> Row:
    contact_id, email, converted_at = _converted(dice, touches)
    return _event(dice, "completed", converted_at) | {
        "contact_id": contact_id,
        "email": email,
        "goal_name": dice.one_of([None, "signed up"]),
    }


def _converted(dice: _Dice, touches: list[Touch]) -> tuple[str | None, str | None, datetime]:
    """Who converted, an id, an email, both or neither, and when: often who touched, on or beside
    the end of the attribution window."""
    touch_at, contact_id, touched_email = dice.one_of(touches)
    converted_at = touch_at + timedelta(
        days=dice.one_of([0, 0, 1, 5, 5, 30]), microseconds=dice.one_of(MICROSECONDS)
    )
    if dice.chance(40):
        contact_id = dice.some_id("c", 5) if dice.chance(60) else None
    email = dice.one_of([*EMAILS, "ANN@x.ORG ", None])
    if contact_id is None and dice.chance(60):
        email = touched_email
    return contact_id, email, converted_at


def _contact(dice: _Dice) -> str:
    """A contact, most often one of few, so that touches and conversions meet."""
    return dice.one_of(["c1", "c2"]) if dice.chance(60) else dice.some_id("c", 5)


def _event(dice: _Dice, event_type: str, event_at: datetime | None = None) -> Row:
    """What all events carry; ids collide now and then, which makes duplicates that differ."""
    event_at = event_at or dice.moment()
    lags = [0, 0, 0, 60, 86400]
    day = timedelta(days=1)
    loaded_at = event_at + timedelta(seconds=dice.one_of(lags))
    if dice.chance(3):
        loaded_at = event_at - day
    elif dice.dirty(2):
        loaded_at = event_at - day - timedelta(microseconds=1)
    return {
        "event_id": f"e{dice.number(1, 250)}",
        "event_type": event_type,
        "event_at": event_at,
        "loaded_at": loaded_at,
    }


# --- dirt ---------------------------------------------------------------------------------------


def _soil(dice: _Dice, table: contract.RawTable, row: Row) -> list[Row]:
    """The row, perhaps with something wrong or odd about it, perhaps more than once."""
    if not dice.dirt:
        if "amount" in row:
            row = row | {"amount": Decimal(row["amount"]).quantize(Decimal("0.01"))}
        return [row, row] if dice.chance(4) else [row]
    rows = [row]
    for _ in range(dice.one_of([0] * 8 + [1, 1, 2] if "event_id" in row else [0] * 12 + [1, 2])):
        column = dice.one_of(list(row))
        rows[0] = rows[0] | {column: _soiled(dice, table.columns[column], column, rows[0][column])}
    if dice.chance(8):
        rows.append(_twin(dice, table, dice.one_of([row, rows[0]])))
    return rows


def _twin(dice: _Dice, table: contract.RawTable, row: Row) -> Row:
    """The same row again, loaded at once or at another time, perhaps with values that differ."""
    twin = dict(row)
    if dice.chance(30) and isinstance(row["loaded_at"], datetime):
        twin["loaded_at"] = row["loaded_at"] + timedelta(seconds=dice.one_of([60, -60]))
    if "event_id" in row and dice.chance(40):
        twin["event_type"] = dice.one_of(sorted(table.words["event_type"]))
        if isinstance(row["event_at"], datetime):
            twin["event_at"] = row["event_at"] + timedelta(seconds=dice.one_of([0, 1, -1]))
    for _ in range(dice.one_of([0, 1, 1, 2])):
        column = dice.one_of(list(row))
        soiled = _soiled(dice, table.columns[column], column, row[column])
        twin[column] = None if dice.chance(40) else soiled
    return twin


def _soiled(dice: _Dice, kind: str, column: str, value: Any) -> Any:
    if dice.chance(15):
        return dice.one_of(BLANKS)
    if kind == "time":
        return dice.one_of(BAD_TIMES) if dice.chance(30) else _as_text(dice, value or START)
    if kind == "flag":
        words = ["true", "FALSE", "1", "0", " True "]
        return dice.one_of(BAD_FLAGS) if dice.chance(30) else dice.one_of(words)
    if kind in ("days", "plan"):
        return dice.one_of(BAD_NUMBERS) if dice.chance(50) else dice.one_of(["7.0", " 14 ", "+3"])
    if kind == "shares" and dice.chance(50):
        return dice.one_of(BAD_SHARES)
    if kind == "money":
        return dice.one_of(BAD_AMOUNTS) if dice.chance(70) else f" {value}\t"
    if column == "currency" and dice.chance(70):
        return dice.one_of(BAD_CURRENCIES)
    if kind == "enumeration" and dice.chance(30):
        return dice.one_of(["unknown", "Sent out", "0"])
    if value is None:
        return value
    text = str(value).upper() if kind == "enumeration" else str(value)
    pad = dice.one_of(PADS)
    return dice.one_of([f"{pad}{text}", f"{text}{pad}", f"{pad}{text}{pad}"])


def _as_text(dice: _Dice, value: Any) -> Any:
    """A time in one of the forms that ISO-8601 and databases give it; all mean the same moment, but
    for the ones that leave out what they have no room for."""
    if not isinstance(value, datetime):
        return value
    moment = value.replace(tzinfo=UTC)
    east = moment.astimezone(timezone(timedelta(hours=5, minutes=30)))
    west = moment.astimezone(timezone(timedelta(hours=-8)))
    berlin = moment.astimezone(ZoneInfo("Europe/Berlin"))
    return dice.one_of(
        [
            value.isoformat(),
            value.isoformat(sep=" "),
            value.isoformat() + "Z",
            value.isoformat(timespec="microseconds") + "789",
            value.isoformat(timespec="minutes"),
            value.date().isoformat(),
            east.isoformat(),
            west.isoformat(sep=" "),
            west.strftime("%Y-%m-%dT%H:%M:%S-08"),
            east.strftime("%Y-%m-%d %H:%M:%S+0530"),
            f" {value.isoformat()}\n",
            value.isoformat(sep=" ") + " UTC",
            berlin.strftime("%Y-%m-%dT%H:%M:%S Europe/Berlin"),
        ]
    )


# --- many worlds, one lake ----------------------------------------------------------------------


def prefixed(world: World, prefix: str) -> World:
    """The world with its prefix on every id and email, after the white space that it begins with,
    and `email:`."""
    space = re.compile(rf"\A[{WHITE_SPACE}{BYTE_ORDER_MARK}]*({contract.FROM_EMAIL})?")

    def with_prefix(column: str, value: Any) -> Any:
        if column not in PREFIXED or to_text(value) is None:
            return value
        return space.sub(lambda match: match[0] + prefix, str(value), count=1)

    return {
        name: [{column: with_prefix(column, row[column]) for column in row} for row in rows]
        for name, rows in world.items()
    }


def write_lake(
    lake: Iterable[World],
    rates: list[Row],
    folder: Path,
    *,
    dirt: bool = True,
    delivery: str = "",
) -> None:
    """Writes worlds and their exchange rates as one raw lake, each table in several files: typed
    ones for rows whose values are all of their columns' types, and files of nothing but text. They
    lie in the folder ``delivery`` of each table, where one is named.

    With ``dirt=False`` there are no text files, and a row that needs one is an error. Columns
    that are empty throughout a file are left out where the contract lets them, folders are nested
    and named like partitions, and files of writers at work lie about.
    """
    shuffler = random.Random(0)
    rows_by_table: dict[str, list[Row]] = defaultdict(list)
    for world in lake:
        for name, rows in world.items():
            rows_by_table[name] += rows
    rows_by_table["exchange_rates"] += rates
    for name, table in TABLES.items():
        typed: list[Row] = []
        texts: list[Row] = []
        for row in shuffler.sample(rows_by_table[name], len(rows_by_table[name])):
            fits = _is_typed(table, row)
            (typed if fits and (not dirt or shuffler.random() < 0.5) else texts).append(row)
        if texts and not dirt:
            raise ValueError(f"a row of {name} isn't typed: {texts[0]}")
        for number, part in enumerate(_parts(typed, 2)):
            path = folder / name / delivery / f"{name}_id=7" / f"typed-{number}.parquet"
            has_others = number == 1 and (dirt or name in _OTHER_TYPED)
            _write_file(table, part, path, _OTHER_TYPES if has_others else _ARROW_TYPES)
        for number, part in enumerate(_parts(texts, 3) if texts else []):
            path = folder / name / delivery / "event_type=opened" / f"text-{number}.parquet"
            _write_file(table, part, path, dict.fromkeys(_ARROW_TYPES, pa.string()))
        for unfinished in ("_part.parquet", ".hidden/part.parquet"):
            path = folder / name / delivery / unfinished
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"not yet Parquet")


def _parts(rows: list[Row], count: int) -> list[list[Row]]:
    """Files of a table, the last of them small; an empty table is one empty file."""
    cuts = [len(rows) * part // (count + 1) for part in range(count)] + [len(rows)]
    parts = [rows[start:end] for start, end in pairwise(cuts)]
    return [part for part in parts if part] or [[]]


_PYTHON_TYPES: dict[str, type] = {
    "text": str,
    "currency": str,
    "enumeration": str,
    "flag": bool,
    "time": datetime,
    "money": Decimal,
    "number": Decimal,
    "days": int,
    "plan": int,
    "shares": str,
}
_ARROW_TYPES = {
    "text": pa.string(),
    "currency": pa.string(),
    "enumeration": pa.string(),
    "flag": pa.bool_(),
    "time": pa.timestamp("us"),
    "money": pa.decimal128(18, 2),
    "number": pa.decimal128(24, 12),
    "days": pa.int64(),
    "plan": pa.int64(),
    "shares": pa.string(),
}
# Other types that hold the same values, and the tables that have them in a lake without text.
_OTHER_TYPES = _ARROW_TYPES | {
    "flag": pa.int8(),
    "time": pa.timestamp("us", tz="Asia/Tokyo"),
    "money": pa.float64(),
    "days": pa.float64(),
}
_OTHER_TYPED = {"email_sources", "engagement_events", "order_events", "experiments"}


def _is_typed(table: contract.RawTable, row: Row) -> bool:
    return all(
        value is None or isinstance(value, _PYTHON_TYPES[table.columns[column]])
        for column, value in row.items()
    )


def _write_file(
    table: contract.RawTable, rows: list[Row], path: Path, types: dict[str, pa.DataType]
) -> None:
    required = REQUIRED[table.name] | (ALWAYS_REQUIRED & set(table.columns))
    columns = {}
    for column, kind in table.columns.items():
        values = [row.get(column) for row in rows]
        if column in required or any(value is not None for value in values):
            columns[column] = pa.array([_as(types[kind], value) for value in values], types[kind])
    columns["written_by"] = pa.array([path.stem] * len(rows), pa.string())
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def _as(arrow_type: pa.DataType, value: Any) -> Any:
    """The value as Arrow takes it for a column of the type."""
    if value is None:
        return None
    if arrow_type == pa.string():
        return _as_plain_text(value)
    if arrow_type == pa.int8():
        return int(value)
    return float(value) if arrow_type == pa.float64() else value


def _as_plain_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, datetime) else str(value)
