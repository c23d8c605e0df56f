"""SendGrid: the Event Webhook."""

from email_statistics.senders.mapping.declaration import Fact, Place, Sender
from email_statistics.senders.mapping.expressions import cases

_SUPPRESSED = (
    "regexp_matches(lower(trim(reason)), '^(bounced|unsubscribed|spam reporting) address')"
)
SENDER = Sender(
    name="sendgrid",
    title="SendGrid",
    version=2,
    fields={
        "event": "$.event",
        "email": "$.email",
        "timestamp": "$.timestamp",
        "sg_message_id": "$.sg_message_id",
        "sg_event_id": "$.sg_event_id",
        "smtp_id": '$."smtp-id"',
        "bounce_type": "$.type",
        "reason": "$.reason",
        "response": "$.response",
        "useragent": "$.useragent",
        "ip": "$.ip",
        "url": "$.url",
        "sg_machine_open": "$.sg_machine_open",
        "category": "$.category",
        "first_category": "$.category[0]",
        "singlesend_id": "$.singlesend_id",
        "singlesend_name": "$.singlesend_name",
        "marketing_campaign_id": "$.marketing_campaign_id",
        "marketing_campaign_name": "$.marketing_campaign_name",
    },
    is_record="event is not null",
    derived={
        "kind": "lower(trimmed(event))",
        "suffix": "least(nullif(instr(sg_message_id, '.filter'), 0), "
        "nullif(instr(sg_message_id, '.recv'), 0))",
        # The part behind it differs from event to event of one email.
        "sent_id": "before(sg_message_id, suffix)",
    },
    facts=[
        Fact(
            {
                "type": "case kind"
                " when 'bounce' then case lower(trimmed(bounce_type))"
                " when 'blocked' then 'soft_bounced' else 'hard_bounced' end"
                f" when 'dropped' then case when {_SUPPRESSED} then 'skipped' else 'failed' end"
                " else "
                + cases(
                    "kind",
                    {
                        "processed": "accepted",
                        "deferred": "deferred",
                        "delivered": "delivered",
                        "blocked": "soft_bounced",
                        "open": "opened",
                        "click": "clicked",
                        "spamreport": "complained",
                        "unsubscribe": "unsubscribed",
                        "group_unsubscribe": "unsubscribed",
                        "group_resubscribe": "-group_resubscribe",
                        "account_status_change": "-account_status_change",
                    },
                )
                + " end",
                "event_at": "moment(timestamp)",
                "message": "coalesce(blank_to_null(sent_id), "
                "regexp_extract_all(smtp_id, '^[<\\s]*([^<>@\\s]+)', 1)[1])",
                "recipient": "address(email)",
                "identity": "blank_to_null(sg_event_id)",
                "url": "case when kind = 'click' then url end",
                "user_agent": "case when kind in ('open', 'click') then useragent end",
                "ip": "ip",
                "is_machine": "case when kind = 'open' then truth(sg_machine_open) end",
                "reason": "case when kind = 'deferred'"
                " then coalesce(blank_to_null(response), reason)"
                " when kind in ('bounce', 'blocked', 'dropped') then reason end",
            }
        )
    ],
    places={
        "category": Place("coalesce(first_category, first_item(category))"),
        "singlesend_id": Place("singlesend_id", name="singlesend_name"),
        "marketing_campaign_id": Place("marketing_campaign_id", name="marketing_campaign_name"),
    },
    custom={"custom": "doc"},
    source_order=["singlesend_id", "marketing_campaign_id", "category"],
    reports=(
        *("accepted", "delivered", "deferred", "soft_bounced", "hard_bounced", "skipped", "failed"),
        *("opened", "clicked", "complained", "unsubscribed"),
    ),
    switch_on=(
        "Settings > Mail Settings > Event Webhooks: switch on all deliverability and engagement "
        "events, and the signed webhook. Open and click tracking are in Settings > Tracking."
    ),
    forms="Bodies of the Event Webhook (JSON arrays), saved as files or received.",
    not_measured=(
        "`sent` and `rejected`: SendGrid reports that it took a message (`accepted`) and what the "
        "receiving server said. Machine opens are known for Apple Mail only."
    ),
    notes=(
        "A message is `sg_message_id` up to `.filter` or `.recv`, and the address. An asynchronous "
        "bounce without `sg_message_id` is found by its `smtp-id`; with neither it is rejected as "
        "`no_message`. Unique arguments are `custom.<name>` in the profile."
    ),
)
