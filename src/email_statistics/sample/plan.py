"""What the sample's company sends in its year: sending domains, email sources and their sizes.

The catalogue below is the same at every size, so that each screen and each special case is there;
a larger sample adds ordinary sources to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate
from math import gcd, log10
from typing import Any

import numpy as np

from email_statistics.sample.draws import Choice, Draws, Ints, whole
from email_statistics.sample.timeline import LAST_MOMENT, YEAR_END, YEAR_START, micros

ALL_WEBHOOKS = (
    "accepted,rejected,delivered,soft_bounced,hard_bounced,opened,clicked,replied,"
    "unsubscribed,complained"
)
_ESTABLISHED = datetime(2025, 1, 6, 9)


@dataclass(frozen=True)
class DomainSettings:
    """The settings of a sending domain from `valid_from` on."""

    valid_from: datetime
    sending_service: str = "aesthetix"
    is_dedicated: bool = True
    is_open_tracking_enabled: bool = True
    is_click_tracking_enabled: bool = True
    is_spf_verified: bool | None = True
    is_dkim_verified: bool | None = True
    is_tracking_cname_verified: bool | None = True
    webhook_event_types: str | None = ALL_WEBHOOKS


MAIN = "mail.brightsmile.example"
NEWS = "news.brightsmile.example"
FLOW = "flow.brightsmile.example"
PROMO = "promo.brightsmile.example"
QUIET = "quiet.brightsmile.example"
SHARED = "shared.aesthetix.example"
OUTSIDE = "smtp.oldhost.example"
UNSET = "forgotten.brightsmile.example"  # no settings row

DOMAINS: dict[str, tuple[DomainSettings, ...]] = {
    MAIN: (DomainSettings(_ESTABLISHED), DomainSettings(datetime(2026, 2, 2, 8))),
    # Open tracking is switched on in the fourth month.
    NEWS: (
        DomainSettings(
            _ESTABLISHED,
            is_open_tracking_enabled=False,
            webhook_event_types="accepted,delivered,opened,clicked",
        ),
        DomainSettings(datetime(2025, 10, 6, 8)),
    ),
    # The follow-up workflow moves from outside SMTP to Aesthetix.
    FLOW: (
        DomainSettings(
            _ESTABLISHED,
            sending_service="external_smtp",
            is_dedicated=False,
            webhook_event_types=None,
        ),
        DomainSettings(datetime(2025, 12, 10, 8)),
    ),
    PROMO: (DomainSettings(_ESTABLISHED, is_dkim_verified=False),),
    QUIET: (DomainSettings(_ESTABLISHED, is_click_tracking_enabled=False),),
    SHARED: (DomainSettings(_ESTABLISHED, is_dedicated=False, is_tracking_cname_verified=None),),
    OUTSIDE: (
        DomainSettings(
            _ESTABLISHED,
            sending_service="external_smtp",
            is_dedicated=False,
            is_spf_verified=None,
            is_dkim_verified=None,
            is_tracking_cname_verified=None,
            webhook_event_types=None,
        ),
    ),
}


@dataclass(frozen=True)
class Source:
    """One email source: what is sent, when, and how large a part of all messages it is."""

    email_source_type: str
    email_source_name: str
    starts_at: datetime
    weight: float
    sending_domain: str = MAIN
    lasts: timedelta = timedelta(hours=2)
    campaign_kind: str | None = None
    status: str = "sent"
    subject: str | None = None
    from_name: str | None = "Bright Smile"
    workflow_id: str | None = None
    workflow_name: str | None = None
    step: int = 0  # of a workflow's action, from 0
    step_delay: timedelta = timedelta(0)
    has_product_element: bool | None = False
    is_click_tracking_enabled: bool = True
    toggled_at: datetime | None = None  # when Track Clicks was switched on
    is_utm_tracking_enabled: bool | None = None
    is_showcase: bool = False  # the newest of its type: shows every outcome
    email_source_id: str = ""

    def settings(self) -> DomainSettings | None:
        """Return the domain's settings in force when the source starts."""
        rows = DOMAINS.get(self.sending_domain, ())
        in_force = [row for row in rows if row.valid_from <= self.starts_at]
        return in_force[-1] if in_force else None

    def reports_delivery_from(self) -> int:
        """Return the microsecond from which the sending service reports deliveries."""
        rows = DOMAINS.get(self.sending_domain)
        if rows is None:
            return 0  # without settings it counts as Aesthetix
        moments = [micros(row.valid_from) for row in rows if row.sending_service == "aesthetix"]
        return min(moments, default=LAST_MOMENT + 1)

    def tracks_clicks_at_start(self) -> bool:
        """Return the Track Clicks toggle as it stood when the source started."""
        if self.toggled_at is None:
            return self.is_click_tracking_enabled
        return self.toggled_at <= self.starts_at


