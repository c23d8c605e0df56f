"""Mandrill (Mailchimp Transactional): webhooks."""

from email_statistics.senders.mapping.declaration import Fact, Place, Sender
from email_statistics.senders.mapping.expressions import cases, first_of

SENDER = Sender(
    name="mandrill",
    title="Mandrill (Mailchimp Transactional)",
    version=2,
    fields={
        "event": "$.event",
        "sync_type": "$.type",
        "action": "$.action",
        "ts": "$.ts",
        "event_message_id": "$._id",
        "message_id": "$.msg._id",
        "email": "$.msg.email",
        "sender": "$.msg.sender",
        "url": "$.url",
        "user_agent": "$.user_agent",
        "ip": "$.ip",
        "tags": "$.msg.tags",
        "template": "$.msg.template",
        "subaccount": "$.msg.subaccount",
        "diag": "$.msg.diag",
        "bounce_description": "$.msg.bounce_description",
        "reject_reason": "$.msg.reject.reason",
        "export_status": "$.Status",
        "export_date": "$.Date",
    },
    derived={"kind": "lower(trim(event))"},
    is_record="event is not null or (sync_type is not null and action is not null)"
    " or (export_status is not null and export_date is not null)",
    unwrap=[
        (
            "json_type(doc, '$.mandrill_events') = 'ARRAY'",
            "json_extract(doc, '$.mandrill_events[*]')::varchar[]",
        ),
        (
            "json_type(doc, '$.mandrill_events') = 'VARCHAR'",
            "[json_extract_string(doc, '$.mandrill_events')]",
        ),
    ],
    # A line of the activity export names no email: it can't be joined to anything.
    rejected="case when event is null and export_status is not null then 'no_message' end",
    ignored="case when event is null and sync_type is not null then 'sync' end",
    facts=[
        Fact(
            {
                "type": cases(
                    "kind",
                    {
                        "send": "sent",
                        "delivered": "delivered",
                        "deferral": "deferred",
                        "hard_bounce": "hard_bounced",
                        "soft_bounce": "soft_bounced",
                        "reject": "skipped",
                        "open": "opened",
                        "click": "clicked",
                        "spam": "complained",
                        "unsub": "unsubscribed",
                        "inbound": "-inbound",
                        "whitelist": "-sync",
                        "blacklist": "-sync",
                    },
                ),
                "event_at": "moment(ts)",
                "message": first_of("message_id", "event_message_id"),
                "message_key": first_of("message_id", "event_message_id"),
                "recipient": "address(email)",
                "url": "case when kind = 'click' then url end",
                "user_agent": "case when kind in ('open', 'click') then user_agent end",
                "ip": "ip",
                "reason": "case when kind in ('hard_bounce', 'soft_bounce', 'deferral') then "
                + first_of("diag", "bounce_description")
                + " when kind = 'reject' then "
                + first_of("reject_reason", "bounce_description", "diag")
                + " end",
            }
        )
    ],
    places={
        "template": Place("template"),
        "tags": Place("first_item(tags)"),
        "subaccount": Place("subaccount"),
    },
    custom={"metadata": "json_extract_string(doc, '$.msg.metadata')"},
    source_order=["template", "tags", "subaccount"],
    domain="domain_of(sender)",
    reports=(
        *("sent", "delivered", "deferred", "soft_bounced", "hard_bounced", "skipped"),
        *("opened", "clicked", "complained", "unsubscribed"),
    ),
    switch_on=(
        "Settings > Webhooks: all message events. Track Opens and Track Clicks in Sending Options."
    ),
    forms="Webhook requests (a form whose field `mandrill_events` is a JSON array).",
    not_measured=(
        "`accepted` and `rejected` by content. The activity export counts opens and clicks without "
        "a time and names no message: its lines are rejected as `no_message`."
    ),
    notes=(
        "`_id` is the message, one per recipient; events have no id of their own. The history "
        "inside a message (`opens`, `clicks`, `smtp_events`) repeats earlier events and isn't read."
        " Metadata is `metadata.<name>` in the profile."
    ),
)
