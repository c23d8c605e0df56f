"""The raw contract as data: each table's columns, in the contract's order, with their types."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class RawTable:
    """One raw table.

    ``columns`` maps a column to its type, in the contract's order; ``not_blank`` are the columns
    whose absence is ``missing_key``; ``words`` are the values an enumeration may have;
    ``nullable`` the enumerations that may be null; ``one_of`` the columns that can't all be absent.
    """

    name: str
    columns: dict[str, str]
    not_blank: tuple[str, ...]
    words: dict[str, frozenset[str]]
    nullable: frozenset[str] = field(default_factory=frozenset)
    key: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()


def _entity(
    name: str,
    key: tuple[str, ...],
    columns: dict[str, str],
    words: dict[str, frozenset[str]] | None = None,
    nullable: frozenset[str] = frozenset(),
    parents: tuple[str, ...] = (),
) -> RawTable:
    """An entity's table: beside its columns it has `updated_at` and `loaded_at`."""
    times = ("updated_at", "loaded_at")
    return RawTable(
        name,
        columns | dict.fromkeys(times, "time"),
        (*key, *parents, *times),
        words or {},
        nullable,
        key,
    )


def _events(
    name: str,
    types: frozenset[str],
    columns: dict[str, str],
    parents: tuple[str, ...],
    one_of: tuple[str, ...] = (),
) -> RawTable:
    """An event's table: beside its columns it has `event_id`, `event_type`, `event_at`,
    `loaded_at`."""
    carried = {
        "event_id": "text",
        "event_type": "enumeration",
        "event_at": "time",
        "loaded_at": "time",
    }
    words = {"event_type": types}
    return RawTable(name, carried | columns, (*carried, *parents), words, one_of=one_of)


CONTACTS = _entity(
    "contacts",
    ("contact_id",),
    {
        "contact_id": "text",
        "full_name": "text",
        "email": "text",
        "is_do_not_disturb": "flag",
        "merged_into_contact_id": "text",
        "created_at": "time",
    },
)
SENDING_DOMAINS = _entity(
    "sending_domains",
    ("sending_domain", "valid_from"),
    {
        "sending_domain": "text",
        "valid_from": "time",
        "sending_service": "enumeration",
        "is_dedicated": "flag",
        "is_open_tracking_enabled": "flag",
        "is_click_tracking_enabled": "flag",
        "is_spf_verified": "flag",
        "is_dkim_verified": "flag",
        "is_tracking_cname_verified": "flag",
        "webhook_event_types": "text",
    },
    {"sending_service": frozenset({"aesthetix", "external_smtp", "event_feed"})},
)
EMAIL_SOURCES = _entity(
    "email_sources",
    ("email_source_id",),
    {
        "email_source_id": "text",
        "email_source_type": "enumeration",
        "email_source_name": "text",
        "workflow_id": "text",
        "workflow_name": "text",
        "campaign_kind": "enumeration",
        "status": "text",
        "subject": "text",
        "from_name": "text",
        "sending_domain": "text",
        "has_product_element": "flag",
        "is_click_tracking_enabled": "flag",
        "is_utm_tracking_enabled": "flag",
        "scheduled_at": "time",
        "created_at": "time",
    },
    {
        "email_source_type": frozenset({"campaign", "workflow", "bulk", "transactional"}),
        "campaign_kind": frozenset({"standard", "ab_test", "rss"}),
    },
    nullable=frozenset({"campaign_kind"}),
)
LINKS = _entity(
    "links",
    ("link_id",),
    {
        "link_id": "text",
        "email_source_id": "text",
        "url": "text",
        "link_source": "text",
        "link_type": "enumeration",
    },
    {"link_type": frozenset({"standard", "trigger", "preview", "unsubscribe", "affiliate"})},
    nullable=frozenset({"link_type"}),
    parents=("email_source_id",),
)
EXCHANGE_RATES = _entity(
    "exchange_rates",
    ("currency", "valid_from"),
    {"currency": "currency", "valid_from": "time", "rate": "number"},
)
EXPERIMENTS = _entity(
    "experiments",
    ("experiment_id",),
    {
        "experiment_id": "text",
        "experiment_name": "text",
        "experiment_type": "enumeration",
        "control_arm": "text",
        "email_source_id": "text",
        "primary_metric": "enumeration",
        "outcome_days": "days",
        "planned_shares": "shares",
        "planned_contacts_per_arm": "plan",
        "started_at": "time",
        "ended_at": "time",
    },
    {
        "experiment_type": frozenset({"holdout", "ab_test"}),
        "primary_metric": frozenset(
            {
                *("revenue", "orders", "ordered", "converted", "delivered", "opened"),
                *("human_opened", "clicked", "unsubscribed", "complained"),
            }
        ),
    },
    nullable=frozenset({"primary_metric"}),
    parents=("experiment_type", "control_arm"),
)
ENTITIES = (CONTACTS, SENDING_DOMAINS, EMAIL_SOURCES, LINKS, EXCHANGE_RATES, EXPERIMENTS)

DISPATCH_TYPES = ("sent", "deferred", "rejected", "delivered", "soft_bounced", "hard_bounced")
ENGAGEMENT_TYPES = ("opened", "clicked", "replied", "unsubscribed", "complained")

SEND_EVENTS = _events(
    "send_events",
    frozenset({"targeted", "skipped", "failed", "accepted", *DISPATCH_TYPES}),
    {
        "message_id": "text",
        "email_source_id": "text",
        "contact_id": "text",
        "recipient_email": "text",
        "is_test": "flag",
        "reason": "text",
        "variant": "text",
        "is_winner_rollout": "flag",
    },
    ("message_id",),
    one_of=("contact_id", "recipient_email"),
)
ENGAGEMENT_EVENTS = _events(
    "engagement_events",
    frozenset(ENGAGEMENT_TYPES),
    {
        "message_id": "text",
        "link_id": "text",
        "url": "text",
        "user_agent": "text",
        "is_machine": "flag",
    },
    ("message_id",),
)
ORDER_EVENTS = _events(
    "order_events",
    frozenset({"placed", "paid", "refunded", "cancelled"}),
    {
        "order_id": "text",
        "contact_id": "text",
        "email": "text",
        "amount": "money",
        "currency": "text",
        "channel": "text",
    },
    ("order_id",),
)
GOAL_EVENTS = _events(
    "goal_events",
    frozenset({"completed"}),
    {"contact_id": "text", "email": "text", "goal_name": "text"},
    (),
)
EXPERIMENT_ASSIGNMENTS = _events(
    "experiment_assignments",
    frozenset({"assigned"}),
    {"experiment_id": "text", "contact_id": "text", "arm": "text"},
    ("experiment_id", "contact_id", "arm"),
)
EVENTS = (SEND_EVENTS, ENGAGEMENT_EVENTS, ORDER_EVENTS, GOAL_EVENTS, EXPERIMENT_ASSIGNMENTS)

# How the id of a contact begins that is known by its address alone; no delivered one may.
FROM_EMAIL = "email:"
