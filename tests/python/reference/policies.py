"""Attribution policies: who is credited with a conversion by each of them, and why others aren't.

``aesthetix`` is the settings; the others are read from the project's seed. A policy is applied to
one conversion at a time, touch by touch, with exact fractions.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from reference.conversions import Conversion
from reference.messages import Engagement, Message
from reference.settings import Settings
from reference.values import Row

POLICIES = Path(__file__).parents[3] / "seeds" / "attribution_policies.csv"
LONGEST_WINDOW = timedelta(days=60)
MONEY = ("revenue", "refunded", "original_revenue", "original_refunded")
_STRENGTH = {"delivered": 0, "opened": 1, "clicked": 2}


@dataclass(frozen=True)
class Policy:
    """A row of the seed; ``hours`` has the window of each type that is a touch."""

    name: str
    hours: dict[str, int]
    anchor: str
    click_outranks_open: bool
    source_types: tuple[str, ...]
    style: str
    count_machines: bool
    credit_rule: str


@dataclass(frozen=True)
class Touch:
    """An open or click that counts but perhaps for a machine, or a delivery."""

    message: Message
    touch_type: str
    touch_at: datetime
    event_id: str | None
    is_machine: bool

    @property
    def sent_at(self) -> datetime:
        """When its message was sent."""
        return self.message.times["sent"] or datetime.min

    @property
    def order(self) -> tuple[datetime, int, datetime, str, str]:
        """Of several touches the greatest is the last."""
        strength = _STRENGTH[self.touch_type]
        identity = self.message.message_id, self.event_id or ""
        return (self.touch_at, strength, self.sent_at, *identity)


def read_policies(settings: Settings) -> list[Policy]:
    """The settings' own policy, then those of the seed."""
    window = settings.attribution_window_days * 24
    policies = [
        Policy(
            "aesthetix",
            dict.fromkeys(settings.attribution_touches, window),
            "touch",
            click_outranks_open=False,
            source_types=settings.attribution_source_types,
            style=settings.attribution_style,
            count_machines=settings.count_machine_engagement,
            credit_rule="last",
        )
    ]
    with POLICIES.open(encoding="utf-8", newline="") as file:
        policies += [
            Policy(
                row["attribution_policy"],
                {t: int(row[f"{t}_window_hours"]) for t in _STRENGTH if row[f"{t}_window_hours"]},
                row["anchor"],
                row["click_outranks_open"] == "true",
                tuple(row["source_types"].split()),
                row["style"],
                row["count_machines"] == "true",
                row["credit_rule"],
            )
            for row in csv.DictReader(file)
        ]
    return policies


def active_policy(settings: Settings) -> Policy:
    """The policy that the settings name."""
    return next(p for p in read_policies(settings) if p.name == settings.attribution_policy)


def read_touches(messages: Iterable[Message]) -> dict[str, list[Touch]]:
    """Every touch by any policy, by contact."""
    touches: dict[str, list[Touch]] = defaultdict(list)
    for message in messages:
        if message.is_test:
            continue
        for event in message.engagement:
            is_touch = event.event_type in ("opened", "clicked")
            if is_touch and event.exclusion_reason in (None, "machine"):
                touches[message.contact_id].append(
                    Touch(
                        message,
                        event.event_type,
                        event.event_at,
                        event.event_id,
                        event.actor == "machine",
                    )
                )
        delivered_at = message.times["delivered"]
        if message.flags["delivered"] and delivered_at:
            touches[message.contact_id].append(
                Touch(message, "delivered", delivered_at, None, is_machine=False)
            )
    return touches


def lost_reason(touch: Touch, converted_at: datetime, policy: Policy) -> str | None:
    """Why a touch of one of the policy's types can't be credited, the first that applies."""
    source = touch.message.source
    anchor_at = touch.sent_at if policy.anchor == "send" else touch.touch_at
    if touch.touch_at > converted_at:
        return "after_conversion"
    if converted_at - touch.touch_at > LONGEST_WINDOW or converted_at - anchor_at > timedelta(
        hours=policy.hours[touch.touch_type]
    ):
        return "outside_window"
    return _unfit_reason(touch, source, policy)


def _unfit_reason(touch: Touch, source: Row, policy: Policy) -> str | None:
    if source["email_source_type"] not in policy.source_types:
        return "ineligible_source"
    if policy.style == "product_element" and not source["has_product_element"]:
        return "not_product_campaign"
    if touch.is_machine and not policy.count_machines:
        return "machine"
    return None


def eligible_before(touches: list[Touch], converted_at: datetime, policy: Policy) -> list[Touch]:
    """The touches that could be credited but for their age."""
    return [
        touch
        for touch in touches
        if touch.touch_at <= converted_at
        and touch.touch_type in policy.hours
        and _unfit_reason(touch, touch.message.source, policy) is None
    ]


def candidates(touches: list[Touch], converted_at: datetime, policy: Policy) -> list[Touch]:
    """The touches in their windows, the one to be credited first as the last of them."""
    return sorted(
        (
            touch
            for touch in touches
            if touch.touch_type in policy.hours and lost_reason(touch, converted_at, policy) is None
        ),
        key=lambda t: (policy.click_outranks_open and t.touch_type == "clicked", t.order),
    )


def credited_touch(found: list[Touch], policy: Policy) -> Touch:
    """Whom a single-credit policy credits, of its candidates."""
    return min(found, key=lambda t: t.order) if policy.credit_rule == "first" else found[-1]


