"""Orders and goals, their money, and the email that each is credited to."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from reference.entities import Entities, contact_of_email
from reference.messages import Engagement, Message
from reference.settings import Settings
from reference.staging import Judged
from reference.values import Row


@dataclass
class Conversion:
    """An order that counts, or a goal; ``last_touch`` is of any age, ``credited`` within the
    window; by another policy than the settings' it may be an earlier one."""

    conversion_type: str
    conversion_id: str
    converted_at: datetime
    contact_id: str | None
    unattributed_reason: str | None
    currency: str | None = None
    channel: str | None = None
    revenue: Decimal | None = None
    refunded: Decimal | None = None
    original_revenue: Decimal | None = None
    original_refunded: Decimal | None = None
    last_touch: tuple[Message, Engagement] | None = None
    earlier_touch: tuple[Message, Engagement] | None = None

    @property
    def net_revenue(self) -> Decimal | None:
        """Revenue less refunds (overview: Conversions and revenue)."""
        if self.revenue is None or self.refunded is None:
            return None
        return self.revenue - self.refunded

    @property
    def credited(self) -> tuple[Message, Engagement] | None:
        """The touch that earned the conversion."""
        return None if self.unattributed_reason else self.earlier_touch or self.last_touch


def read_conversions(
    judged: dict[str, Judged], entities: Entities, settings: Settings
) -> list[Conversion]:
    """All conversions, not yet attributed."""
    orders: dict[str, list[Row]] = defaultdict(list)
    for event in sorted(
        judged["order_events"].accepted, key=lambda row: (row["event_at"], row["event_id"])
    ):
        orders[event["order_id"]].append(event)
    # "An order counts once it has a `paid` event". "A goal counts once an event, with NULL money".
    counting = [
        _read_order(events, entities, settings)
        for events in orders.values()
        if any(event["event_type"] == "paid" for event in events)
    ]
    for event in judged["goal_events"].accepted:
        contact_id, reason = _converted_contact(event["contact_id"], event["email"], entities)
        counting.append(
            Conversion("goal", event["event_id"], event["event_at"], contact_id, reason)
        )
    return counting


def _read_order(events: list[Row], entities: Entities, settings: Settings) -> Conversion:
    """One order, from its events by (event_at, event_id)."""
    contact_id, reason = _converted_contact(
        _first_value(events, "contact_id"), _first_value(events, "email"), entities
    )
    paid = [event for event in events if event["event_type"] == "paid"]
    refunded = [event for event in events if event["event_type"] == "refunded"]
    # "`converted_at` = its first `placed` event, else its first event".
    placed = [event for event in events if event["event_type"] == "placed"]
    order = Conversion(
        "order",
        events[0]["order_id"],
        (placed or events)[0]["event_at"],
        contact_id,
        reason,
        # "Its currency that of its first `paid` event, trimmed, upper case".
        currency=paid[0]["currency"].upper(),
        channel=_first_value(events, "channel"),
    )

    def rate(currency: str) -> Fraction | None:
        if currency == settings.reporting_currency:
            return Fraction(1)
        return _rate(entities.rates.get(currency, []), order.converted_at)

    def rate_to_original(currency: str) -> Fraction | None:
        if currency == order.currency:
            return Fraction(1)
        own, other = rate(order.currency or ""), rate(currency)
        return other / own if own and other else None

    reporting = [_sum_of_money(part, rate) for part in (paid, refunded)]
    if None not in reporting:
        order.revenue, order.refunded = reporting
    original = [_sum_of_money(part, rate_to_original) for part in (paid, refunded)]
    if None not in original:
        order.original_revenue, order.original_refunded = original
    return order


def _first_value(events: list[Row], column: str) -> str | None:
    """The first value that one of its events has (overview: Conversions and revenue)."""
    return next((event[column] for event in events if event[column] is not None), None)


def _rate(rates: list[Row], converted_at: datetime) -> Fraction | None:
    """The latest rate of the currency at or before `converted_at`, one that is null or isn't
    positive being no rate (overview: Conversions and revenue)."""
    known = [
        row["rate"]
        for row in rates
        if row["rate"] is not None and row["rate"] > 0 and row["valid_from"] <= converted_at
    ]
    return Fraction(known[-1]) if known else None


def _sum_of_money(events: list[Row], rate: Callable[[str], Fraction | None]) -> Decimal | None:
    """The sum, rounded half up to cents; none where an amount has no rate
    (overview: Conversions and revenue)."""
    total = Fraction(0)
    for event in events:
        factor = rate(event["currency"].upper())
        if factor is None:
            return None
        total += Fraction(event["amount"]) * factor
    return _round_half_up(total)


def _round_half_up(amount: Fraction) -> Decimal:
    """To cents, exactly: amounts are never negative."""
    cents = (amount * 100 + Fraction(1, 2)).__floor__()
    return Decimal(cents).scaleb(-2)


def _converted_contact(
    contact_id: str | None, email: str | None, entities: Entities
) -> tuple[str | None, str | None]:
    """The contact, else the reason why there is none.

    It is the surviving contact of its `contact_id`; without a known one, the contact to which all
    contacts with its email address (in the latest row of each, trimmed, in lower case) resolve,
    where that is one; where no contact has the address, the one that messages to it made
    (overview: Conversions and revenue).
    """
    if contact_id in entities.contacts:
        return entities.surviving[contact_id or ""], None
    email = (email or "").lower()
    if len(entities.contacts_by_email.get(email, set())) > 1:
        return None, "contact_ambiguous"
    if email in entities.contacts_by_email or email in entities.emails_written_to:
        return contact_of_email(email, entities), None
    return None, "contact_unknown"


def attribute(
    conversions: list[Conversion], messages: Iterable[Message], settings: Settings
) -> None:
    """Finds each conversion's last touch and credits the conversion to it, or says why not."""
    touches: dict[str, list[tuple[Message, Engagement]]] = defaultdict(list)
    for message in messages:
        if _is_eligible(message, settings):
            for event in message.counted(*settings.attribution_touches):
                touches[message.contact_id].append((message, event))
    window = timedelta(days=settings.attribution_window_days)
    for conversion in conversions:
        if conversion.contact_id is None:
            continue
        # "The contact's last touch is the latest with `touch_at <= converted_at`".
        before = [
            touch
            for touch in touches[conversion.contact_id]
            if touch[1].event_at <= conversion.converted_at
        ]
        if not before:
            conversion.unattributed_reason = "no_touch"
            continue
        conversion.last_touch = message, touch = max(before, key=_touch_order)
        # "`converted_at - touch_at <= attribution_window_days`": "both ends included".
        if conversion.converted_at - touch.event_at <= window:
            message.conversions.append(conversion)
        else:
            conversion.unattributed_reason = "outside_window"


def _is_eligible(message: Message, settings: Settings) -> bool:
    """Whether touches of a message can earn credit: it isn't a test, its source's type is in
    `attribution_source_types` and, with `attribution_style: product_element`, its source shows
    products (overview: Attribution)."""
    return (
        not message.is_test
        and message.source["email_source_type"] in settings.attribution_source_types
        and (
            settings.attribution_style == "all_campaigns"
            or bool(message.source["has_product_element"])
        )
    )


def _touch_order(touch: tuple[Message, Engagement]) -> tuple[datetime, bool, datetime, str]:
    """By time; at the same time a click beats an open, then the later `sent_at` wins, then the
    greater `message_id` (overview: Attribution)."""
    message, event = touch
    sent_at = message.times["sent"] or datetime.min
    return event.event_at, event.event_type == "clicked", sent_at, message.message_id
