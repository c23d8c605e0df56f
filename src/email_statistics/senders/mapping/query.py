"""The query that makes rows of documents: what a sender declares, and what all senders share.

That is identities, judgement and the shape of the rows.
"""

from __future__ import annotations

from email_statistics.senders.mapping.declaration import (
    FACT_COLUMNS,
    TABLE_OF_TYPE,
    Fact,
    Place,
    Sender,
)
from email_statistics.senders.mapping.envelopes import common_envelopes
from email_statistics.senders.mapping.expressions import cases, filled, quoted
from email_statistics.senders.profile import Profile

_OWN_COLUMNS = {
    "engagement_events": "url, user_agent, is_machine",
    "order_events": "{prefix} || coalesce(shop || ':', '') || order_key as order_id,"
    " round(amount, 2)::decimal(18, 2) as amount, upper(trim(currency)) as currency,"
    " coalesce(channel, {sender}) as channel",
    "contacts": "full_name, is_do_not_disturb",
    "email_sources": "status, subject, from_name, scheduled_at",
    "lookup": "order_key as lookup_key, value as lookup_value",
}
"""What the rows of one raw table alone have."""


def mapping_query(
    sender: Sender, profile: Profile, documents: str, *, trusts_json: bool = False
) -> str:
    """The query that makes rows of a relation of documents (see ``_declared_query``).

    ``trusts_json`` makes a faster one, which fails where a text is no JSON.
    """
    if sender.query:
        return sender.query(profile, documents)
    return _declared_query(sender, profile, documents, "" if trusts_json else "try")


