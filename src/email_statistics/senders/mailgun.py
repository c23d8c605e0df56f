"""Mailgun: webhooks, the Events and Logs API, and the form posts from before 2018."""

from email_statistics.senders.mapping.declaration import Fact, Place, Sender
from email_statistics.senders.mapping.expressions import cases, first_of

REPORTS = (
    *("accepted", "rejected", "delivered", "deferred", "soft_bounced", "hard_bounced", "skipped"),
    *("opened", "clicked", "complained", "unsubscribed"),
)

# The Logs API has another name for it than webhooks and the Events API.
_AT = "coalesce(moment(timestamp), moment(log_timestamp))"


def fields(base: str = "$") -> dict[str, str]:
    """Where the fields of an event stand, below ``base``."""
    return {
        "event": f"{base}.event",
        "id": f"{base}.id",
        "timestamp": f"{base}.timestamp",
        "log_timestamp": f'{base}."@timestamp"',
        "recipient": f"{base}.recipient",
        "message_id": f'{base}.message.headers."message-id"',
        "header_to": f"{base}.message.headers.to",
        "header_from": f"{base}.message.headers.from",
        "envelope_sender": f"{base}.envelope.sender",
        "severity": f"{base}.severity",
        "failure": f"{base}.reason",
        "code": f'{base}."delivery-status".code',
        "status_message": f'{base}."delivery-status".message',
        "status_description": f'{base}."delivery-status".description',
        "bounce_class": f'{base}."delivery-status"."bounce-type"',
        "reject_reason": f"{base}.reject.reason",
        "reject_description": f"{base}.reject.description",
        "url": f"{base}.url",
        "ip": f"{base}.ip",
        "user_agent": f'{base}."client-info"."user-agent"',
        "bot": f'{base}."client-info".bot',
        "is_test_mode": f'{base}.flags."is-test-mode"',
        "is_system_test": f'{base}.flags."is-system-test"',
        "tags": f"{base}.tags",
        "first_tag": f"{base}.tags[0]",
        "campaign_id": f"{base}.campaigns[0].id",
        "campaign_name": f"{base}.campaigns[0].name",
        "domain_name": f"{base}.domain.name",
    }


def event_columns(temporary: str) -> dict[str, str]:
    """An event as a row; ``temporary`` is the type of a failure that will be tried again."""
    failed = (
        "case when starts_with(lower(failure), 'suppress') or code in ('605', '606', '607')"
        " then 'skipped'"
        f" when lower(severity) = 'temporary' then '{temporary}'"
        " when lower(failure) = 'old' or lower(bounce_class) = 'soft' then 'soft_bounced'"
        " else 'hard_bounced' end"
    )
    types = {
        **{kind: kind for kind in ("accepted", "rejected", "delivered", "opened", "clicked")},
        **{kind: kind for kind in ("unsubscribed", "complained")},
        "stored": "-stored",
    }
    return {
        "type": f"case when kind = 'failed' then {failed}"
        " when starts_with(kind, 'list_member') then '-list_member'"
        f" else {cases('kind', types)} end",
        "event_at": _AT,
        "message": "bare_id(message_id)",
        "recipient": f"address({first_of('recipient', 'header_to')})",
        "identity": f"blank_to_null(id) || '/' || strftime({_AT}, '%Y-%m-%d')",
        "url": "case when kind = 'clicked' then url end",
        "user_agent": "case when kind in ('opened', 'clicked') then user_agent end",
        "ip": "ip",
        # Gmail's image proxy mostly acts for a person; an empty text means that no bot was seen.
        "is_machine": "case when kind in ('opened', 'clicked') then"
        " case lower(bot) when 'apple' then true when 'generic' then true when '' then false end"
        " end",
        "is_test": "nullif(coalesce(truth(is_test_mode), false)"
        " or coalesce(truth(is_system_test), false), false)",
        "reason": "case when kind = 'rejected' then "
        + first_of("reject_reason", "reject_description")
        + " when kind = 'failed' and starts_with(lower(failure), 'suppress') then failure"
        " when kind = 'failed' then "
        + first_of("status_message", "status_description", "failure")
        + " end",
    }


