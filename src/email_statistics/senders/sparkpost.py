"""SparkPost (Bird): webhook batches and pages of the Events API."""

from email_statistics.senders.mapping.declaration import Fact, Place, Sender
from email_statistics.senders.mapping.expressions import cases, first_of

_BOUNCES = {
    **dict.fromkeys(("10", "30"), "hard_bounced"),
    **dict.fromkeys(("1", "20", "21", "22", "23", "24", "25", "40"), "soft_bounced"),
    **dict.fromkeys(("50", "51", "52", "53", "54", "70"), "soft_bounced"),
    "60": "-auto_reply",
    "80": "-subscribe",
    "90": "unsubscribed",
    "100": "-challenge_response",
}
_TYPES = {
    "injection": "accepted",
    "delivery": "delivered",
    "delay": "deferred",
    "generation_rejection": "skipped",
    "generation_failure": "failed",
    "policy_rejection": "rejected",
    **dict.fromkeys(("open", "amp_open"), "opened"),
    **dict.fromkeys(("click", "amp_click"), "clicked"),
    **dict.fromkeys(("list_unsubscribe", "link_unsubscribe"), "unsubscribed"),
    "spam_complaint": "complained",
    **{kind: f"-{kind}" for kind in ("sms_status", "success", "error")},
    **dict.fromkeys(("ab_test_completed", "ab_test_cancelled"), "-ab_test"),
}
SENDER = Sender(
    name="sparkpost",
    title="SparkPost (Bird)",
    version=2,
    fields={
        "event": "$.type",
        "event_id": "$.event_id",
        "message_id": "$.message_id",
        "transmission_id": "$.transmission_id",
        "timestamp": "$.timestamp",
        "rcpt_to": "$.rcpt_to",
        "raw_rcpt_to": "$.raw_rcpt_to",
        "rcpt_type": "$.rcpt_type",
        "bounce_class": "$.bounce_class",
        "reason": "$.reason",
        "raw_reason": "$.raw_reason",
        "target_link_url": "$.target_link_url",
        "user_agent": "$.user_agent",
        "ip_address": "$.ip_address",
        "is_prefetched": "$.user_agent_parsed.is_prefetched",
        "campaign_id": "$.campaign_id",
        "template_id": "$.template_id",
        "sending_domain": "$.sending_domain",
        "friendly_from": "$.friendly_from",
        "msys": "$.msys",
    },
    derived={"kind": "lower(trim(event))"},
    # A ping has nothing inside; a relay message is somebody's reply, and no event.
    is_record="event is not null or json_type(doc, '$.msys.relay_message') = 'OBJECT'"
    " or replace(msys, ' ', '') = '{}'",
    # The group of an event (message_event, track_event, …) says no more than its type.
    unwrap=[("json_type(doc, '$.msys') = 'OBJECT'", "json_extract(doc, '$.msys.*')::varchar[]")],
    ignored="case when event is null and contains(msys, 'relay_message') then 'relay_event'"
    " when event is null and msys is not null then 'ping'"
    " when lower(rcpt_type) = 'archive' then 'archive_copy'"
    " when starts_with(kind, 'relay_') then 'relay_event' end",
    facts=[
        Fact(
            {
                "type": "case when kind in ('bounce', 'out_of_band') then "
                + cases("bounce_class", _BOUNCES, "'soft_bounced'")
                + " when kind in ('initial_open', 'amp_initial_open') then case"
                " when first_opens_only then 'opened' else '-first_open_told_twice' end"
                " when first_opens_only and kind in ('open', 'amp_open')"
                f" then '-not_the_first_open' else {cases('kind', _TYPES)} end",
                "event_at": "moment(timestamp)",
                "message": first_of("message_id", "transmission_id"),
                "message_key": "coalesce(blank_to_null(message_id), blank_to_null(transmission_id)"
                " || '/' || address(coalesce(rcpt_to, raw_rcpt_to)))",
                "recipient": f"address({first_of('rcpt_to', 'raw_rcpt_to')})",
                "identity": "blank_to_null(event_id)",
                "url": "case when contains(kind, 'click') then target_link_url end",
                "user_agent": "case when contains(kind, 'click') or contains(kind, 'open')"
                " then user_agent end",
                "ip": "ip_address",
                "is_machine": "case when contains(kind, 'open') then truth(is_prefetched) end",
                "reason": "case when kind not in ('injection', 'delivery') then "
                + first_of("raw_reason", "reason")
                + " end",
            }
        )
    ],
    places={"campaign_id": Place("campaign_id"), "template_id": Place("template_id")},
    custom={"rcpt_meta": "json_extract_string(doc, '$.rcpt_meta')"},
    source_order=["campaign_id", "template_id"],
    domain=first_of("sending_domain", "domain_of(friendly_from)"),
    first_opens="first_open_told_twice",
    reports=(
        *("accepted", "rejected", "delivered", "deferred", "soft_bounced", "hard_bounced"),
        *("skipped", "failed", "opened", "clicked", "complained", "unsubscribed"),
    ),
    switch_on=(
        "Webhooks: all message, engagement, unsubscribe and generation events. `open` is every "
        "open; `initial_open` repeats the first."
    ),
    forms="Webhook batches and pages of the Events API.",
    not_measured="`sent`: SparkPost reports that it took a message (`accepted`).",
    notes=(
        "A message is `message_id`, one per recipient; a generation event without it has "
        "`transmission_id` and the address. Bounce classes 10 and 30 are hard, 90 unsubscribes, "
        "60, 80 and 100 are ignored, all else is soft. Archive copies are no recipients. Recipient "
        "metadata is `rcpt_meta.<name>` in the profile."
    ),
)
