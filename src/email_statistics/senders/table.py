"""Anybody's table: CSV, Parquet or JSON, by the mapping that the profile has."""

from __future__ import annotations

import pyarrow as pa

from email_statistics.errors import UsageError
from email_statistics.senders.mapping.declaration import TABLE_OF_TYPE, Sender
from email_statistics.senders.mapping.envelopes import common_envelopes
from email_statistics.senders.mapping.expressions import path_of, quoted
from email_statistics.senders.mapping.query import without_parameters
from email_statistics.senders.profile import BEGINNING, ColumnSettings, Profile, TableSettings
from email_statistics.senders.writing import schemas

_KEYS = {
    "contacts": "contact_id",
    "sending_domains": "sending_domain",
    "email_sources": "email_source_id",
    "links": "link_id",
    "exchange_rates": "currency",
}
"""The entities' keys; what else is in the lake is an event."""


def query(profile: Profile, documents: str) -> str:
    """The query that makes rows of documents by the profile's ``tables``.

    Its columns are those of ``mapping.query.mapping_query``. Raises UsageError without ``tables``.
    """
    if not profile.tables:
        raise UsageError(
            "The sender 'table' needs a mapping: write `tables:` in senders.yml "
            "(email-stats load --example-profile table shows how)."
        )
    unwrap = " ".join(f"when {condition} then {parts}" for condition, parts in common_envelopes(()))
    rows = "\nunion all by name\n".join(
        _rows(profile, table, settings) for table, settings in profile.tables.items()
    )
    return f"""
with found as (
    select n, loaded_at, path, case when not is_refused and json_valid(text) then text end
        as doc from {documents}
),
known as (
    select *, doc is not null as is_readable,
        case when json_type(doc) = 'OBJECT' and ({_is_row(profile)}) then null
            when doc is not null then case {unwrap} end end as parts,
        case when json_type(doc, '$.received_at') = 'VARCHAR'
            then moment(json_extract_string(doc, '$.received_at')) end as spooled_at
    from found
)
select n, loaded_at, parts, coalesce(spooled_at, loaded_at) as part_loaded_at,
    case when parts is not null then 'wrapped' when is_readable then 'ignored' else 'rejected' end
        as outcome,
    case when is_readable then 'no_table' else 'unreadable' end as why,
    null::varchar as table_name
from known
where parts is not null or not is_readable or not coalesce(json_type(doc) = 'OBJECT'
    and ({_any_table(profile)}), false)
union all by name
{rows}
"""


def _is_row(profile: Profile) -> str:
    """Whether an object has a field that the mapping needs, rather than being an envelope.

    A row's own lists (the items of an order) are no page of rows, then.
    """
    needed = [
        settings.columns.get(column)
        for table, settings in profile.tables.items()
        for column in (_KEYS.get(table, "event_at"), "event_id")
    ]
    fields = [each if isinstance(each, str) else each.field for each in needed if each]
    found = [f"{_field(name)} is not null" for name in dict.fromkeys(filter(None, fields))]
    return " or ".join(["false", *found])


def _condition(settings: TableSettings) -> str:
    """Whether a record is a row of a table, by its ``where``."""
    return " and ".join(
        [
            "true",
            *(
                f"{_field(name)} in ({', '.join(map(quoted, accepted))})"
                for name, accepted in settings.where.items()
            ),
        ]
    )


def _any_table(profile: Profile) -> str:
    return " or ".join(f"({_condition(settings)})" for settings in profile.tables.values())


def _field(name: str) -> str:
    """A field by its name, else by the way of names with dots between them."""
    whole = f"json_extract_string(doc, {quoted(path_of(name))})"
    if "." not in name:
        return whole
    return f"coalesce({whole}, json_extract_string(doc, {quoted(path_of(*name.split('.')))}))"


def _value(settings: ColumnSettings | str, type_: pa.DataType) -> str:
    if isinstance(settings, str):
        settings = ColumnSettings(field=settings)
    if settings.field is None:
        constant = settings.constant
        text = quoted(str(constant).lower() if isinstance(constant, bool) else str(constant))
    else:
        text = f"nullif(trim({_field(settings.field)}), '')"
    if settings.values is not None:
        branches = " ".join(
            f"when {quoted(key)} then {'null' if value is None else quoted(value)}"
            for key, value in settings.values.items()
        )
        text = f"case {text} {branches} else {text} end"
    if pa.types.is_boolean(type_):
        return f"truth({text})"
    if pa.types.is_decimal(type_):
        # An amount with more decimals isn't cut: it is no amount.
        return (
            f"case when money({text}) = round(money({text}), {type_.scale}) then money({text}) end"
        )
    return _moment(text, settings) if pa.types.is_timestamp(type_) else text