def _declared_query(sender: Sender, profile: Profile, documents: str, attempt: str) -> str:
    """The query that makes rows of a relation of documents.

    ``documents`` has ``n`` (number), ``text``, ``is_refused`` (no JSON by the standard),
    ``loaded_at`` and ``path``. The answer has one row per fact of a document: ``outcome`` (row,
    ignored, rejected, wrapped), ``why``, the columns of the raw tables that the sender has rows
    of, and for a wrapped document ``parts``, the texts inside.
    """
    names = list(sender.fields)
    paths = ", ".join(quoted(path) for path in sender.fields.values())
    fields = ", ".join(f"found[{number + 1}] as {name}" for number, name in enumerate(names))
    derived = "".join(f", {sql} as {name}" for name, sql in sender.derived.items())
    stages = ["plain", *sender.lookups]
    looked_up = "\n".join(
        f"{name} as (select {before}.*, (select any_value(value) from lookup where key = {key}) "
        f"as {name} from {before}),"
        for before, (name, key) in zip(stages, sender.lookups.items(), strict=False)
    )
    last = stages[-1]
    places = "".join(
        # Where an earlier place names the source, a later one isn't looked at.
        f" case when {' and '.join(f'place_{earlier} is null' for earlier in range(number))}"
        f" then {filled(place.key)} end as place_{number},"
        if number
        else f" {filled(place.key)} as place_{number},"
        for number, place in enumerate(_places(sender, profile))
    )
    envelopes = [*sender.unwrap, *common_envelopes(sender.pages)]
    unwrap = " ".join(f"when {condition} then {parts}" for condition, parts in envelopes)
    facts = "\nunion all by name\n".join(
        _fact_query(sender, profile, fact) for fact in sender.facts
    )
    shop = "coalesce(shop || ':', '') || " if sender.shops_number_alike else ""
    event_id = (
        f"{quoted(sender.name + ':')} || type || ':' || {shop}"
        f"coalesce(identity, {_content(sender)})"
    )
    target = cases("type", {type_: TABLE_OF_TYPE[type_] for type_ in sender.types})
    own = "".join(
        f",\n    {sql}" for table, sql in _OWN_COLUMNS.items() if table in sender.tables
    ).format(sender=quoted(sender.name), prefix=quoted(sender.name + ":"))
    return f"""
with found as (
    select n, text as doc, loaded_at, path, case when not is_refused
        then {attempt}(json_extract_string(text, [{paths}])) end as found
    from {documents}
),
plain as (
    select n, case when found is not null then doc end as doc, loaded_at, path,
        found is not null as is_readable,
        {str(profile.first_opens_only).lower()} as first_opens_only,
        {_literal(profile.currency)}::varchar as default_currency, {fields}
    from found
),
{looked_up}
read as (select *{derived} from {last}),
known as (
    select *,
        is_readable and coalesce({sender.is_record}, false) as is_known,{places}
        -- Only for what is no record: most are, and these look into the text again.
        case when is_readable then case when {sender.is_record} then null else
            case {unwrap} end end end as parts,
        case when is_readable then case when {sender.is_record} then null
            when json_type(doc, '$.received_at') = 'VARCHAR'
            then moment(json_extract_string(doc, '$.received_at')) end end as spooled_at
    from read
),
facts as (
{facts}
),
typed as (
    select * replace (
            coalesce(message_key, message || '/' || recipient) as message_key,
            blank_to_null(source_name) as source_name,
            blank_to_null(workflow_name) as workflow_name,
            {without_parameters("url", profile)} as url),
        url as received_url,
        {target} as table_name
    from facts
),
judged as (
    select *,
        case
            when not is_readable then 'unreadable'
            when parts is not null then 'wrapped'
            when not is_known then 'unknown_event'
            when record_ignored is not null then '-' || record_ignored
            when record_rejected is not null then record_rejected
            when type is null then 'unknown_event'
            when starts_with(type, '-') then type
            when table_name = 'contacts' then
                case when contact_id is null then 'no_recipient'
                when event_at is null then 'no_time' end
            when table_name in ('lookup', 'email_sources') then
                case when event_at is null and table_name = 'email_sources' then 'no_time' end
            when table_name = 'order_events' then case
                when not {str(profile.counts_orders).lower()} then '-orders_of_another_system'
                when order_key is null then 'no_message'
                when event_at is null then 'no_time'
                when type in ('paid', 'refunded') and not is_payable(amount, currency)
                then 'unsupported_amount' end
            when message is null then 'no_message'
            when is_ambiguous then 'ambiguous_recipient'
            when message_key is null then 'no_recipient'
            when table_name = 'send_events' and recipient is null and contact_id is null
                then 'no_recipient'
            when event_at is null then 'no_time'
        end as first_verdict,
        -- A reason is a word of the sender's, whatever stands where the word should.
        case when starts_with(first_verdict, '-')
            and not regexp_full_match(first_verdict, '-[A-Za-z][A-Za-z0-9_.]{{0,60}}')
            then 'unknown_event' else first_verdict end as verdict
    from typed
)
select n, loaded_at, parts, coalesce(spooled_at, loaded_at) as part_loaded_at,
    case when verdict is null then 'row' when verdict = 'wrapped' then 'wrapped'
        when starts_with(verdict, '-') then 'ignored' else 'rejected' end as outcome,
    case when verdict <> 'wrapped' then ltrim(verdict, '-') end as why,
    table_name,
    case when verdict is null then {event_id} end as event_id,
    type as event_type, event_at,
    {quoted(sender.name + ":")} || message_key as message_id,
    {quoted(sender.name + ":")} || source_key as email_source_id,
    contact_id, recipient as recipient_email, email, is_test, reason,
    source_name, source_type, workflow_id, workflow_name, campaign_kind, sending_domain,
    created_at,
    variant, null::boolean as is_winner_rollout{own}
from judged
"""


def _content(sender: Sender) -> str:
    """The hash of what an event says, for senders without an id of their own for it."""
    common = (
        f"{quoted(sender.name)}, message_key, recipient, type, epoch_us(event_at), received_url"
    )
    return (
        f"sha256(case when type in ('opened', 'clicked') "
        f"then json_array({common}, user_agent, ip) else json_array({common}) end::varchar)"
    )


