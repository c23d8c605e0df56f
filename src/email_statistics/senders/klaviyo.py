"""Klaviyo: pages of the Events API and system webhooks."""

from email_statistics.senders.mapping.declaration import Fact, Place, Sender
from email_statistics.senders.mapping.expressions import cases

_PROPERTIES = "$.event.attributes.event_properties"
_TYPES = {
    "received_email": "delivered",
    "opened_email": "opened",
    "clicked_email": "clicked",
    "dropped_email": "skipped",
    "marked_email_as_spam": "complained",
    "placed_order": "paid",
    "refunded_order": "refunded",
    **dict.fromkeys(("cancelled_order", "canceled_order"), "cancelled"),
}


def _included(path: str) -> dict[str, str]:
    """The names of metrics and the addresses of profiles that a page has beside its events."""
    parts = f"json_extract(doc, '{path}[*]')"
    return {
        "included_keys": f"list_transform({parts}, lambda each: concat("
        "json_extract_string(each, '$.type'), '/', json_extract_string(each, '$.id')))",
        "included_values": f"list_transform({parts}, lambda each: coalesce("
        "json_extract_string(each, '$.attributes.name'), "
        "json_extract_string(each, '$.attributes.email')))",
    }


def _record(event: str, topic: str = "null") -> str:
    """An event with what is included of it."""

    def related(kind: str) -> str:
        identity = f"json_extract_string({event}, '$.relationships.{kind}.data.id')"
        return f"included_values[list_position(included_keys, '{kind}/' || {identity})]"

    return (
        f"json_object('event', {event}, 'topic', {topic}, 'metric', {related('metric')},"
        f" 'email', {related('profile')})::varchar"
    )


