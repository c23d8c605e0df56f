"""The marts: counts of messages, rates, hours and links."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from reference.conversions import Conversion
from reference.entities import Entities, source_words
from reference.messages import MEASURED, Engagement, Message
from reference.settings import Settings
from reference.urls import link_reason, url_reason
from reference.values import Row

# Each count of messages: the flags that must hold, the families that must be measured.
COUNTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "recipients": ((), ()),
    "sent": (("sent",), ()),
    "failed": (("failed",), ()),
    "skipped": (("skipped",), ()),
    "pending": (("pending",), ()),
    "accepted": (("accepted",), ("acceptance",)),
    "rejected": (("rejected",), ("acceptance",)),
    "deferred": (("deferred",), ("delivery",)),
    "delivered": (("delivered",), ("delivery",)),
    "delivered_inferred": (("delivered_inferred",), ("delivery",)),
    "hard_bounced": (("hard_bounced",), ("delivery",)),
    "soft_bounced": (("soft_bounced",), ("delivery",)),
    "bounced": (("bounced",), ("delivery",)),
    "opened": (("opened",), ("open",)),
    "pixel_opened": (("pixel_opened",), ("open",)),
    "machine_opened": (("machine_opened",), ("open",)),
    "clicked": (("clicked",), ("click",)),
    "replied": (("replied",), ("reply",)),
    "unsubscribed": (("unsubscribed",), ("unsubscribe",)),
    "complained": (("complained",), ("complaint",)),
    "converted": (("converted",), ()),
    "ordered": (("ordered",), ()),
    # "A rate counts, above and below the line, only messages for which both of its families are
    # measured. So these helper counts are published beside the plain ones".
    "sent_reported": (("sent",), ("delivery",)),
    "opened_reported": (("opened",), ("open", "delivery")),
    "clicked_reported": (("clicked",), ("click", "delivery")),
    "converted_reported": (("converted",), ("delivery",)),
    "unsubscribed_reported": (("unsubscribed",), ("unsubscribe", "delivery")),
    "delivered_unsubscribe_reported": (("delivered",), ("delivery", "unsubscribe")),
    "complained_reported": (("complained",), ("complaint", "delivery")),
    "delivered_complaint_reported": (("delivered",), ("delivery", "complaint")),
    "delivered_open_tracked": (("delivered",), ("delivery", "open")),
    "delivered_click_tracked": (("delivered",), ("delivery", "click")),
    "opened_click_tracked": (("opened",), ("open", "click")),
    "opened_and_clicked": (("opened", "clicked"), ("open", "click")),
}
# The table of rates; averages are formed alike.
RATIOS = {
    "delivered_rate": ("delivered", "sent_reported"),
    "open_rate": ("opened_reported", "delivered_open_tracked"),
    "click_rate": ("clicked_reported", "delivered_click_tracked"),
    "clicks_per_unique_open": ("opened_and_clicked", "opened_click_tracked"),
    "conversion_rate": ("converted_reported", "delivered"),
    "unsubscribe_rate": ("unsubscribed_reported", "delivered_unsubscribe_reported"),
    "complaint_rate": ("complained_reported", "delivered_complaint_reported"),
    "hard_bounce_rate": ("hard_bounced", "sent_reported"),
    "soft_bounce_rate": ("soft_bounced", "sent_reported"),
    "bounce_rate": ("bounced", "sent_reported"),
    "order_conversion_rate": ("ordered", "recipients"),
    "revenue_per_recipient": ("revenue", "recipients"),
    "average_order_value": ("revenue", "orders_with_rate"),
}
# What happens in an hour, by the family that measures it.
ACTIVITIES = {
    "sent": None,
    "delivered": "delivery",
    "opened": "open",
    "clicked": "click",
    "replied": "reply",
    "bounced": "delivery",
    "unsubscribed": "unsubscribe",
    "complained": "complaint",
}
FAMILIES = (
    *("delivery", "acceptance", "reply", "unsubscribe", "complaint"),
    *("open", "click", "link_click"),
)


def mart_tables(
    messages: dict[str, Message],
    conversions: list[Conversion],
    entities: Entities,
    settings: Settings,
) -> dict[str, list[Row]]:
    """The marts of the messages that are counted: "messages with any send event marked `is_test`
    are kept in the facts and left out of every number"; "a source without a dispatched, skipped or
    failed message has no statistics row"."""
    by_source: dict[str, list[Message]] = defaultdict(list)
    for message in messages.values():
        if not message.is_test:
            by_source[message.source["email_source_id"]].append(message)
    by_source = {
        source_id: group
        for source_id, group in by_source.items()
        if not all(message.flags["pending"] for message in group)
    }
    standard = {
        source_id: group
        for source_id, group in by_source.items()
        if group[0].source["email_source_type"] == "campaign"
        and group[0].source["campaign_kind"] in (None, "standard")
    }
    return {
        "marts.email_performance_daily": _daily(by_source, settings),
        "marts.email_performance": [
            _performance(source_id, group) for source_id, group in by_source.items()
        ],
        "marts.email_activity_hourly": _hourly(by_source, conversions, settings),
        "marts.click_performance": [
            _click_performance(source_id, group) for source_id, group in standard.items()
        ],
        "marts.link_performance": [
            row
            for source_id, group in standard.items()
            for row in _link_performance(source_id, group, entities)
        ],
    }


