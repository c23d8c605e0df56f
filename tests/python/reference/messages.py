"""One message: its events, what is measured of it, its state, its counted opens and clicks."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from reference.contract import DISPATCH_TYPES, ENGAGEMENT_TYPES, FROM_EMAIL
from reference.entities import Entities, contact_of_email, row_in_force
from reference.settings import Settings
from reference.staging import Judged
from reference.urls import link_reason, url_reason
from reference.values import Row, to_enumeration

if TYPE_CHECKING:
    from reference.conversions import Conversion

MEASURED = "measured"
FAMILY_OF_ENGAGEMENT = {
    "opened": "open",
    "clicked": "click",
    "replied": "reply",
    "unsubscribed": "unsubscribe",
    "complained": "complaint",
}
_BURST_SPAN = timedelta(seconds=1)
_BURST_LINKS = 3
USER_AGENTS = Path(__file__).parents[3] / "seeds" / "user_agents.csv"


@dataclass
class Engagement:
    """An accepted engagement event of a known message, judged."""

    event_id: str
    event_type: str
    event_at: datetime
    link: Row | None
    raw_link_id: str | None
    url: str | None
    actor: str | None = None
    exclusion_reason: str | None = None

    @property
    def is_counted(self) -> bool:
        """Counts, in whatever its type counts in."""
        return self.exclusion_reason is None

    @property
    def link_key(self) -> str | None:
        """The `link_id`, else the URL (overview: What is measured at all)."""
        return self.link["link_id"] if self.link else self.url

    @property
    def named_link(self) -> str | None:
        """The link that a click names: resolved link, else URL, else its raw `link_id`."""
        return self.link_key or self.raw_link_id


@dataclass
class Message:
    """A message of a known source and contact; ``sends`` are in order of (event_at, event_id)."""

    message_id: str
    sends: list[Row]
    source: Row
    contact_id: str
    availability: dict[str, str] = field(default_factory=dict)
    engagement: list[Engagement] = field(default_factory=list)
    conversions: list[Conversion] = field(default_factory=list)
    flags: dict[str, bool | None] = field(default_factory=dict)
    times: dict[str, datetime | None] = field(default_factory=dict)

    @property
    def first_send_at(self) -> datetime:
        """Its earliest accepted send event of any type (overview: Counting unit)."""
        moment: datetime = self.sends[0]["event_at"]
        return moment

    @property
    def is_test(self) -> bool:
        """Whether any of its send events marks it as a test (overview: Counting unit)."""
        return any(send["is_test"] for send in self.sends)

    @property
    def variant(self) -> str | None:
        """That of its earliest send event that has one."""
        return first_named(self.sends, "variant")

    @property
    def is_winner_rollout(self) -> bool:
        """Whether any of its send events says that it is a roll-out."""
        return any(send["is_winner_rollout"] for send in self.sends)

    def is_measured(self, family: str) -> bool:
        """The family is measured for this message."""
        return self.availability[family] == MEASURED

    def event_times(self, *types: str) -> list[datetime]:
        """When the accepted events of these types happened, earliest first."""
        sends = [send["event_at"] for send in self.sends if send["event_type"] in types]
        return sorted(sends + [e.event_at for e in self.engagement if e.event_type in types])

    def counted(self, *types: str) -> list[Engagement]:
        """Its counted opens or clicks."""
        return [e for e in self.engagement if e.event_type in types and e.is_counted]

    @property
    def orders(self) -> list[Conversion]:
        """The orders credited to it."""
        return [c for c in self.conversions if c.conversion_type == "order"]

    def money(self, measure: str) -> Decimal:
        """The money credited to it, 0 where nothing was (overview: Conversions and revenue)."""
        amounts = [getattr(order, measure) for order in self.orders]
        return sum((amount for amount in amounts if amount is not None), Decimal(0))


def group_sends(sends: list[Row]) -> dict[str, list[Row]]:
    """The accepted send events of each message, by (event_at, event_id)."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for send in sorted(sends, key=lambda row: (row["event_at"], row["event_id"])):
        groups[send["message_id"]].append(send)
    return groups


