"""Resend: webhooks."""

from email_statistics.senders.mapping.declaration import Fact, Place, Sender
from email_statistics.senders.mapping.expressions import cases, first_of

_SUPPRESSION = "contains(lower(bounce_message), 'suppress')"
SENDER = Sender(
    name="resend",
    title="Resend",
    version=2,
    fields={
        "event": "$.type",
        "created_at": "$.created_at",
        "email_id": "$.data.email_id",
        "email_from": "$.data.from",
        "broadcast_id": "$.data.broadcast_id",
        "template_id": "$.data.template_id",
        "bounce_type": "$.data.bounce.type",
        "bounce_message": "$.data.bounce.message",
        "suppressed_reason": "$.data.suppressed.reason",
        "suppressed_message": "$.data.suppressed.message",
        "failed_reason": "$.data.failed.reason",
        "click_at": "$.data.click.timestamp",
        "link": "$.data.click.link",
        "click_agent": "$.data.click.userAgent",
        "click_ip": "$.data.click.ipAddress",
        "open_at": "$.data.open.timestamp",
        "open_agent": "$.data.open.userAgent",
        "open_ip": "$.data.open.ipAddress",
        "addressee": "$.data.to",
    },
    derived={
        "kind": "lower(trim(event))",
        "recipients": "case when starts_with(addressee, '[')"
        " then json_extract_string(doc, '$.data.to[*]') else [addressee] end",
    },
    is_record="event is not null and json_type(doc, '$.data') = 'OBJECT'",
    ignored="case when regexp_matches(kind, '^(contact|domain)[.]') then kind end",
    facts=[
        Fact(
            {
                "type": "case kind when 'email.bounced' then case"
                f" when blank_to_null(bounce_type) is null and {_SUPPRESSION} then 'skipped'"
                " when lower(bounce_type) in ('transient', 'undetermined') then 'soft_bounced'"
                " else 'hard_bounced' end else "
                + cases(
                    "kind",
                    {
                        "email.sent": "accepted",
                        "email.delivered": "delivered",
                        "email.delivery_delayed": "deferred",
                        "email.suppressed": "skipped",
                        "email.failed": "failed",
                        "email.complained": "complained",
                        "email.opened": "opened",
                        "email.clicked": "clicked",
                        "email.scheduled": "-email.scheduled",
                        "email.received": "-email.received",
                    },
                )
                + " end",
                "event_at": "coalesce(moment(case kind when 'email.clicked' then click_at"
                " when 'email.opened' then open_at end), moment(created_at))",
                "message": "blank_to_null(email_id)",
                "recipient": "case when len(recipients) = 1 then address(recipients[1]) end",
                "url": "case when kind = 'email.clicked' then link end",
                "user_agent": "case kind when 'email.clicked' then click_agent"
                " when 'email.opened' then open_agent end",
                "ip": "case kind when 'email.clicked' then click_ip"
                " when 'email.opened' then open_ip end",
                "reason": "case kind when 'email.bounced' then bounce_message"
                " when 'email.suppressed' then "
                + first_of("suppressed_reason", "suppressed_message")
                + " when 'email.failed' then failed_reason end",
            },
            # Each of several recipients has an event, and none says whose it is.
            is_ambiguous="len(recipients) > 1",
        )
    ],
    places={
        "broadcast_id": Place("broadcast_id", type="'campaign'"),
        "template_id": Place("template_id"),
        "from-domain": Place("domain_of(email_from)"),
    },
    custom={
        "tags": "case when json_type(doc, '$.data.tags') = 'ARRAY' then "
        "'{' || array_to_string(list_transform(json_extract(doc, '$.data.tags[*]'), lambda each: "
        "to_json(json_extract_string(each, '$.name'))::varchar || ':' || "
        "to_json(json_extract_string(each, '$.value'))::varchar), ',') || '}' "
        "else json_extract(doc, '$.data.tags')::varchar end"
    },
    source_order=["broadcast_id", "template_id", "from-domain"],
    domain="domain_of(email_from)",
    reports=(
        *("accepted", "delivered", "deferred", "soft_bounced", "hard_bounced", "skipped", "failed"),
        *("opened", "clicked", "complained"),
    ),
    switch_on=(
        "Webhooks: all `email.*` events. Domains: open and click tracking. Send one email per "
        "recipient: an event doesn't say which of several it is of."
    ),
    forms="Webhook bodies.",
    not_measured=(
        "`sent` and `rejected`; unsubscribes, which Resend reports of the contact and not of an "
        "email; machine opens, for an open has no user agent."
    ),
    notes=(
        "A bounce without a type is hard, unless its text speaks of suppression. Tags are "
        "`tags.<name>` in the profile. The API keeps the last event of an email only: it is no log."
    ),
)