# A rejected event may name its recipients in the message's header alone.
HAS_SEVERAL_RECIPIENTS = (
    "nullif(recipient, '') is null and len(regexp_extract_all(header_to, '@[^,]*,[^,]*@')) > 0"
)
SENDING_DOMAIN = first_of("domain_name", "domain_of(header_from)", "domain_of(envelope_sender)")
# A form post of the time before 2018 is signed by a field of its own, or has the message's header.
_IS_LEGACY = (
    "json_type(doc, '$.signature') = 'VARCHAR' or json_type(doc, '$.\"Message-Id\"') = 'VARCHAR'"
    " or json_type(doc, '$.\"message-headers\"') = 'VARCHAR'"
)
_LEGACY_EVENT = (
    "json_object('event', case lower(json_extract_string(doc, '$.event'))"
    " when 'bounced' then 'failed' when 'dropped' then 'failed'"
    " else json_extract_string(doc, '$.event') end,"
    " 'severity', 'permanent',"
    " 'id', json_extract_string(doc, '$.\"event-id\"'),"
    " 'timestamp', json_extract_string(doc, '$.timestamp'),"
    " 'recipient', json_extract_string(doc, '$.recipient'),"
    " 'message', json_object('headers', json_object('message-id',"
    " coalesce(json_extract_string(doc, '$.\"Message-Id\"'),"
    " json_extract_string(doc, '$.\"message-id\"'),"
    " regexp_extract(json_extract_string(doc, '$.\"message-headers\"'),"
    ' \'(?i)\\[\\s*"message-id"\\s*,\\s*"([^"]+)"\', 1)))),'
    " 'reason', json_extract_string(doc, '$.reason'),"
    " 'delivery-status', json_object('code', json_extract_string(doc, '$.code'), 'message',"
    " coalesce(json_extract_string(doc, '$.error'), json_extract_string(doc, '$.description'))),"
    " 'url', json_extract_string(doc, '$.url'), 'ip', json_extract_string(doc, '$.ip'),"
    " 'client-info',"
    " json_object('user-agent', json_extract_string(doc, '$.\"user-agent\"')),"
    " 'domain', json_object('name', json_extract_string(doc, '$.domain')),"
    " 'tags', json_array(coalesce(json_extract_string(doc, '$.\"X-Mailgun-Tag\"'),"
    " json_extract_string(doc, '$.tag'))),"
    " 'campaigns', json_array(json_object('id', json_extract_string(doc, '$.\"campaign-id\"'),"
    " 'name', json_extract_string(doc, '$.\"campaign-name\"'))),"
    " 'user-variables', doc)::varchar"
)
SENDER = Sender(
    name="mailgun",
    title="Mailgun",
    version=2,
    fields=fields(),
    derived={"kind": "lower(trim(event))"},
    is_record="event is not null and json_type(doc, '$.\"body-plain\"') is null"
    f" and not coalesce({_IS_LEGACY}, false)",
    unwrap=[
        (
            "json_type(doc, '$.\"event-data\"') = 'OBJECT'",
            "[json_extract(doc, '$.\"event-data\"')::varchar]",
        ),
        (
            f"json_type(doc, '$.event') = 'VARCHAR' and ({_IS_LEGACY})",
            f"[{_LEGACY_EVENT}]",
        ),
    ],
    facts=[Fact(event_columns("deferred"), is_ambiguous=HAS_SEVERAL_RECIPIENTS)],
    places={
        "campaigns": Place("campaign_id", name="campaign_name"),
        "tags": Place("coalesce(first_tag, first_item(tags))"),
    },
    custom={"user-variables": "json_extract_string(doc, '$.\"user-variables\"')"},
    source_order=["campaigns", "tags"],
    default_source=SENDING_DOMAIN,
    domain=SENDING_DOMAIN,
    reports=REPORTS,
    switch_on=(
        "Sending > Webhooks: a URL for each event. Sending > Domain settings: open and click "
        "tracking. `delivered` webhooks aren't tried again: fill gaps from the Events or Logs API."
    ),
    forms="Webhook bodies, pages of the Events and Logs API, and form posts from before 2018.",
    not_measured=(
        "`sent`: Mailgun reports that it took a message (`accepted`). Replies need a route of your "
        "own."
    ),
    notes=(
        "An event id is unique within a day, so the day (UTC) belongs to it. A failure with the "
        "reason `old` or the bounce type `soft` is a soft bounce; a suppressed address is "
        "`skipped`. User variables are `user-variables.<name>` in the profile."
    ),
)
