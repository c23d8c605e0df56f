"""What a sender module declares: where things stand in its records, and the rules of its own.

Places are JSON paths, read as text in one pass over a record; rules are SQL over these fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from email_statistics.senders.mapping.expressions import path_of, quoted
from email_statistics.senders.profile import Profile

TABLE_OF_TYPE = {  # what comes most often first: the branches of a CASE are tried one by one
    **dict.fromkeys(
        (
            *("delivered", "accepted", "sent", "skipped", "failed", "deferred", "rejected"),
            *("soft_bounced", "hard_bounced"),
        ),
        "send_events",
    ),
    **dict.fromkeys(
        ("opened", "clicked", "replied", "unsubscribed", "complained"), "engagement_events"
    ),
    **dict.fromkeys(("placed", "paid", "refunded", "cancelled"), "order_events"),
    "contact": "contacts",
    "source": "email_sources",
    "lookup": "lookup",
}
FACT_COLUMNS = {
    "type": "varchar",
    "event_at": "timestamp",
    "message": "varchar",
    "message_key": "varchar",
    "recipient": "varchar",
    "identity": "varchar",
    "url": "varchar",
    "user_agent": "varchar",
    "ip": "varchar",
    "is_machine": "boolean",
    "reason": "varchar",
    "is_test": "boolean",
    "contact_id": "varchar",
    "order_key": "varchar",
    "email": "varchar",
    "amount": "decimal(38, 12)",
    "currency": "varchar",
    "channel": "varchar",
    "full_name": "varchar",
    "is_do_not_disturb": "boolean",
    "created_at": "timestamp",
    "subject": "varchar",
    "from_name": "varchar",
    "status": "varchar",
    "scheduled_at": "timestamp",
    "value": "varchar",
    "variant": "varchar",
}
"""What a fact may say of a row, in SQL; what it leaves out is null.

type          a type of the contract, 'contact' or 'source' (the sender's own records of them),
              'lookup' (a value for later records), or '-reason' where the record is ignored
message       the sender's id of the email; message_key: of its copy to one recipient (by default
              message/recipient)
identity      the sender's own id of the event; null: the hash of its content
"""


@dataclass(frozen=True)
class Place:
    """Where a record may name the source of its email, as SQL over the fields."""

    key: str
    name: str = "null"
    type: str = "null"
    workflow_id: str = "null"
    workflow_name: str = "null"
    kind: str = "null"


@dataclass(frozen=True)
class Fact:
    """Rows that a record may give: SQL by column, once or for each ``item`` of a list."""

    columns: Mapping[str, str]
    each: str | None = None
    is_ambiguous: str = "false"


@dataclass(frozen=True)
class Sender:
    """Where things stand in a sender's records, and the rules that are its own.

    All SQL is over ``doc`` (the record as JSON text), the names of ``fields``, ``lookups`` and
    ``derived``, ``path`` (the file's), and the profile's ``first_opens_only`` and
    ``default_currency``. A lookup is the value that another record of the load gives for a key.
    ``untold`` has, by the reason of an ignored fact, what a load says of the records that give
    rows, but not of all that they tell. Events of shops that number alike have the shop in their
    id, where the profile names several.
    """

    name: str
    title: str
    version: int
    fields: Mapping[str, str]
    is_record: str
    facts: Sequence[Fact]
    lookups: Mapping[str, str] = field(default_factory=dict)
    derived: Mapping[str, str] = field(default_factory=dict)
    unwrap: Sequence[tuple[str, str]] = ()
    pages: Sequence[str] = ()
    ignored: str = "null"
    rejected: str = "null"
    places: Mapping[str, Place] = field(default_factory=dict)
    custom: Mapping[str, str] = field(default_factory=dict)
    source_order: Sequence[str] = ()
    source_type: str = "null"
    has_source: str = "true"
    default_source: str = ""
    domain: str = "null"
    shop: str = "null"
    shops_number_alike: bool = False
    reports: Sequence[str] = ()
    untold: Mapping[str, str] = field(default_factory=dict)
    query: Callable[[Profile, str], str] | None = None
    first_opens: str = ""
    switch_on: str = ""
    forms: str = ""
    not_measured: str = ""
    notes: str = ""

    @property
    def deciding_key(self) -> str | None:
        """The key that decides what a record is, as it stands in its text."""
        first = next(iter(self.fields.values()), None)
        return first.rsplit(".", 1)[-1].strip('"') if first else None

    @property
    def types(self) -> list[str]:
        """The types of rows that a record may give, the most frequent first."""
        return [
            type_
            for type_ in TABLE_OF_TYPE
            if any(quoted(type_) in fact.columns["type"] for fact in self.facts)
        ]

    @property
    def tables(self) -> set[str]:
        """The raw tables that the sender's records may give rows of."""
        return {TABLE_OF_TYPE[type_] for type_ in self.types}

    @property
    def looks_up(self) -> bool:
        """Whether some records are values for others, which are read first."""
        return "lookup" in self.tables

    @property
    def has_several_rows(self) -> bool:
        """Whether a record can give more than one row."""
        return len(self.facts) != 1 or self.facts[0].each is not None

    def field_names(self, like: str) -> list[str]:
        """What ``source: from:``, ``contact:`` and ``variant:`` may name instead of ``like``."""
        key = like.partition(".")[2] or "<name>"
        return [*self.places, *self.fields, *(f"{prefix}.{key}" for prefix in self.custom)]

    def knows_field(self, name: str) -> bool:
        """Whether the profile may name a field."""
        prefix, _, key = name.partition(".")
        return name in self.places or name in self.fields or (prefix in self.custom and bool(key))

    def place(self, name: str) -> Place:
        """Where a field that the profile names stands."""
        if name in self.places:
            return self.places[name]
        if name in self.fields:
            return Place(f"first_item({name})")
        prefix, _, key = name.partition(".")
        inner = f"json_extract_string({self.custom[prefix]}, {quoted(path_of(key))})"
        return Place(f"first_item(try({inner}))")
