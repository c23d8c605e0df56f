"""The contacts, sources and domains that a load's events name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import duckdb

from email_statistics.senders.mapping.declaration import Sender
from email_statistics.senders.mapping.expressions import quoted
from email_statistics.senders.profile import BEGINNING, FILE_NAME, DomainSettings, Profile

_SEEN = """
create temp table seen_sources (
    email_source_id varchar, source_name varchar, source_type varchar, workflow_id varchar,
    workflow_name varchar, campaign_kind varchar, sending_domain varchar, event_at timestamp);
create temp table seen_domains (sending_domain varchar);
create temp table seen_contacts (contact_id varchar, email varchar, event_at timestamp);
"""
_SEE = {
    "send_events": """
insert into seen_sources
select email_source_id, arg_max(source_name, event_at), arg_max(source_type, event_at),
    arg_max(workflow_id, event_at), arg_max(workflow_name, event_at),
    arg_max(campaign_kind, event_at), sending_domain, max(event_at)
from mapped
where outcome = 'row' and table_name = 'send_events' and email_source_id is not null
group by email_source_id, sending_domain
""",
    "email_sources": """
insert into seen_domains
select distinct sending_domain from mapped where outcome = 'row' and table_name = 'email_sources'
""",
    "contacts": """
insert into seen_contacts
select contact_id, arg_max(coalesce(recipient_email, email), event_at), max(event_at)
from mapped
where outcome = 'row' and table_name in ('send_events', 'order_events') and contact_id is not null
group by contact_id
""",
}
"""What is remembered of the entities that events name."""
_CONTACTS = """
select contact_id, null::varchar as full_name, arg_max(email, event_at) as email,
    false as is_do_not_disturb, null::varchar as merged_into_contact_id,
    null::timestamp as created_at, {beginning} as loaded_at
from seen_contacts group by contact_id
"""
_SOURCES = """
select email_source_id, arg_max(source_type, event_at) as email_source_type,
    coalesce(arg_max(source_name, event_at),
        substr(email_source_id, instr(email_source_id, ':') + 1)) as email_source_name,
    arg_max(workflow_id, event_at) as workflow_id,
    arg_max(workflow_name, event_at) as workflow_name,
    case arg_max(source_type, event_at) when 'campaign'
        then coalesce(arg_max(campaign_kind, event_at), 'standard') end as campaign_kind,
    null::varchar as status, null::varchar as subject, null::varchar as from_name,
    -- A domain that some of its events name is better than the sender's own name.
    arg_max(sending_domain, (contains(sending_domain, '.'), event_at)) as sending_domain,
    null::boolean as has_product_element, true as is_click_tracking_enabled,
    null::boolean as is_utm_tracking_enabled, null::timestamp as scheduled_at,
    null::timestamp as created_at, {beginning} as loaded_at
from seen_sources group by email_source_id
"""
_NO_TIMES = "null as updated_at, null"
_DOMAINS = """
select sending_domain, valid_from, 'event_feed' as sending_service, is_dedicated,
    is_open_tracking_enabled, is_click_tracking_enabled, null::boolean as is_spf_verified,
    null::boolean as is_dkim_verified, null::boolean as is_tracking_cname_verified,
    webhook_event_types, {beginning} as loaded_at
from domains where sending_domain is not null
"""


class Entities:
    """What mapped rows name, remembered in the database that has them."""

    def __init__(
        self,
        database: duckdb.DuckDBPyConnection,
        sender: Sender,
        profile: Profile,
        tables: Iterable[str],
    ) -> None:
        """Remember nothing yet; ``tables`` are those that rows are kept of."""
        self._database = database
        self._sender = sender
        self._profile = profile
        self.notes: list[str] = []
        database.execute(_SEEN)
        seen = {"contacts", *tables}
        self._see = [sql for table, sql in _SEE.items() if table in seen]

    def see(self) -> None:
        """Remember what the rows of ``mapped`` name."""
        for see in self._see:
            self._database.execute(see)

    def absorb(self, other: Entities) -> None:
        """Take over what another worker saw."""
        for table in ("seen_sources", "seen_contacts", "seen_domains"):
            seen = other._database.sql(f"from {table}").to_arrow_table()
            self._database.register("seen", seen)
            self._database.execute(f"insert into {table} from seen")
            self._database.unregister("seen")

    def queries(self, loaded_at: datetime) -> dict[str, str]:
        """The rows of each raw table that has entities, as SQL.

        They have the earliest time of change, so that any row that somebody delivers wins.
        """
        self._database.execute(
            "create or replace temp table domains as select * from (values "
            + ", ".join(self._domain_values())
            + ") as domains (sending_domain, valid_from, is_dedicated, is_open_tracking_enabled, "
            "is_click_tracking_enabled, webhook_event_types)"
        )
        beginning = f"timestamp '{BEGINNING}' as updated_at, timestamp '{loaded_at}'"
        return {
            "contacts": _CONTACTS.format(beginning=beginning),
            "email_sources": _SOURCES.format(beginning=beginning),
            "sending_domains": _DOMAINS.format(beginning=beginning),
        }

    def _domain_values(self) -> list[str]:
        values = []
        for (name,) in self._database.execute(
            f"select distinct sending_domain from ({_SOURCES.format(beginning=_NO_TIMES)}) "
            "union select sending_domain from seen_domains order by 1"
        ).fetchall():
            settings = self._profile.domains.get(name) or DomainSettings()
            types = settings.event_types or self._sender.reports
            values.append(
                f"({quoted(name)}, timestamp '{settings.valid_from or BEGINNING}', "
                f"{settings.dedicated}, {settings.open_tracking}, {settings.click_tracking}, "
                f"{quoted(','.join(types))})"
            )
            if settings.event_types is None:
                self.notes.append(
                    f"{name} is taken to report {', '.join(types)}: if something is switched off, "
                    f"say so in {FILE_NAME} (domains: event_types)."
                )
        return values or ["(null::varchar, null::timestamp, false, false, false, null::varchar)"]
