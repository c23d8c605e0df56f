"""How a sender's records become rows: a declaration, made into one DuckDB query per chunk.

A sender module says where things stand (JSON paths, read as text in one pass over a record) and
the few rules that are its own, as SQL over these fields. This module makes the query of it, with
what all senders share: identities, judgement and the shape of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from email_statistics.senders.profile import Profile

SEND_TYPES = (
    *("skipped", "failed", "accepted", "sent", "deferred", "rejected"),
    *("delivered", "soft_bounced", "hard_bounced"),
)
ENGAGEMENT_TYPES = ("opened", "clicked", "replied", "unsubscribed", "complained")
ORDER_TYPES = ("placed", "paid", "refunded", "cancelled")
TABLE_OF_TYPE = {  # what comes most often first: the branches of a CASE are tried one by one
    **dict.fromkeys(("delivered", "accepted", "sent"), "send_events"),
    **dict.fromkeys(SEND_TYPES, "send_events"),
    **dict.fromkeys(ENGAGEMENT_TYPES, "engagement_events"),
    **dict.fromkeys(ORDER_TYPES, "order_events"),
    "contact": "contacts",
    "source": "email_sources",
    "lookup": "lookup",
}

MACROS = r"""
-- Trimming is slow, and few texts need it: those with a blank (anything before '!') at an end.
-- For fields only: an expression would be worked out eight times. Those take clean.
create or replace macro blank_to_null(x) as nullif(case
    when x < '!' or x[-1] < '!' then trim(x, E' \t\r\n\f\x0b') else x end, '');
create or replace macro clean(x) as nullif(trim(x, E' \t\r\n\f\x0b'), '');
create or replace macro trimmed(x) as case
    when x < '!' or x[-1] < '!' then trim(x, E' \t\r\n\f\x0b') else x end;
create or replace macro address(x) as case when contains(x, '<')
    then clean(lower(regexp_extract(x, '<([^<>]*)>', 1))) else lower(blank_to_null(x)) end;
create or replace macro domain_of(x) as
    regexp_extract_all(lower(x), '@([^@\s<>]*[^@\s<>.])[.]?>?\s*$', 1)[1];
create or replace macro bare_id(x) as nullif(trim(x, E'<> \t\r\n'), '');
create or replace macro before(x, place) as
    case when place is null then x else substr(x, 1, place - 1) end;
create or replace macro first_item(x) as case
    when starts_with(ltrim(x), '[') then try(json_extract_string(x, '$[0]')) else x end;
create or replace macro is_number(x) as regexp_full_match(x, '-?\d+(\.\d+)?([eE][+-]?\d{1,2})?');
create or replace macro moment_of_epoch(d) as make_timestamp(floor(d * (case
    when d < 1e11::decimal(28, 9) then 1000000 when d < 1e14::decimal(28, 9) then 1000
    when d < 1e17::decimal(28, 9) then 1 end)::decimal(7, 0))::bigint);
create or replace macro moment_of_text(x) as case
    when regexp_matches(x, '^\d{4}-\d\d-\d\d')
    then try_cast(regexp_replace(x, ' ([+-]\d)', '\1') as timestamptz)::timestamp end;
create or replace macro moment(x) as case
    when regexp_full_match(x, '[0-9]{9,10}') then make_timestamp(x::bigint * 1000000)
    when is_number(trim(x)) and not starts_with(x, '-')
    then moment_of_epoch(try_cast(trim(x) as decimal(28, 9)))
    else moment_of_text(trim(x)) end;
create or replace macro money(x) as case
    when is_number(trim(x)) then try_cast(trim(x) as decimal(28, 12)) end;
create or replace macro currency_digits(c) as case
    when upper(c) in ('BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'VND',
        'VUV', 'XAF', 'XOF', 'XPF') then 0
    when upper(c) in ('BHD', 'JOD', 'KWD', 'OMR', 'TND') then 3
    else 2 end;
create or replace macro rounded(amount, c) as case currency_digits(c)
    when 0 then round(amount, 0)::decimal(38, 12) when 3 then round(amount, 3)::decimal(38, 12)
    else round(amount, 2)::decimal(38, 12) end;
create or replace macro is_payable(amount, c) as amount is not null and amount >= 0
    and amount = round(amount, 2) and amount < 1e16::decimal(38, 12)
    and coalesce(regexp_full_match(upper(trim(c)), '[A-Z]{3}'), false);