def is_orphan(sends: list[Row], entities: Entities) -> bool:
    """Whether the message names no source, its source is unknown, or a contact that it names is
    unknown; one that names none is found by its address (overview: Contacts by address)."""
    contact_id = first_named(sends, "contact_id")
    return first_named(sends, "email_source_id") not in entities.sources or (
        contact_id is not None and contact_id not in entities.contacts
    )


def first_named(sends: list[Row], column: str) -> str | None:
    """Rule: "that of its earliest accepted send event that has one"."""
    return next((send[column] for send in sends if send[column] is not None), None)


def _recipient(sends: list[Row], entities: Entities) -> str:
    """The contact that the named one is after its merges; of a message that names none, the one
    that is found by its address (overview: Contacts by address)."""
    contact_id = first_named(sends, "contact_id")
    if contact_id is not None:
        return entities.surviving[contact_id]
    return contact_of_email(first_named(sends, "recipient_email") or "", entities)


def read_messages(
    judged: dict[str, Judged], entities: Entities, settings: Settings, user_agents: list[Row]
) -> dict[str, Message]:
    """All messages but orphans, judged and in their state; conversions come later. The addresses
    that have become contacts are added to the entities."""
    messages = {
        message_id: Message(
            message_id,
            sends,
            entities.sources[first_named(sends, "email_source_id") or ""],
            _recipient(sends, entities),
        )
        for message_id, sends in group_sends(judged["send_events"].accepted).items()
        if not is_orphan(sends, entities)
    }
    for message in messages.values():
        if message.contact_id.startswith(FROM_EMAIL):
            entities.emails_written_to.add(message.contact_id.removeprefix(FROM_EMAIL))
    track_clicks = _track_clicks(messages.values(), entities)
    for event in judged["engagement_events"].accepted:
        if event["message_id"] in messages:
            message = messages[event["message_id"]]
            message.engagement.append(_read_engagement(event, message, entities))
            actor = _sender_or_agent(event, user_agents)
            message.engagement[-1].actor = actor
    for message in messages.values():
        message.availability = _availability(
            message, entities, track_clicks[message.source["email_source_id"]]
        )
        _judge_engagement(message, settings)
        _set_state(message, settings)
    return messages


# --- what is measured ---------------------------------------------------------------------------


def _track_clicks(messages: Iterable[Message], entities: Entities) -> dict[str, bool]:
    """Track Clicks as it stood at the source's first send event, tests left out: by the row with
    the latest `updated_at` at or before it, else the earliest row (overview: What is measured at
    all). A source that sent only tests: by its earliest row."""
    first_send: dict[str, datetime] = {}
    for message in messages:
        if not message.is_test:
            source_id = message.source["email_source_id"]
            earlier = first_send.get(source_id, message.first_send_at)
            first_send[source_id] = min(earlier, message.first_send_at)
    track_clicks = {}
    for source_id, history in entities.source_history.items():
        row = row_in_force(history, "updated_at", first_send.get(source_id, datetime.min))
        track_clicks[source_id] = bool(row and row["is_click_tracking_enabled"])
    return track_clicks


def _availability(message: Message, entities: Entities, track_clicks: bool) -> dict[str, str]:
    """The table of "What is measured at all", from "the domain settings in force at its *first
    send event*" and from the source."""
    source = message.source
    domain = row_in_force(
        entities.domain_settings.get(source["sending_domain"], []),
        "valid_from",
        message.first_send_at,
    )
    # "A source whose domain has no settings row counts as `aesthetix`, not dedicated".
    domain = domain or {"sending_service": "aesthetix", "is_dedicated": False}
    is_campaign = source["email_source_type"] == "campaign"
    is_standard = is_campaign and source["campaign_kind"] in (None, "standard")

    service = domain["sending_service"]
    names = (domain.get("webhook_event_types") or "").split(",")
    types = {to_enumeration(name) for name in names} - {None}
    # "Null, or a list that names nothing, = unknown"; of a feed "null = all".
    is_lacking = service == "event_feed" and bool(types)

    def reported(event_type: str) -> str:
        if service == "external_smtp" or (is_lacking and event_type not in types):
            return "not_reported"
        return MEASURED

    def tracked(event_type: str, switch: str) -> str:
        if service == "external_smtp":
            return MEASURED
        if is_lacking and event_type not in types:
            return "not_reported"
        can_track = service == "event_feed" or domain["is_dedicated"]
        return MEASURED if can_track and domain[switch] else "not_tracked"

    if is_campaign and not is_standard:
        clicks = "not_supported"
    elif is_campaign and not track_clicks:
        clicks = "not_tracked"
    else:
        clicks = tracked("clicked", "is_click_tracking_enabled")
    return {
        "delivery": reported("delivered"),
        "acceptance": reported("accepted"),
        "reply": reported("replied"),
        "unsubscribe": reported("unsubscribed"),
        "complaint": reported("complained"),
        "open": tracked("opened", "is_open_tracking_enabled"),
        "click": clicks,
        "link_click": clicks if is_standard else "not_supported",
    }