def shares(found: list[Touch], policy: Policy) -> dict[str, Fraction]:
    """Each credited message's part; messages share, each once."""
    last = found[-1].message.message_id
    first = min(found, key=lambda t: t.order).message.message_id
    messages = {touch.message.message_id for touch in found}
    match policy.credit_rule:
        case "last":
            return {last: Fraction(1)}
        case "first":
            return {first: Fraction(1)}
        case "every_touched_email":
            return dict.fromkeys(messages, Fraction(1))
        case "linear":
            return dict.fromkeys(messages, Fraction(1, len(messages)))
    others = messages - {first, last}
    if not others:
        return dict.fromkeys(messages, Fraction(1, len(messages)))
    parts = {other: Fraction(1, 5) / len(others) for other in others}
    parts[first] = Fraction(2, 5)
    parts[last] = parts.get(last, Fraction(0)) + Fraction(2, 5)
    return parts


def split(
    amount: Decimal | None, parts: dict[str, Fraction], last: str
) -> dict[str, Decimal | None]:
    """An amount by shares, in whole cents; what is left over is the last touch's."""
    if amount is None:
        return dict.fromkeys(parts)
    cents = int(amount * 100)
    whole = {message: (cents * part).__floor__() for message, part in parts.items()}
    if last in whole and sum(parts.values()) == 1:
        whole[last] += cents - sum(whole.values())
    return {message: Decimal(n).scaleb(-2) for message, n in whole.items()}


def attribution_tables(
    conversions: list[Conversion], messages: Iterable[Message], settings: Settings
) -> dict[str, list[Row]]:
    """``core.fct_attribution_credits``, ``fct_unattributed_conversions`` and the ledger."""
    touches = read_touches(messages)
    credited: list[Row] = []
    unattributed: list[Row] = []
    ledger: list[Row] = []
    for conversion in conversions:
        own = touches[conversion.contact_id] if conversion.contact_id else []
        for policy in read_policies(settings):
            found = candidates(own, conversion.converted_at, policy)
            key = {
                "conversion_type": conversion.conversion_type,
                "conversion_id": conversion.conversion_id,
                "attribution_policy": policy.name,
            }
            if found:
                credited += [key | row for row in _credit_rows(conversion, found, policy)]
            else:
                before = eligible_before(own, conversion.converted_at, policy)
                reason = (
                    conversion.unattributed_reason
                    if conversion.contact_id is None
                    else ("outside_window" if before else "no_touch")
                )
                unattributed.append(key | {"unattributed_reason": reason})
            if policy.name == settings.attribution_policy:
                ledger += [key | row for row in _ledger_rows(conversion, own, found, policy)]
    return {
        "core.fct_attribution_credits": credited,
        "core.fct_unattributed_conversions": unattributed,
        "marts.attribution_ledger": ledger,
    }


def _credit_rows(conversion: Conversion, found: list[Touch], policy: Policy) -> list[Row]:
    last = found[-1].message.message_id
    parts = shares(found, policy)
    money = {name: split(getattr(conversion, name), parts, last) for name in MONEY}
    rows = []
    for message_id, part in parts.items():
        own = [touch for touch in found if touch.message.message_id == message_id]
        touch = credited_touch(own, policy)
        row: Row = {
            "message_id": message_id,
            "email_source_id": touch.message.source["email_source_id"],
            "contact_id": conversion.contact_id,
            "touch_type": touch.touch_type,
            "touch_at": touch.touch_at,
            "share": float(part),
            "is_over_crediting": policy.credit_rule == "every_touched_email",
            "converted_at": conversion.converted_at,
        }
        rows.append(row | {name: amounts[message_id] for name, amounts in money.items()})
    return rows


def _ledger_rows(
    conversion: Conversion, own: list[Touch], found: list[Touch], policy: Policy
) -> list[Row]:
    """Touches of the 60 days before, from the last one back, and the first after."""
    ours = sorted((t for t in own if t.touch_type in policy.hours), key=lambda t: t.order)
    after = [t for t in ours if t.touch_at > conversion.converted_at][:1]
    before = [
        t
        for t in ours
        if t.touch_at <= conversion.converted_at
        and conversion.converted_at - t.touch_at <= LONGEST_WINDOW
    ]
    credited = credited_touch(found, policy) if found else None
    ranked = [*enumerate(reversed(before), 1), *((0, t) for t in after)]
    return [
        {
            "touch_rank": rank,
            "reason": lost_reason(touch, conversion.converted_at, policy)
            or ("credited" if touch is credited else "superseded"),
            "message_id": touch.message.message_id,
            "event_id": touch.event_id,
            "touch_type": touch.touch_type,
            "touch_at": touch.touch_at,
            "is_machine": touch.is_machine,
            "contact_id": conversion.contact_id,
        }
        for rank, touch in ranked
    ]


def credit_by_policy(
    conversions: list[Conversion], messages: Iterable[Message], settings: Settings
) -> None:
    """Credits each conversion by the active policy, one that isn't the settings themselves."""
    policy = active_policy(settings)
    touches = read_touches(messages)
    for conversion in conversions:
        own = touches[conversion.contact_id] if conversion.contact_id else []
        before = eligible_before(own, conversion.converted_at, policy)
        if conversion.contact_id is None:
            continue
        if not before:
            conversion.unattributed_reason = "no_touch"
            continue
        conversion.last_touch = _as_engagement(max(before, key=lambda t: t.order))
        found = candidates(own, conversion.converted_at, policy)
        if found:
            conversion.earlier_touch = _as_engagement(credited_touch(found, policy))
            conversion.earlier_touch[0].conversions.append(conversion)
        else:
            conversion.unattributed_reason = "outside_window"


def _as_engagement(touch: Touch) -> tuple[Message, Engagement]:
    event = Engagement(touch.event_id or "", touch.touch_type, touch.touch_at, None, None, None)
    return touch.message, event
