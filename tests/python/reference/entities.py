"""Contacts, domains, sources and links as the rest needs them: who is who, what holds when."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from reference import contract
from reference.staging import Judged, latest_rows
from reference.values import Row


@dataclass
class Entities:
    """The latest row of each id, and the histories that are read as they stood.

    ``emails_written_to`` are the addresses of messages that no contact could be found for: each is
    a contact of its own. The messages add them.
    """

    contacts: dict[str, Row]
    surviving: dict[str, str]
    contacts_by_email: dict[str, set[str]]
    emails_written_to: set[str]
    domain_settings: dict[str, list[Row]]
    sources: dict[str, Row]
    source_history: dict[str, list[Row]]
    links: dict[str, Row]
    links_by_url: dict[tuple[str, str], str]
    rates: dict[str, list[Row]]


def read_entities(judged: dict[str, Judged]) -> Entities:
    """The entities of a judged lake."""
    contacts = latest_rows(contract.CONTACTS, judged["contacts"].accepted)
    surviving = {contact_id: surviving_contact(contact_id, contacts) for contact_id in contacts}
    contacts_by_email: dict[str, set[str]] = defaultdict(set)
    for contact_id, contact in contacts.items():
        if contact["email"]:
            contacts_by_email[contact["email"].lower()].add(surviving[contact_id])

    source_history: dict[str, list[Row]] = defaultdict(list)
    for row in judged["email_sources"].accepted:
        source_history[row["email_source_id"]].append(row)

    links = latest_rows(contract.LINKS, judged["links"].accepted)
    links_by_url: dict[tuple[str, str], str] = {}
    for link_id, link in sorted(links.items()):
        if link["url"]:
            links_by_url.setdefault((link["email_source_id"], link["url"]), link_id)

    return Entities(
        contacts,
        surviving,
        contacts_by_email,
        set(),
        _periods(contract.SENDING_DOMAINS, judged["sending_domains"].accepted),
        latest_rows(contract.EMAIL_SOURCES, judged["email_sources"].accepted),
        source_history,
        links,
        links_by_url,
        _periods(contract.EXCHANGE_RATES, judged["exchange_rates"].accepted),
    )


def contact_of_email(email: str, entities: Entities) -> str:
    """The contact that all contacts with the address (in the latest row of each, in lower case)
    resolve to; where there is none, or several, a contact of its own
    (overview: Contacts by address)."""
    bearers = entities.contacts_by_email.get(email.lower(), set())
    if len(bearers) == 1:
        return next(iter(bearers))
    return contract.FROM_EMAIL + email.lower()


def surviving_contact(contact_id: str, contacts: dict[str, Row]) -> str:
    """A merge is followed to its end. A pointer to an unknown contact ends the chain. Contacts in a
    cycle stay themselves; a chain that runs into a cycle ends at the first of its contacts that it
    meets (overview: The raw contract). That is the first contact met that is in a cycle, or the
    contact itself."""
    while contact_id not in _followers(contact_id, contacts):
        following = contacts[contact_id]["merged_into_contact_id"]
        if following not in contacts:
            break
        contact_id = following
    return contact_id


def _followers(contact_id: str, contacts: dict[str, Row]) -> set[str]:
    """All contacts that the pointers of a contact lead to, itself only where it is in a cycle."""
    met: set[str] = set()
    following = contacts[contact_id]["merged_into_contact_id"]
    while following in contacts and following not in met:
        met.add(following)
        following = contacts[following]["merged_into_contact_id"]
    return met


def _periods(table: contract.RawTable, accepted: list[Row]) -> dict[str, list[Row]]:
    """A thing's rows by `valid_from`: "one row a domain and `valid_from`: the latest"."""
    periods: dict[str, list[Row]] = defaultdict(list)
    for (name, _), row in sorted(latest_rows(table, accepted).items()):
        periods[name].append(row)
    return periods


def row_in_force(rows: list[Row], column: str, moment: datetime) -> Row | None:
    """The row with the latest `column` at or before the time, else the earliest row; the rows are
    in order of age (overview: What is measured at all)."""
    before = [row for row in rows if row[column] <= moment]
    return before[-1] if before else (rows[0] if rows else None)


def source_words(source: Row) -> Row:
    """A source's describing columns; `campaign_kind`: "null = standard; campaigns only"."""
    is_campaign = source["email_source_type"] == "campaign"
    columns = ["email_source_type", "email_source_name", "workflow_name", "subject"]
    return {column: source[column] for column in [*columns, "sending_domain"]} | {
        "campaign_kind": (source["campaign_kind"] or "standard") if is_campaign else None
    }