# --- counts and rates ---------------------------------------------------------------------------


def count_messages(group: list[Message]) -> Row:
    """Every count of a group: "NULL when the family is measured for none of its messages", a helper
    count of two families when both are for none."""

    def measured(families: Iterable[str]) -> list[Message]:
        return [m for m in group if all(m.is_measured(family) for family in families)]

    counts: Row = {}
    for name, (flags, families) in COUNTS.items():
        members = measured(families)
        counts[name] = (
            sum(all(m.flags[flag] for flag in flags) for m in members) if members else None
        )
    for family, event_type in (("open", "opened"), ("click", "clicked")):
        members = measured([family])
        counts[f"{family}s"] = sum(len(m.counted(event_type)) for m in members) if members else None
    # "`total_attempts` = sent + failed".
    counts["total_attempts"] = counts["sent"] + counts["failed"]
    counts["conversions"] = sum(len(message.conversions) for message in group)
    counts["orders"] = sum(len(message.orders) for message in group)
    # "Orders whose money is known".
    counts["orders_with_rate"] = sum(
        order.revenue is not None for message in group for order in message.orders
    )
    for measure in ("revenue", "net_revenue"):
        counts[measure] = sum((message.money(measure) for message in group), Decimal(0))
    return counts


def ratio(counts: Row, name: str) -> float | None:
    """A fraction that is never rounded, NULL where the denominator is 0 or NULL; of a group the
    ratio of summed counts, never a mean of rates (overview: Rates)."""
    above, below = (counts[part] for part in RATIOS[name])
    return None if above is None or not below else float(above) / float(below)


def _daily(by_source: dict[str, list[Message]], settings: Settings) -> list[Row]:
    """Messages by the day of `booked_at`, in the reporting time zone (overview: Dates)."""
    groups: dict[tuple[str, date], list[Message]] = defaultdict(list)
    for source_id, messages in by_source.items():
        for message in messages:
            booked_at = message.times["booked"] or message.first_send_at
            groups[source_id, _local(booked_at, settings).date()].append(message)
    return [
        {"email_source_id": source_id, "booked_date": day} | count_messages(group)
        for (source_id, day), group in groups.items()
    ]


def _performance(source_id: str, group: list[Message]) -> Row:
    """The sum of its days, every rate and average, and what describes the source."""
    source, counts = group[0].source, count_messages(group)
    sent_times = [message.times["sent"] for message in group if message.times["sent"]]
    return (
        {"email_source_id": source_id}
        | source_words(source)
        | counts
        | {name: ratio(counts, name) for name in RATIOS}
        | {
            "recipient_contacts": len({message.contact_id for message in group}),
            "first_sent_at": min(sent_times, default=None),
            "last_sent_at": max(sent_times, default=None),
        }
        | {f"{family}_availability": _availability(group, family) for family in FAMILIES}
    )


def _availability(group: list[Message], family: str) -> str:
    """`measured`, `partly_measured`, or the one reason, the first by name where there are several
    (overview: What is measured at all)."""
    statuses = {message.availability[family] for message in group}
    if statuses == {MEASURED}:
        return MEASURED
    return "partly_measured" if MEASURED in statuses else min(statuses)


# --- hours --------------------------------------------------------------------------------------


def _local(moment: datetime, settings: Settings) -> datetime:
    return moment.replace(tzinfo=UTC).astimezone(settings.zone)


