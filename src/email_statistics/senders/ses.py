"""Amazon SES: event publishing and identity notifications, in whatever AWS wraps them."""

from email_statistics.senders.mapping.declaration import Fact, Place, Sender
from email_statistics.senders.mapping.expressions import cases, first_of, quoted

_TAGS = "json_extract_string(doc, '$.mail.tags')"
_RECIPIENTS = """case kind
    when 'bounce' then json_extract(doc, '$.bounce.bouncedRecipients[*]')
    when 'complaint' then json_extract(doc, '$.complaint.complainedRecipients[*]')
    when 'deliverydelay' then json_extract(doc, '$.deliveryDelay.delayedRecipients[*]')
    when 'delivery' then case when len(json_extract(doc, '$.delivery.recipients[*]')) > 0
        then json_extract(doc, '$.delivery.recipients[*]')
        else json_extract(doc, '$.mail.destination[*]') end
    when 'open' then destinations[1:1]
    when 'click' then destinations[1:1]
    when 'subscription' then destinations[1:1]
    else destinations end"""
_SUPPRESSED = "('suppressed', 'onaccountsuppressionlist', 'unsubscribedrecipient')"


def _tag(name: str) -> str:
    path = '$.mail.tags."' + name + '"'
    return f"first_item(json_extract_string(doc, {quoted(path)}))"


SENDER = Sender(
    name="ses",
    title="Amazon SES",
    version=1,
    fields={
        "event_type": "$.eventType",
        "notification_type": "$.notificationType",
        "ses_id": "$.mail.messageId",
        "mail_timestamp": "$.mail.timestamp",
        "mail_source": "$.mail.source",
        "bounce_type": "$.bounce.bounceType",
        "bounce_subtype": "$.bounce.bounceSubType",
        "bounce_at": "$.bounce.timestamp",
        "bounce_id": "$.bounce.feedbackId",
        "complaint_type": "$.complaint.complaintFeedbackType",
        "complaint_subtype": "$.complaint.complaintSubType",
        "complaint_at": "$.complaint.timestamp",
        "complaint_id": "$.complaint.feedbackId",
        "delivery_at": "$.delivery.timestamp",
        "delay_at": "$.deliveryDelay.timestamp",
        "delay_type": "$.deliveryDelay.delayType",
        "open_at": "$.open.timestamp",
        "open_agent": "$.open.userAgent",
        "open_ip": "$.open.ipAddress",
        "click_at": "$.click.timestamp",
        "click_agent": "$.click.userAgent",
        "click_ip": "$.click.ipAddress",
        "link": "$.click.link",
        "reject_reason": "$.reject.reason",
        "failure": "$.failure.errorMessage",
        "subscription_at": "$.subscription.timestamp",
        "unsubscribe_all": "$.subscription.newTopicPreferences.unsubscribeAll",
        "sns_type": "$.Type",
        "notice": "$.notice",
    },
    derived={
        "kind": "lower(replace(trim(coalesce(event_type, notification_type)), ' ', ''))",
        "destinations": "json_extract(doc, '$.mail.destination[*]')",
    },
    # Notices: SNS asks for a confirmation, or says that a topic works.
    is_record="kind is not null or notice is not null"
    " or sns_type in ('SubscriptionConfirmation', 'UnsubscribeConfirmation')",
    ignored="case when kind is null and is_known then 'handshake'"
    " when kind = 'amazonsnssubscriptionsucceeded' then 'handshake'"
    " when kind = 'subscription' and not coalesce(truth(unsubscribe_all), false)"
    " then 'topic_preferences'"
    " when kind = 'complaint' and lower(complaint_type) = 'not-spam' then 'not_spam' end",
    facts=[
        Fact(
            {
                "type": "case kind when 'bounce' then case"
                f" when lower(bounce_subtype) in {_SUPPRESSED} then 'skipped'"
                " when lower(bounce_type) = 'permanent' then 'hard_bounced'"
                " else 'soft_bounced' end"
                " when 'complaint' then case when lower(complaint_subtype) ="
                " 'onaccountsuppressionlist' then 'skipped' else 'complained' end"
                " else "
                + cases(
                    "kind",
                    {
                        "send": "accepted",
                        "reject": "rejected",
                        "delivery": "delivered",
                        "deliverydelay": "deferred",
                        "open": "opened",
                        "click": "clicked",
                        "renderingfailure": "failed",
                        "subscription": "unsubscribed",
                    },
                )
                + " end",
                "event_at": "moment(case kind when 'bounce' then bounce_at"
                " when 'complaint' then complaint_at when 'delivery' then delivery_at"
                " when 'deliverydelay' then delay_at when 'open' then open_at"
                " when 'click' then click_at when 'subscription' then subscription_at"
                # These carry no time of their own; SNS's isn't in a file of Firehose.
                " else mail_timestamp end)",
                "message": "blank_to_null(ses_id)",
                "recipient": "address(coalesce(json_extract_string(item, '$.emailAddress'),"
                " json_extract_string(item, '$')))",
                "identity": "clean(case kind when 'bounce' then bounce_id"
                " when 'complaint' then complaint_id end) || '/'"
                " || address(json_extract_string(item, '$.emailAddress'))",
                "url": "case when kind = 'click' then link end",
                "user_agent": "case kind when 'open' then open_agent"
                " when 'click' then click_agent end",
                "ip": "case kind when 'open' then open_ip when 'click' then click_ip end",
                "reason": "case kind when 'bounce' then "
                + first_of("json_extract_string(item, '$.diagnosticCode')", "bounce_subtype")
                + " when 'deliverydelay' then "
                + first_of("json_extract_string(item, '$.diagnosticCode')", "delay_type")
                + " when 'reject' then reject_reason when 'renderingfailure' then failure"
                " when 'complaint' then complaint_subtype end",
            },
            each=_RECIPIENTS,
            # Opens and clicks don't say whose they are; a complaint may name a whole domain.
            is_ambiguous="case when kind in ('open', 'click', 'subscription')"
            " then len(destinations) > 1"
            " when kind = 'complaint'"
            " then len(json_extract(doc, '$.complaint.complainedRecipients[*]')) > 1 end",
        )
    ],
    places={
        "configuration-set": Place(_tag("ses:configuration-set")),
        "from-domain": Place(_tag("ses:from-domain")),
    },
    custom={"tags": _TAGS},
    source_order=["configuration-set", "from-domain"],
    domain=first_of(_tag("ses:from-domain"), "domain_of(mail_source)"),
    reports=(
        *("accepted", "rejected", "delivered", "deferred", "soft_bounced", "hard_bounced"),
        *("skipped", "failed", "opened", "clicked", "complained", "unsubscribed"),
    ),
    switch_on=(
        "A configuration set with an event destination (SNS, Firehose, EventBridge) for all "
        "event types, used by every send. Send one email per recipient: opens, clicks and "
        "complaints don't say which of several recipients they are of."
    ),
    forms=(
        "SNS requests, SQS messages, Lambda and EventBridge events, Firehose files with or without "
        "line ends, and identity notifications."
    ),
    not_measured=(
        "`sent`: SES reports that it took a message (`accepted`), a suppressed one too. No event "
        "says that a machine opened; the user agent decides."
    ),
    notes=(
        "A message is `mail.messageId` and the recipient. Identity notifications have no tags, so "
        "no source. With both kinds on, a bounce has the same feedback id twice and counts once. "
        "Message tags are `tags.<name>` in the profile."
    ),
)