def _fact_query(sender: Sender, profile: Profile, fact: Fact) -> str:
    columns = {name: f"cast(null as {type_})" for name, type_ in FACT_COLUMNS.items()}
    columns |= {name: f"cast({sql} as {FACT_COLUMNS[name]})" for name, sql in fact.columns.items()}
    if profile.contact:
        columns["contact_id"] = filled(sender.place(profile.contact).key)
    if profile.variant:
        columns["variant"] = filled(sender.place(profile.variant).key)
    columns["currency"] = f"coalesce(clean({columns['currency']}), default_currency)"
    selected = ",\n        ".join(f"{sql} as {name}" for name, sql in columns.items())
    items = (
        f"select *, unnest(case when len({fact.each}) > 0 then {fact.each} else [null] end) as item"
        if fact.each
        else "select *, null as item"
    )
    only = "" if fact is sender.facts[0] else "where is_known"
    return f"""
    select n, loaded_at, is_readable, is_known, parts, spooled_at,
        {sender.ignored} as record_ignored, {sender.rejected} as record_rejected,
        coalesce({fact.is_ambiguous}, false) as is_ambiguous,
        {_source_columns(sender, profile)},
        {_shop(sender, profile)} as shop,
        {selected}
    from ({items} from known {only})"""


def _literal(text: str | None) -> str:
    return "null" if text is None else quoted(text)


def _source_columns(sender: Sender, profile: Profile) -> str:
    """The source of an email: the first place of the order that names one, else the default."""
    settings = profile.source
    default = Place(
        key=_literal(settings.default) if settings.default else _default_key(sender),
        name=_literal(settings.name),
    )
    places = _places(sender, profile)

    def chosen(attribute: str) -> str:
        if all(getattr(place, attribute) == "null" for place in (*places, default)):
            return "null"
        branches = " ".join(
            f"when place_{number} is not null then "
            + (f"place_{number}" if attribute == "key" else getattr(place, attribute))
            for number, place in enumerate(places)
        )
        otherwise = getattr(default, attribute)
        return f"case {branches} else {otherwise} end" if branches else otherwise

    type_ = f"coalesce({chosen('type')}, {sender.source_type}, {quoted(settings.type)})"
    domain = next(iter(profile.domains), sender.name)
    has_source = f"({sender.has_source})"
    return f"""
        case when {has_source} then {chosen("key")} end as source_key,
        {chosen("name")} as source_name,
        {type_} as source_type,
        {chosen("workflow_id")} as workflow_id,
        {chosen("workflow_name")} as workflow_name,
        {chosen("kind")} as campaign_kind,
        coalesce(clean({sender.domain}), {quoted(domain)}) as sending_domain"""


def _places(sender: Sender, profile: Profile) -> list[Place]:
    return [sender.place(name) for name in profile.source.from_ or sender.source_order]


def _default_key(sender: Sender) -> str:
    return f"coalesce(clean({sender.default_source or 'null'}), {quoted(sender.name)})"


def _shop(sender: Sender, profile: Profile) -> str:
    """The shop's name, where the profile names several: their order numbers may be the same."""
    if len(profile.shops) < 2:
        return "null"
    return cases(
        f"lower({sender.shop})",
        {host.casefold(): name for name, host in profile.shops.items()},
    )


def without_parameters(url: str, profile: Profile) -> str:
    """A clicked URL without the parameters that differ from one recipient to the other."""
    if not profile.strip_parameters:
        return url
    names = "|".join(_escaped(name) for name in profile.strip_parameters)
    sql = f"regexp_replace({url}, {quoted(f'&({names})=[^&#]*')}, '', 'g')"
    sql = f"regexp_replace({sql}, {quoted(rf'[?]({names})=[^&#]*&')}, '?')"
    return f"regexp_replace({sql}, {quoted(rf'[?]({names})=[^&#]*')}, '')"


def _escaped(name: str) -> str:
    return "".join(
        char if char.isalnum() or char == "_" else f"\\x{{{ord(char):x}}}" for char in name
    )