create or replace macro truth(x) as try_cast(trim(x) as boolean);
"""
"""Small expressions that every sender module may use; they take text and give null for nonsense."""

_COLUMNS = {
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


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def path_of(*keys: str) -> str:
    """The JSON path of nested keys, whatever characters they have."""
    escaped = (key.replace("\\", "\\\\").replace('"', '\\"') for key in keys)
    return "$" + "".join(f'."{key}"' for key in escaped)


def cases(value: str, mapping: Mapping[str, str], otherwise: str = "null") -> str:
    """A CASE of a value's texts; what isn't in the mapping is ``otherwise`` (SQL)."""
    branches = " ".join(f"when {quoted(key)} then {quoted(to)}" for key, to in mapping.items())
    return f"case {value} {branches} else {otherwise} end"


def filled(expression: str) -> str:
    """A field or another expression, null where it is blank."""
    return f"{'blank_to_null' if expression.isidentifier() else 'clean'}({expression})"


def first_of(*expressions: str) -> str:
    """The first that isn't blank."""
    return f"coalesce({', '.join(map(filled, expressions))}, null)"


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
PAGES = ("items", "data", "results", "records", "Records", "Messages", "events")
"""Where pages of an API have their records."""


def common_envelopes(pages: Sequence[str]) -> list[tuple[str, str]]:
    """Envelopes of any sender: a condition and the list of texts inside, both SQL over ``doc``."""

    def text(path: str) -> str:
        return f"json_extract_string(doc, {quoted(path)})"

    def kind(path: str) -> str:
        return f"json_type(doc, {quoted(path)})"

    decoded = f"try(decode(from_base64({text('$.body_base64')})))"
    data = f"try(decode(from_base64({text('$.data')})))"
    return [
        ("json_type(doc) = 'ARRAY'", "json_extract(doc, '$[*]')::varchar[]"),
        ("json_type(doc) = 'VARCHAR'", "[json_extract_string(doc, '$')]"),
        (  # the receiver's spool
            f"{kind('$.received_at')} = 'VARCHAR' and {kind('$.body')} = 'VARCHAR'",
            f"[{text('$.body')}]",
        ),
        (
            f"{kind('$.received_at')} = 'VARCHAR' and {kind('$.body_base64')} = 'VARCHAR'",
            f"[coalesce({decoded}, {text('$.body_base64')})]",
        ),
        (  # SNS; a message that is no JSON is a notice to people
            f"{text('$.Type')} = 'Notification' and {kind('$.Message')} = 'VARCHAR'",
            f"[case when json_valid({text('$.Message')}) then {text('$.Message')} "
            f"else json_object('notice', {text('$.Message')})::varchar end]",
        ),
        (f"{kind('$.Sns')} = 'OBJECT'", "[json_extract(doc, '$.Sns')::varchar]"),
        (
            f"{kind('$.Message')} = 'VARCHAR' and {kind('$.TopicArn')} = 'VARCHAR' "
            f"and {kind('$.SubscribeURL')} is null",
            f"[{text('$.Message')}]",
        ),
        *(  # SQS, by Lambda and by ReceiveMessage
            (
                f"{kind(path_of(body))} = 'VARCHAR' and ({kind(path_of(name))} = 'VARCHAR'"
                f" or starts_with(ltrim({text(path_of(body))}), '{{'))",
                f"[{text(path_of(body))}]",
            )
            for body, name in (("body", "messageId"), ("Body", "MessageId"))
        ),
        (  # EventBridge
            f"{kind('$.detail')} = 'OBJECT'",
            "[json_extract(doc, '$.detail')::varchar]",
        ),
        # Firehose's HTTP delivery
        (f"{kind('$.data')} = 'VARCHAR' and {data} is not null", f"[{data}]"),
        *(
            (
                f"{kind(path_of(page))} = 'ARRAY'",
                f"json_extract(doc, {quoted(path_of(page) + '[*]')})::varchar[]",
            )
            for page in dict.fromkeys((*pages, *PAGES))
        ),
    ]


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
    columns = {name: f"cast(null as {type_})" for name, type_ in _COLUMNS.items()}
    columns |= {name: f"cast({sql} as {_COLUMNS[name]})" for name, sql in fact.columns.items()}
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