def _moment(text: str, settings: ColumnSettings) -> str:
    zone = quoted(settings.time_zone) if settings.time_zone else None
    if settings.time_format:
        read = f"try_strptime({text}, {quoted(settings.time_format)})"
        return f"timezone({zone}, {read}::timestamp)::timestamp" if zone else f"{read}::timestamp"
    if zone is None:
        return f"moment({text})"
    local = f"timezone({zone}, try_cast({text} as timestamp))::timestamp"
    has_zone = f"regexp_matches({text}, '([0-9]|Z)(Z|[+-][0-9]{{2}}:?([0-9]{{2}})?)$')"
    return f"case when is_number({text}) or {has_zone} then moment({text}) else {local} end"


def _rows(profile: Profile, table: str, settings: TableSettings) -> str:
    """The rows of one raw table, with the reason why one is rejected."""
    schema = schemas()[table]
    values = {
        column.name: _value(settings.columns[column.name], column.type)
        if column.name in settings.columns
        else "null"
        for column in schema
    }
    is_event = table not in _KEYS
    if "loaded_at" not in settings.columns:
        values["loaded_at"] = "coalesce(spooled_at, loaded_at)"
    if "updated_at" in values and "updated_at" not in settings.columns:
        values["updated_at"] = f"timestamp '{BEGINNING}'"
    if "email_source_id" in values and profile.source.default and is_event:
        values["email_source_id"] = (
            f"coalesce({values['email_source_id']}, {quoted(profile.source.default)})"
        )
    if is_event and "event_id" not in settings.columns:
        content = ", ".join(f"({values[name]})::varchar" for name in sorted(settings.columns))
        values["event_id"] = (
            f"'table:' || {values['event_type']} || ':' || "
            f"sha256(json_array({quoted(table)}, {content})::varchar)"
        )
    if "url" in values:
        values["url"] = without_parameters(f"({values['url']})", profile)
    if table == "order_events" and profile.currency:
        values["currency"] = f"coalesce({values['currency']}, {quoted(profile.currency)})"
    columns = ", ".join(
        f"({sql})::{_sql_type(schema.field(name).type)} as {name}" for name, sql in values.items()
    )
    types = [type_ for type_, target in TABLE_OF_TYPE.items() if target == table]
    domain = next(iter(profile.domains), "table")
    extra = {
        "source_name": "null::varchar",
        "source_type": quoted(profile.source.type),
        "workflow_id": "null::varchar",
        "workflow_name": "null::varchar",
        "campaign_kind": "null::varchar",
        "sending_domain": quoted(domain),
        **dict.fromkeys(
            ("email_source_id", "contact_id", "recipient_email", "email"), "null::varchar"
        ),
        "event_at": "null::timestamp",
    }
    missing = "".join(f", {sql} as {name}" for name, sql in extra.items() if name not in values)
    verdict = _verdict(table, types)
    return f"""
select * exclude (verdict), case when verdict is null then 'row' else 'rejected' end as outcome,
    verdict as why
from (
    select *, {verdict} as verdict
    from (
        select n, {quoted(table)} as table_name, {columns}{missing}
        from known
        where is_readable and parts is null and json_type(doc) = 'OBJECT'
            and {_condition(settings)}
    )
)"""


def _verdict(table: str, types: list[str]) -> str:
    if table in _KEYS:
        return (
            f"case when {_KEYS[table]} is null then 'unknown_event'"
            " when updated_at is null then 'no_time' end"
        )
    rules = ["when event_id is null or event_type is null then 'unknown_event'"]
    if types:
        known = ", ".join(map(quoted, (*types, "targeted") if table == "send_events" else types))
        rules.append(f"when lower(event_type) not in ({known}) then 'unknown_event'")
    if table in ("send_events", "engagement_events"):
        rules.append("when message_id is null then 'no_message'")
    if table == "send_events":
        rules.append("when contact_id is null and recipient_email is null then 'no_recipient'")
    if table == "order_events":
        rules.append("when order_id is null then 'no_message'")
    rules.append("when event_at is null then 'no_time'")
    if table == "order_events":
        rules.append(
            "when lower(event_type) in ('paid', 'refunded') and not is_payable(amount, currency)"
            " then 'unsupported_amount'"
        )
    return f"case {' '.join(rules)} end"


def _sql_type(type_: pa.DataType) -> str:
    if pa.types.is_decimal(type_):
        return f"decimal({type_.precision}, {type_.scale})"
    return {"string": "varchar", "bool": "boolean", "int64": "bigint"}.get(str(type_), "timestamp")


SENDER = Sender(
    name="table",
    title="Any table",
    version=2,
    fields={},
    is_record="true",
    facts=[],
    query=query,
    reports=(
        *("targeted", "skipped", "failed", "accepted", "sent", "deferred", "rejected", "delivered"),
        *("soft_bounced", "hard_bounced"),
        *("opened", "clicked", "replied", "unsubscribed", "complained"),
    ),
    switch_on="Nothing: export what you have, and map it in the profile.",
    forms="CSV, Parquet, Avro and JSON.",
    not_measured="What your table hasn't: say by `domains: event_types` what it reports.",
    notes=(
        "The profile's `tables:` name raw tables, and for each column a field, a constant, a map "
        "of values, a time format and a zone. Ids are taken as they are; an event without "
        "`event_id` has the hash of its mapped columns."
    ),
)