def _hour(moment: datetime, settings: Settings) -> datetime:
    """The hour of the reporting time zone, as its start in UTC (overview: Dates)."""
    local = _local(moment, settings)
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return moment - past


def _hourly(
    by_source: dict[str, list[Message]], conversions: list[Conversion], settings: Settings
) -> list[Row]:
    """Each hour's messages by their own `sent_at`, `delivered_at` and so on, and the conversions,
    orders and money credited to the source by `converted_at` (overview: Dates)."""
    hours: dict[tuple[str, datetime], Row] = {}

    def row_of(source_id: str, moment: datetime) -> Row:
        hour = _hour(moment, settings)
        if (source_id, hour) not in hours:
            group = by_source[source_id]
            hours[source_id, hour] = {
                "email_source_id": source_id,
                "activity_hour": hour,
                "activity_date": _local(moment, settings).date(),
                "conversions": 0,
                "orders": 0,
                "revenue": Decimal(0),
                "net_revenue": Decimal(0),
            } | {
                name: 0 if family is None or any(m.is_measured(family) for m in group) else None
                for name, family in ACTIVITIES.items()
            }
        return hours[source_id, hour]

    for source_id, group in by_source.items():
        for message in group:
            for name in ACTIVITIES:
                moment = message.times[name]
                if moment:
                    row_of(source_id, moment)[name] += 1
    for conversion in conversions:
        if conversion.credited:
            source_id = conversion.credited[0].source["email_source_id"]
            row = row_of(source_id, conversion.converted_at)
            row["conversions"] += 1
            row["orders"] += conversion.conversion_type == "order"
            row["revenue"] += conversion.revenue or 0
            row["net_revenue"] += conversion.net_revenue or 0
    return list(hours.values())


# --- links --------------------------------------------------------------------------------------


def _click_performance(source_id: str, group: list[Message]) -> Row:
    """Link clicks of a standard campaign, which are measured as its clicks; "NULL where not
    measured"."""
    counts = count_messages(group)
    return {
        "email_source_id": source_id,
        "total_clicks": counts["clicks"],
        "total_unique_clicks": counts["clicked"],
        "unique_engagements": counts["clicked"],
        "clicks_per_unique_open": ratio(counts, "clicks_per_unique_open"),
        "link_click_availability": _availability(group, "link_click"),
    }


def _link_performance(source_id: str, group: list[Message], entities: Entities) -> list[Row]:
    """The links of standard campaigns, also those that nobody clicked, and each URL with counted
    clicks that no link row has (`link_id` NULL); a link of another source too, once it is clicked
    (overview: What is measured at all)."""
    clicks: dict[str, list[tuple[str, Engagement]]] = defaultdict(list)
    for message in group:
        for click in message.counted("clicked"):
            clicks[click.link_key or ""].append((message.message_id, click))
    rows: dict[str, Row] = {
        link_id: link
        for link_id, link in entities.links.items()
        if link["email_source_id"] == source_id
    }
    for key, members in clicks.items():
        click = members[0][1]
        rows.setdefault(key, click.link or {"link_id": None, "url": click.url})

    is_measured = any(message.is_measured("link_click") for message in group)
    return [
        {
            "email_source_id": source_id,
            "link_key": key,
            "link_id": link["link_id"],
            # A link that has none shows a clicked one.
            "url": link["url"]
            or min((click.url for _, click in clicks[key] if click.url), default=None),
            "link_source": link.get("link_source"),
            "exclusion_reason": _link_exclusion(link),
        }
        | _link_counts(clicks[key], is_measured and _link_exclusion(link) is None)
        for key, link in rows.items()
    ]


def _link_exclusion(link: Row) -> str | None:
    """Why the link's own URL can't be tracked (overview: What is measured at all)."""
    is_link = link["link_id"] is not None
    return (link_reason(link) if is_link else None) or url_reason(link["url"])


def _link_counts(clicks: list[tuple[str, Engagement]], can_count: bool) -> dict[str, Any]:
    """NULL where the link can't be tracked, unless clicks with a resolved URL of their own were
    counted."""
    if not clicks and not can_count:
        return {"total_clicks": None, "total_unique_clicks": None}
    return {
        "total_clicks": len(clicks),
        "total_unique_clicks": len({message_id for message_id, _ in clicks}),
    }
