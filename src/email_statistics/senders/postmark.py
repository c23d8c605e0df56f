"""Postmark: webhooks, and pages of its API for opens, clicks and bounces."""

from email_statistics.senders.mapping.declaration import Fact, Place, Sender
from email_statistics.senders.mapping.expressions import cases, first_of

_BOUNCES = {
    "hardbounce": "hard_bounced",
    "bademailaddress": "hard_bounced",
    "transient": "deferred",
    "dnserror": "deferred",
    "unsubscribe": "unsubscribed",
    "spamcomplaint": "complained",
    "manuallydeactivated": "skipped",
    "templaterenderingfailed": "failed",
    "subscribe": "-subscribe",
    "autoresponder": "-auto_responder",
    "addresschange": "-address_change",
    "challengeverification": "-challenge_verification",
    "openrelaytest": "-open_relay_test",
    "inbounderror": "-inbound_error",
}
_SOFT = "'soft_bounced'"
_CODES = {  # Postmark's list of bounce types; what isn't here is a soft bounce
    "1": "hardbounce",
    "2": "transient",
    "16": "unsubscribe",
    "32": "subscribe",
    "64": "autoresponder",
    "128": "addresschange",
    "256": "dnserror",
    "1024": "openrelaytest",
    "16384": "challengeverification",
    "100000": "bademailaddress",
    "100001": "spamcomplaint",
    "100002": "manuallydeactivated",
    "100008": "inbounderror",
    "100010": "templaterenderingfailed",
}


def _page(name: str, record: str) -> tuple[str, str]:
    """A page of the API: its rows may leave out what they are."""
    rows = f"json_extract(doc, '$.{name}[*]')"
    return (
        f"json_type(doc, '$.{name}') = 'ARRAY'",
        f"list_transform({rows}, lambda each: json_merge_patch("
        f"json_object('RecordType', '{record}'), each)::varchar)",
    )


SENDER = Sender(
    name="postmark",
    title="Postmark",
    version=1,
    fields={
        "record": "$.RecordType",
        "id": "$.ID",
        "bounce_type": "$.Type",
        "bounce_code": "$.TypeCode",
        "message_id": "$.MessageID",
        "stream": "$.MessageStream",
        "tag": "$.Tag",
        "recipient": "$.Recipient",
        "email": "$.Email",
        "delivered_at": "$.DeliveredAt",
        "bounced_at": "$.BouncedAt",
        "received_at": "$.ReceivedAt",
        "changed_at": "$.ChangedAt",
        "link": "$.OriginalLink",
        "user_agent": "$.UserAgent",
        "ip": "$.Geo.IP",
        "details": "$.Details",
        "description": "$.Description",
        "origin": "$.Origin",
        "suppresses": "$.SuppressSending",
        "suppression": "$.SuppressionReason",
    },
    derived={
        "kind": "lower(trim(record))",
        "bounce": f"coalesce(lower(clean(bounce_type)), {cases('bounce_code', _CODES)})",
    },
    is_record="record is not null",
    unwrap=[_page("Opens", "Open"), _page("Clicks", "Click"), _page("Bounces", "Bounce")],
    facts=[
        Fact(
            {
                "type": f"case kind when 'bounce' then {cases('bounce', _BOUNCES, _SOFT)}"
                " when 'subscriptionchange' then case"
                " when not coalesce(truth(suppresses), false) then '-subscribed_again'"
                " when lower(suppression) <> 'manualsuppression' then '-bounce_reported_twice'"
                " when lower(origin) = 'recipient' then 'unsubscribed'"
                " else '-suppressed_by_hand' end"
                " else "
                + cases(
                    "kind",
                    {
                        "delivery": "delivered",
                        "spamcomplaint": "complained",
                        "open": "opened",
                        "click": "clicked",
                        "inbound": "-inbound",
                    },
                )
                + " end",
                "event_at": "moment(case kind when 'delivery' then delivered_at"
                " when 'bounce' then bounced_at when 'spamcomplaint' then bounced_at"
                " when 'subscriptionchange' then changed_at else received_at end)",
                "message": "blank_to_null(message_id)",
                "message_key": "blank_to_null(message_id)",
                "recipient": f"address({first_of('recipient', 'email')})",
                "identity": "case when kind in ('bounce', 'spamcomplaint')"
                " then blank_to_null(id) end",
                "url": "case when kind = 'click' then link end",
                "user_agent": "case when kind in ('open', 'click') then user_agent end",
                "ip": "ip",
                "reason": "case when kind = 'bounce' then "
                + first_of("details", "description")
                + " end",
            }
        )
    ],
    places={
        "Tag": Place("tag"),
        "MessageStream": Place("stream"),
    },
    custom={"Metadata": "json_extract_string(doc, '$.Metadata')"},
    source_order=["Tag", "MessageStream"],
    source_type="case lower(trim(stream)) when 'outbound' then 'transactional' end",
    reports=(
        *("delivered", "deferred", "soft_bounced", "hard_bounced", "skipped", "failed"),
        *("opened", "clicked", "complained", "unsubscribed"),
    ),
    switch_on=(
        "Servers > Message Streams > Webhooks: delivery, bounce, spam complaint, open (every open, "
        "not only the first), link click and subscription change. Tracking is set per message or "
        "per server."
    ),
    forms="Webhook bodies, and pages of /messages/outbound/opens, /clicks and /bounces.",
    not_measured=(
        "`accepted` and `sent`: an email is known by its first delivery or bounce. No event says "
        "that a machine opened; the user agent decides."
    ),
    notes=(
        "`Transient` and `DnsError` are deferrals: Postmark tries again. A subscription change for "
        "a bounce or a complaint repeats it, and is ignored. The stream `outbound` is "
        "transactional. Metadata is `Metadata.<name>` in the profile."
    ),
)