_ON_PAGE = _included("$.included")
_IN_HOOK = _included("$.payload.included")
_OTHER = "'-other_metric'"
SENDER = Sender(
    name="klaviyo",
    title="Klaviyo",
    version=2,
    fields={
        "event_id": "$.event.id",
        "uuid": "$.event.attributes.uuid",
        "metric": "$.metric",
        "topic": "$.topic",
        "email": "$.email",
        "profile": "$.event.relationships.profile.data.id",
        "profile_id": "$.event.attributes.profile_id",
        "datetime": "$.event.attributes.datetime",
        "timestamp": "$.event.attributes.timestamp",
        "cohort": f'{_PROPERTIES}."$_cohort$message_send_cohort"',
        "message": f'{_PROPERTIES}."$message"',
        "flow": f'{_PROPERTIES}."$flow"',
        "campaign_name": f'{_PROPERTIES}."Campaign Name"',
        "address_sent": f'{_PROPERTIES}."Recipient Email Address"',
        "bounce_type": f'{_PROPERTIES}."Bounce Type"',
        "url": f"{_PROPERTIES}.URL",
        "machine_open": f"{_PROPERTIES}.machine_open",
        "machine_open_name": f'{_PROPERTIES}."Machine Open"',
        "apple_open": f'{_PROPERTIES}."Apple Privacy Open"',
        "bot_click": f'{_PROPERTIES}."Bot Click"',
        "value": f'{_PROPERTIES}."$value"',
        "currency": f'{_PROPERTIES}."$currency_code"',
        "order_id": f'{_PROPERTIES}."$event_id"',
    },
    derived={
        "kind": "trim(regexp_replace(lower(coalesce(metric, "
        "nullif(regexp_extract(topic, '([^.:]+)$', 1), ''))), '[^a-z0-9]+', '_', 'g'), '_')",
        "money_currency": "coalesce(blank_to_null(currency), default_currency)",
        "profile_key": "coalesce(profile, profile_id)",
        "event_time": "coalesce(moment(datetime), moment(timestamp))",
        "included_keys": f"case when json_type(doc, '$.payload') = 'OBJECT'"
        f" then {_IN_HOOK['included_keys']} else {_ON_PAGE['included_keys']} end",
        "included_values": f"case when json_type(doc, '$.payload') = 'OBJECT'"
        f" then {_IN_HOOK['included_values']} else {_ON_PAGE['included_values']} end",
    },
    is_record="event_id is not null or uuid is not null",
    unwrap=[
        (
            "json_type(doc, '$.payload.data') = 'OBJECT'",
            "["
            + _record("json_extract(doc, '$.payload.data')", "json_extract_string(doc, '$.topic')")
            + "]",
        ),
        (
            "json_type(doc, '$.data') = 'ARRAY'"
            " and json_extract_string(doc, '$.data[0].type') = 'event'",
            f"list_transform(json_extract(doc, '$.data[*]'), lambda each: {_record('each')})",
        ),
        (
            "json_extract_string(doc, '$.data.type') = 'event'",
            "[" + _record("json_extract(doc, '$.data')") + "]",
        ),
        ("json_extract_string(doc, '$.type') = 'event'", "[" + _record("doc::json") + "]"),
        (
            "json_extract_string(doc, '$.payload.type') = 'event'",
            "["
            + _record("json_extract(doc, '$.payload')", "json_extract_string(doc, '$.topic')")
            + "]",
        ),
    ],
    facts=[
        Fact(
            {
                "type": "case when kind = 'bounced_email' then"
                " case when starts_with(lower(trimmed(bounce_type)), 'soft') then 'soft_bounced'"
                " else 'hard_bounced' end"
                # From email marketing, from a list: but not from text messages.
                " when starts_with(kind, 'unsubscribed')"
                " and not regexp_matches(kind, 'sms|push|whatsapp') then 'unsubscribed'"
                " when kind is null then null"
                f" else {cases('kind', _TYPES, _OTHER)} end",
                "event_at": "event_time",
                "message": "coalesce(blank_to_null(cohort), blank_to_null(message))",
                "message_key": "coalesce(blank_to_null(cohort), blank_to_null(message))"
                " || '/' || blank_to_null(profile_key)",
                "recipient": "coalesce(address(email), address(address_sent))",
                "identity": "coalesce(blank_to_null(event_id), blank_to_null(uuid))",
                "url": "case when kind = 'clicked_email' then url end",
                "is_machine": "case when kind = 'opened_email' then list_bool_or("
                "[truth(machine_open), truth(machine_open_name), truth(apple_open)])"
                " when kind = 'clicked_email' then truth(bot_click) end",
                "order_key": "coalesce(blank_to_null(order_id), blank_to_null(event_id))",
                # The value is a float: its decimal text is rounded as the currency is.
                "amount": "case kind when 'placed_order' then rounded(money(value), money_currency)"
                " when 'refunded_order' then abs(rounded(money(value), money_currency)) end",
                "currency": "currency",
                "email": "address(email)",
            }
        )
    ],
    places={
        "flow": Place(
            "blank_to_null(flow) || coalesce('/' || blank_to_null(message), '')",
            name="campaign_name",
            type="'workflow'",
            workflow_id="flow",
        ),
        "message": Place("message", name="campaign_name", type="'campaign'"),
    },
    source_order=["flow", "message"],
    reports=(
        *("delivered", "soft_bounced", "hard_bounced", "skipped"),
        *("opened", "clicked", "complained", "unsubscribed"),
    ),
    switch_on=(
        "Pull GET /api/events with include=metric,profile, or have the system webhooks of email "
        "and order events (with the profile included) sent."
    ),
    forms="Pages of the Events API and system webhooks.",
    not_measured=(
        "`accepted`, `sent` and `deferred`. `Received Email` is taken for the delivery; a later "
        "hard bounce undoes it."
    ),
    notes=(
        "A message is the send cohort (else `$message`) and the profile. `Placed Order` is `paid`, "
        "with the amount's text rounded half up. A shop's own events are the same money: load one, "
        "and say which by `orders:`."
    ),
)