# --- engagement ---------------------------------------------------------------------------------


def _read_engagement(event: Row, message: Message, entities: Entities) -> Engagement:
    """Find an event's link by `link_id`, else by source and URL (the smallest `link_id` where
    several match); the URL judged is the event's own, else its link's (overview: What is measured
    at all)."""
    link_id = event["link_id"]
    if link_id not in entities.links:
        place = (message.source["email_source_id"], event["url"])
        link_id = entities.links_by_url.get(place)
    link = entities.links[link_id] if link_id else None
    return Engagement(
        event["event_id"],
        event["event_type"],
        event["event_at"],
        link,
        event["link_id"],
        event["url"] or (link["url"] if link else None),
    )


def read_user_agents(path: Path = USER_AGENTS) -> list[Row]:
    """The seed of known agents."""
    with path.open(encoding="utf-8", newline="") as file:
        return [dict(row) for row in csv.DictReader(file)]


def _sender_or_agent(event: Row, user_agents: list[Row]) -> str | None:
    """Who opened or clicked. The sender's word wins: `is_machine` true is `machine`, false `human`.
    Otherwise it is `machine` if the user agent matches a `prefetcher` or `scanner` of the seed
    (overview: Machines). Bursts, which need the other clicks, come after."""
    if event["event_type"] not in ("opened", "clicked"):
        return None
    if event["is_machine"] is not None:
        return "machine" if event["is_machine"] else "human"
    is_known = any(
        agent["kind"] in ("prefetcher", "scanner")
        and _is_like(event["user_agent"] or "", agent["user_agent_pattern"])
        for agent in user_agents
    )
    return "machine" if is_known else "unknown"


def _is_like(user_agent: str, pattern: str) -> bool:
    """The seed: "a SQL `like` pattern in lower case, matched against the whole lower-cased
    user agent"."""
    wildcards = {"%": ".*", "_": "."}
    expression = "".join(wildcards.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, user_agent.lower(), re.DOTALL) is not None


def _judge_engagement(message: Message, settings: Settings) -> None:
    for click in _burst_clicks(message):
        if click.actor == "unknown":
            click.actor = "machine"
    for event in message.engagement:
        event.exclusion_reason = _exclusion_reason(event, message, settings)


def _burst_clicks(message: Message) -> list[Engagement]:
    """Where the clicks of a message within one second from some click name three or more different
    links, all of them are a machine's (overview: Machines)."""
    clicks = [event for event in message.engagement if event.event_type == "clicked"]
    burst = []
    for first in clicks:
        near = [c for c in clicks if first.event_at <= c.event_at <= first.event_at + _BURST_SPAN]
        if len({click.named_link for click in near} - {None}) >= _BURST_LINKS:
            burst += near
    return burst


def _exclusion_reason(event: Engagement, message: Message, settings: Settings) -> str | None:
    """The first reason that applies: `test_send`, the family's availability, what is wrong with a
    click's link, `machine` (overview: What is measured at all)."""
    family = FAMILY_OF_ENGAGEMENT[event.event_type]
    if message.is_test:
        return "test_send"
    if not message.is_measured(family):
        return message.availability[family]
    if event.event_type == "clicked":
        reason = link_reason(event.link) or url_reason(event.url)
        if reason:
            return reason
    if event.actor == "machine" and not settings.count_machine_engagement:
        return "machine"
    return None


