"""The public tables, as lists of rows."""

from datetime import datetime

from reference import contract
from reference.conversions import Conversion, attribute, read_conversions
from reference.entities import Entities, read_entities, source_words
from reference.experiments import data_through, experiment_tables, orphaned_assignments
from reference.marts import mart_tables
from reference.messages import (
    Message,
    first_named,
    group_sends,
    is_orphan,
    read_messages,
    read_user_agents,
)
from reference.policies import attribution_tables, credit_by_policy, read_policies
from reference.settings import Settings
from reference.staging import Judged, judge_lake
from reference.values import Row

Tables = dict[str, list[Row]]

# Flags without a time; all others have both.
_TIMELESS = {"pending", "delivered_inferred", "machine_opened"}


def reference_tables(
    raw: dict[str, list[Row]],
    settings: Settings | None = None,
    user_agents: list[Row] | None = None,
    through: datetime | None = None,
) -> Tables:
    """The public tables, by ``schema.table``, of raw tables and settings.

    ``raw`` maps a raw table to its rows as read from Parquet; ``user_agents`` is the seed of known
    agents, read from the project where it isn't given; ``through`` is how far the data go, where
    these rows are a part of them.
    """
    settings = settings or Settings()
    judged = judge_lake(raw)
    entities = read_entities(judged)
    agents = read_user_agents() if user_agents is None else user_agents
    messages = read_messages(judged, entities, settings, agents)
    conversions = read_conversions(judged, entities, settings)
    if settings.attribution_policy == "aesthetix":
        attribute(conversions, messages.values(), settings)
    else:
        credit_by_policy(conversions, messages.values(), settings)
    for message in messages.values():
        _set_conversion_state(message)
    attribution = attribution_tables(conversions, messages.values(), settings)
    experiments = experiment_tables(
        judged,
        entities,
        messages.values(),
        conversions,
        attribution["core.fct_attribution_credits"],
        [policy.name for policy in read_policies(settings)],
        through or data_through(judged),
    )
    return (
        _dimensions(entities)
        | {
            "core.fct_messages": [_message_row(message) for message in messages.values()],
            "core.fct_engagement_events": _engagement_rows(messages),
            "core.fct_quarantined_events": [
                row for table in judged.values() for row in table.quarantined
            ],
            "core.fct_conversions": [
                _conversion_row(conversion, settings.attribution_policy)
                for conversion in conversions
            ],
            "marts.data_quality": _data_quality(judged, entities),
        }
        | attribution
        | experiments
        | mart_tables(messages, conversions, entities, settings)
    )


def _set_conversion_state(message: Message) -> None:
    """Converted: credited with at least one conversion; ordered: with at least one order; their
    times are those of the first (overview: Delivery state)."""
    for name, credited in (("converted", message.conversions), ("ordered", message.orders)):
        message.flags[name] = bool(credited)
        times = [conversion.converted_at for conversion in credited]
        message.times[name] = min(times) if times else None


def _dimensions(entities: Entities) -> Tables:
    def pick(row: Row, columns: list[str]) -> Row:
        """A null flag is false (overview: The raw contract); only `is_utm_tracking_enabled` has
        another default."""
        return {
            column: bool(row[column])
            if column.startswith(("is_", "has_")) and column != "is_utm_tracking_enabled"
            else row[column]
            for column in columns
        }

    contact_columns = ["contact_id", "full_name", "email", "is_do_not_disturb", "created_at"]
    domains = []
    for rows in entities.domain_settings.values():
        ends = [row["valid_from"] for row in rows[1:]] + [None]
        for row, valid_to in zip(rows, ends, strict=True):
            columns = [c for c in contract.SENDING_DOMAINS.columns if not c.endswith("ed_at")]
            domains.append(pick(row, columns) | {"valid_to": valid_to})
    return {
        # "Surviving contacts, those by address too".
        "core.dim_contacts": [
            pick(contact, contact_columns) | {"is_from_email": False}
            for contact_id, contact in entities.contacts.items()
            if entities.surviving[contact_id] == contact_id
        ]
        + [
            dict.fromkeys(contact_columns)
            | {
                "contact_id": contract.FROM_EMAIL + email,
                "email": email,
                "is_do_not_disturb": False,
                "is_from_email": True,
            }
            for email in entities.emails_written_to
        ],
        "core.dim_sending_domains": domains,
        "core.dim_email_sources": [
            pick(source, ["email_source_id", "email_source_name", "workflow_id", "status"])
            | source_words(source)
            for source in entities.sources.values()
        ],
        "core.dim_links": [
            pick(link, ["link_id", "email_source_id", "url", "link_source"])
            | {"link_type": link["link_type"] or "standard"}
            for link in entities.links.values()
        ],
    }