def _campaign(name: str, starts_at: datetime, weight: float, **more: Any) -> Source:
    source = Source("campaign", name, starts_at, weight, subject=name)
    return replace(source, **more)


def _action(
    workflow: tuple[str, str],
    step: int,
    name: str,
    starts_at: datetime,
    weight: float,
    **more: Any,
) -> Source:
    source = Source(
        "workflow",
        name,
        starts_at,
        weight,
        status="active",
        subject=name,
        step=step,
        workflow_id=workflow[0],
        workflow_name=workflow[1],
        lasts=YEAR_END - starts_at,
    )
    return replace(source, **more)


def _bulk(name: str, starts_at: datetime, weight: float, **more: Any) -> Source:
    source = Source("bulk", name, starts_at, weight, subject=name, lasts=timedelta(hours=1))
    return replace(source, **more)


_FOLLOW_UP = ("wf_appointment_follow_up", "Appointment follow-up")
_WELCOME = ("wf_new_client_welcome", "New client welcome")
_FOLLOW_UP_STARTS = datetime(2025, 7, 1, 6)
_WELCOME_STARTS = datetime(2026, 5, 25, 6)
VIP_CAMPAIGN = "VIP early access"  # its few messages are written one by one, in `edges`

CATALOGUE: tuple[Source, ...] = (
    _campaign("Grand opening follow-up", datetime(2025, 7, 8, 14), 90, sending_domain=NEWS),
    _campaign("Back from the holidays", datetime(2025, 8, 19, 8), 80, sending_domain=NEWS),
    _campaign("Autumn glow", datetime(2025, 10, 22, 14), 90, sending_domain=NEWS),
    _campaign("Black Friday", datetime(2025, 11, 28, 11), 190, has_product_element=True,
              is_utm_tracking_enabled=True),
    _campaign("Christmas gift ideas", datetime(2025, 12, 16, 15), 110, has_product_element=True,
              is_utm_tracking_enabled=True),
    _campaign("New year, new smile", datetime(2026, 1, 14, 13), 90),
    _campaign("Valentine's special", datetime(2026, 2, 11, 14), 50, sending_domain=UNSET),
    _campaign("Blog digest, winter", datetime(2026, 3, 12, 10), 50, campaign_kind="rss",
              is_click_tracking_enabled=False),
    _campaign(VIP_CAMPAIGN, datetime(2026, 4, 2, 16), 0, campaign_kind="standard"),
    _campaign("Spring check-up", datetime(2026, 4, 9, 13), 70, sending_domain=QUIET),
    _campaign("Mother's Day", datetime(2026, 5, 5, 14), 110, has_product_element=True),
    _campaign("June skin-care letter", datetime(2026, 6, 2, 14), 130),
    _campaign("Subject line test: sunscreen", datetime(2026, 6, 3, 14), 120,
              campaign_kind="ab_test"),
    _campaign("Laser Thursday", datetime(2026, 6, 4, 9), 135, has_product_element=True,
              is_utm_tracking_enabled=True),
    _campaign("Blog digest, summer", datetime(2026, 6, 5, 10), 70, campaign_kind="rss"),
    _campaign("Father's Day gift cards", datetime(2026, 6, 8, 13), 140,
              has_product_element=True, is_utm_tracking_enabled=False),
    # Track Clicks forgotten, and switched on when it was too late.
    _campaign("Whitening week", datetime(2026, 6, 9, 14), 110,
              toggled_at=datetime(2026, 6, 9, 18)),
    _campaign('<b>Sale</b> & more "quotes" 🎉', datetime(2026, 6, 10, 15), 130,
              has_product_element=True, from_name="Bright Smile & Söhne"),
    _campaign("Old mailing list", datetime(2026, 6, 11, 14), 110, sending_domain=OUTSIDE),
    # Track Clicks forgotten in the draft, and switched on in time.
    _campaign("Hydration week", datetime(2026, 6, 15, 13), 125,
              toggled_at=datetime(2026, 6, 14, 16)),
    _campaign("Members only", datetime(2026, 6, 16, 17), 130, has_product_element=True),
    _campaign("We miss you", datetime(2026, 6, 17, 14), 125, sending_domain=PROMO),
    _campaign("Summer peel", datetime(2026, 6, 18, 8), 130, has_product_element=True),
    _campaign("Subject line test: summer", datetime(2026, 6, 19, 14), 110,
              campaign_kind="ab_test", from_name="Dr. Ada Lovelace"),
    _campaign("Neighbourhood news", datetime(2026, 6, 22, 14), 60, sending_domain=SHARED),
    _campaign("Summer sale: 20 % off", datetime(2026, 6, 23, 14), 440, campaign_kind="standard",
              has_product_element=True, is_utm_tracking_enabled=True, is_showcase=True),
    _campaign("Back to school", YEAR_END + timedelta(days=42), 0, status="draft",
              subject=None, is_click_tracking_enabled=False),
    _campaign("Untitled", YEAR_END + timedelta(days=60), 0, status="draft", subject=None,
              from_name=None, has_product_element=None, is_click_tracking_enabled=False),
    _campaign("July skin-care letter", datetime(2026, 7, 7, 14), 0, status="scheduled"),
    _action(_FOLLOW_UP, 0, "Thank you for your visit", _FOLLOW_UP_STARTS, 260,
            sending_domain=FLOW),
    _action(_FOLLOW_UP, 1, "How was it?", _FOLLOW_UP_STARTS, 230, sending_domain=FLOW,
            step_delay=timedelta(days=2)),
    _action(_FOLLOW_UP, 2, "Time for your next visit", _FOLLOW_UP_STARTS, 190,
            sending_domain=FLOW, step_delay=timedelta(days=21), status="paused"),
    _action(_WELCOME, 0, "Welcome to Bright Smile", _WELCOME_STARTS, 340),
    _action(_WELCOME, 1, "Three tips before your first visit", _WELCOME_STARTS, 300,
            step_delay=timedelta(days=2), is_showcase=True),
    _bulk("Price list 2026", datetime(2025, 11, 5, 10), 130),
    _bulk("The clinic has moved", datetime(2026, 3, 19, 9), 120),
    _bulk("Summer opening hours", datetime(2026, 6, 25, 9), 400, is_showcase=True),
)  # fmt: skip