# --- delivery state -----------------------------------------------------------------------------


def _set_state(message: Message, settings: Settings) -> None:
    """The table of "Delivery state", "whatever the order of arrival", and its times: "`sent_at` =
    first(sent), else the earliest event that shows dispatch; `delivered_at` = first(delivered),
    else the first engagement; `bounced_at` = the first bounce of the kind that the message ended
    as; the others the first event that counts. A time is NULL where its flag isn't true"."""
    times = message.event_times
    has = {name: bool(times(name)) for name in (*DISPATCH_TYPES, "accepted", "failed", "skipped")}
    engaged = bool(times(*ENGAGEMENT_TYPES))
    showing_types = [*DISPATCH_TYPES, *ENGAGEMENT_TYPES]
    if not has["skipped"] and not has["failed"]:
        showing_types.append("accepted")
    dispatched = bool(times(*showing_types))

    failed = has["failed"] and not dispatched
    skipped = has["skipped"] and not dispatched and not failed
    pending = not (dispatched or failed or skipped)
    always: dict[str, tuple[bool, list[datetime]]] = {
        "sent": (dispatched, times("sent") or times(*showing_types)),
        "failed": (failed, times("failed")),
        "skipped": (skipped, times("skipped")),
        "pending": (pending, []),
    }

    delivered = engaged or (
        has["delivered"]
        and (not has["hard_bounced"] or times("hard_bounced")[-1] <= times("delivered")[-1])
    )
    hard_bounced = has["hard_bounced"] and not delivered
    soft_bounced = has["soft_bounced"] and not delivered and not hard_bounced
    is_settled = delivered or has["hard_bounced"] or has["soft_bounced"]
    delivery: dict[str, tuple[bool, list[datetime]]] = {
        "deferred": (has["deferred"] and not is_settled, times("deferred")),
        "delivered": (delivered, times("delivered") or times(*ENGAGEMENT_TYPES)),
        "delivered_inferred": (delivered and not has["delivered"], []),
        "hard_bounced": (hard_bounced, times("hard_bounced")),
        "soft_bounced": (soft_bounced, times("soft_bounced")),
        "bounced": (
            soft_bounced or hard_bounced,
            times("hard_bounced" if hard_bounced else "soft_bounced"),
        ),
    }

    pixel_opens = [event.event_at for event in message.counted("opened")]
    clicks = [event.event_at for event in message.counted("clicked")]
    opens = pixel_opens + clicks if settings.click_implies_open else pixel_opens
    states = {
        "": always,
        "delivery": delivery,
        "acceptance": {
            "accepted": (has["accepted"], times("accepted")),
            "rejected": (has["rejected"] and not is_settled, times("rejected")),
        },
        "reply": {"replied": (bool(times("replied")), times("replied"))},
        "unsubscribe": {"unsubscribed": (bool(times("unsubscribed")), times("unsubscribed"))},
        "complaint": {"complained": (bool(times("complained")), times("complained"))},
        "open": {
            "opened": (bool(opens), opens),
            "pixel_opened": (bool(pixel_opens), pixel_opens),
            "machine_opened": (_is_machine_opened(message), []),
        },
        "click": {"clicked": (bool(clicks), clicks)},
    }
    for family, members in states.items():
        for name, (flag, moments) in members.items():
            is_known = family == "" or message.is_measured(family)
            message.flags[name] = flag if is_known else None
            message.times[name] = min(moments) if is_known and flag and moments else None
    # "`booked_at` = `sent_at`, else the first send event".
    message.times["booked"] = message.times["sent"] or message.first_send_at


def _is_machine_opened(message: Message) -> bool:
    """Whether machines opened or clicked it, by events that count or would but for `machine`, and
    nobody else did (overview: Machines)."""
    actors = {
        event.actor
        for event in message.engagement
        if event.event_type in ("opened", "clicked") and event.exclusion_reason in (None, "machine")
    }
    return actors == {"machine"}