def _message_row(message: Message) -> Row:
    return (
        {
            "message_id": message.message_id,
            "email_source_id": message.source["email_source_id"],
            "email_source_type": message.source["email_source_type"],
            "contact_id": message.contact_id,
            "recipient_contact_id": first_named(message.sends, "contact_id"),
            "recipient_email": first_named(message.sends, "recipient_email"),
            "variant": message.variant,
            "is_test": message.is_test,
            "is_winner_rollout": message.is_winner_rollout,
            "opens": len(message.counted("opened")) if message.is_measured("open") else None,
            "clicks": len(message.counted("clicked")) if message.is_measured("click") else None,
            "conversions": len(message.conversions),
            "orders": len(message.orders),
            "revenue": message.money("revenue"),
            "net_revenue": message.money("net_revenue"),
        }
        | {f"{family}_availability": status for family, status in message.availability.items()}
        | {f"is_{name}": flag for name, flag in message.flags.items()}
        | {f"{name}_at": time for name, time in message.times.items() if name not in _TIMELESS}
    )


def _engagement_rows(messages: dict[str, Message]) -> list[Row]:
    """The accepted events of known messages, with `actor`, `is_counted`, `exclusion_reason`.

    Of a click, the link that its source and URL or its `link_id` found, too.
    """
    return [
        {
            "event_id": event.event_id,
            "message_id": message.message_id,
            "event_type": event.event_type,
            "event_at": event.event_at,
            "link_id": event.link["link_id"]
            if event.link and event.event_type == "clicked"
            else None,
            "actor": event.actor,
            "is_counted": event.is_counted,
            "exclusion_reason": event.exclusion_reason,
        }
        for message in messages.values()
        for event in message.engagement
    ]


def _conversion_row(conversion: Conversion, policy: str) -> Row:
    """Of the credited touch `message_id`, `email_source_id`, `touch_type` and `touch_at`; credited
    or not, `last_touch_message_id` and `last_touch_at` (overview: Attribution)."""
    measures = ["revenue", "refunded", "net_revenue", "original_revenue", "original_refunded"]
    columns = ["conversion_type", "conversion_id", "contact_id", "converted_at", "currency"]
    credited, last = conversion.credited, conversion.last_touch
    return {
        column: getattr(conversion, column)
        for column in [*columns, *measures, "channel", "unattributed_reason"]
    } | {
        "attribution_policy": policy,
        "is_attributed": credited is not None,
        "message_id": credited[0].message_id if credited else None,
        "email_source_id": credited[0].source["email_source_id"] if credited else None,
        "touch_type": credited[1].event_type if credited else None,
        "touch_at": credited[1].event_at if credited else None,
        "last_touch_message_id": last[0].message_id if last else None,
        "last_touch_at": last[1].event_at if last else None,
    }


def _data_quality(judged: dict[str, Judged], entities: Entities) -> list[Row]:
    """The event tables; entities with raw and quarantined rows (overview: The raw contract).

    Orphans are all send events of a message whose source or contact isn't known, and each
    engagement event whose message has no accepted send event. Engagement of an orphaned message
    isn't counted as an orphan itself.
    """
    by_message = group_sends(judged["send_events"].accepted)
    orphans = {
        "send_events": sum(
            len(sends) for sends in by_message.values() if is_orphan(sends, entities)
        ),
        "engagement_events": sum(
            event["message_id"] not in by_message for event in judged["engagement_events"].accepted
        ),
        "experiment_assignments": orphaned_assignments(judged, entities),
    }
    events = {table.name for table in contract.EVENTS}
    return [
        {
            "raw_table": name,
            "raw_rows": table.raw_rows,
            "accepted_rows": len(table.accepted) if name in events else None,
            "duplicate_rows": table.duplicate_rows if name in events else None,
            "quarantined_rows": len(table.quarantined),
            "orphan_rows": orphans.get(name, 0) if name in events else None,
        }
        for name, table in judged.items()
    ]