_THEMES = ("Newsletter", "Offer of the week", "Skin-care letter", "Invitation", "Product news")
_LAST_ORDINARY_DAY = 340  # after it come only the catalogue's, so that the newest stay the newest
_SEND_HOUR = Choice([4, 9, 12, 12, 8, 6, 8, 10, 9, 6, 4, 5, 4])
_FIRST_SEND_HOUR = 6
_WEEKDAY = Choice([16, 24, 22, 20, 12, 3, 3])
_SOURCES_A_DECADE = 66  # ordinary sources added for each tenfold size
_CATALOGUE_MESSAGES = 5_000


def _ordinary_sources(messages: int, draws: Draws) -> list[Source]:
    count = max(0, int(_SOURCES_A_DECADE * log10(messages / _CATALOGUE_MESSAGES)))
    week = whole(draws.uniform("source.week", 0, count), _LAST_ORDINARY_DAY // 7)
    weekday = _WEEKDAY(draws.uniform("source.weekday", 0, count))
    hour = _FIRST_SEND_HOUR + _SEND_HOUR(draws.uniform("source.hour", 0, count))
    size = 40 + draws.uniform("source.size", 0, count) ** 2 * 400
    domain = Choice([70, 15, 10, 5])(draws.uniform("source.domain", 0, count))
    kind = Choice([84, 8, 8])(draws.uniform("source.kind", 0, count))
    first_monday = YEAR_START + timedelta(days=(7 - YEAR_START.weekday()) % 7)
    sources: list[Source] = []
    for i in range(count):
        starts_at = first_monday + timedelta(
            weeks=int(week[i]), days=int(weekday[i]), hours=int(hour[i])
        )
        weight = float(size[i])
        name = f"{_THEMES[i % len(_THEMES)]} {i + 1}"
        match i % 20:
            case 5:
                sources.append(_bulk(name, starts_at, weight))
            case 10 | 11:
                series = (f"wf_series_{i // 20 + 1}", f"Care series {i // 20 + 1}")
                step = i % 20 - 10
                start = first_monday + timedelta(weeks=3 * (i // 20) % 40)
                sources.append(
                    _action(series, step, name, start, 240 - 60 * step,
                            step_delay=timedelta(days=4 * step))
                )  # fmt: skip
            case _:
                sources.append(
                    _campaign(
                        name,
                        starts_at,
                        weight,
                        sending_domain=(MAIN, NEWS, PROMO, OUTSIDE)[domain[i]],
                        campaign_kind=(None, "ab_test", "rss")[kind[i]],
                        has_product_element=i % 3 == 0,
                        is_click_tracking_enabled=i % 13 != 0,
                        is_utm_tracking_enabled=(None, True, False)[i % 7 % 3],
                    )
                )
    return sources


def _identified(sources: list[Source]) -> list[Source]:
    numbers = dict.fromkeys(("campaign", "workflow", "bulk"), 0)
    identified = []
    for source in sources:
        numbers[source.email_source_type] += 1
        number = numbers[source.email_source_type]
        source_id = f"src_{source.email_source_type}_{number:03}"
        identified.append(replace(source, email_source_id=source_id))
    return identified


@dataclass(frozen=True)
class Plan:
    """The sources of one sample with the messages of each, and how many contacts there are.

    `first_message` has one entry a source and a last one, the number of messages; source s sends
    the messages first_message[s] … first_message[s + 1] - 1.
    """

    messages: int
    contacts: int
    sources: tuple[Source, ...]
    first_message: Ints

    def size(self, source: int) -> int:
        """Return how many messages a source sends."""
        return int(self.first_message[source + 1] - self.first_message[source])

    def entrants(self, source: int, position: Ints) -> Ints:
        """Return which entrant of its workflow each message of an action goes to.

        Some drop out between the first action and a later one, and those who entered last haven't
        come to it yet. Elsewhere each position is an entrant.
        """
        action = self.sources[source]
        if action.step == 0 or len(position) == 0:
            return position
        first = source - action.step
        reached = 1 - (action.step_delay + timedelta(days=1)) / action.lasts
        return (position * (self.size(first) * reached / self.size(source))).astype(np.int64)

    def audience(self, source: int, entrant: Ints, draws: Draws) -> Ints:
        """Return the contact of each entrant: none twice, while there are enough contacts."""
        name = self.sources[source].workflow_id or self.sources[source].email_source_id
        step, offset = whole(draws.uniform(f"audience.{name}", 0, 2), self.contacts)
        stride = int(step) + 1
        while gcd(stride, self.contacts) != 1:
            stride += 1
        return (entrant * stride + int(offset)) % self.contacts


def make_plan(messages: int, draws: Draws) -> Plan:
    """Return the plan of a sample: sizes by weight, adding up to `messages` exactly."""
    sources = _identified([*CATALOGUE, *_ordinary_sources(messages, draws)])
    weights = [source.weight for source in sources]
    ends = [round(messages * upto / sum(weights)) for upto in accumulate(weights)]
    return Plan(
        messages=messages,
        contacts=800 + 6 * messages // 100,
        sources=tuple(sources),
        first_message=np.array([0, *ends], dtype=np.int64),
    )
