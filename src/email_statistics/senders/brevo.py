"""Brevo (Sendinblue): transactional and marketing webhooks, and its API's list of events."""

from email_statistics.senders.mapping.declaration import Fact, Place, Sender
from email_statistics.senders.mapping.expressions import cases, first_of

_TYPES = {
    **dict.fromkeys(("request", "requests"), "accepted"),
    "delivered": "delivered",
    "deferred": "deferred",
    **dict.fromkeys(("softbounce", "softbounces"), "soft_bounced"),
    **dict.fromkeys(("hardbounce", "hardbounces"), "hard_bounced"),
    "blocked": "skipped",
    **dict.fromkeys(("invalidemail", "invalid", "error"), "failed"),
    **dict.fromkeys(("opened", "proxyopen", "loadedbyproxy"), "opened"),
    **dict.fromkeys(("click", "clicks"), "clicked"),
    **dict.fromkeys(("unsubscribed", "unsubscribe"), "unsubscribed"),
    **dict.fromkeys(("spam", "complaint"), "complained"),
    "listaddition": "-list_addition",
    **dict.fromkeys(("contactupdated", "contactdeleted"), "-contact"),
    "inboundemailprocessed": "-inbound",
}
SENDER = Sender(
    name="brevo",
    title="Brevo (Sendinblue)",
    version=1,
    fields={
        "event": "$.event",
        "email": "$.email",
        "message_id": '$."message-id"',
        "api_message_id": "$.messageId",
        "camp_id": "$.camp_id",
        "campaign_name": '$."campaign name"',
        "ts_epoch": "$.ts_epoch",
        "ts_event": "$.ts_event",
        "date": "$.date",
        "link": "$.link",
        "campaign_link": "$.URL",
        "user_agent": "$.user_agent",
        "ip": "$.ip",
        "reason": "$.reason",
        "tags": "$.tags",
        "tag": "$.tag",
        "template_id": "$.template_id",
        "api_template_id": "$.templateId",
        "sender_email": "$.sender_email",
        "sender": "$.from",
        "custom": '$."X-Mailin-custom"',
    },
    derived={
        "kind": "replace(replace(lower(trim(event)), '_', ''), '-', '')",
        # A JSON object, or pairs: key:value|key:value.
        "custom_values": "case when starts_with(ltrim(custom), '{') then custom"
        " when contains(custom, ':') then '{' || array_to_string(list_transform("
        "string_split(custom, '|'), lambda pair: to_json(trim(split_part(pair, ':', 1)))::varchar"
        " || ':' || to_json(trim(substr(pair, instr(pair, ':') + 1)))::varchar), ',') || '}' end",
        "is_first_open": "kind in ('uniqueopened', 'uniqueproxyopen', 'firstopening')",
    },
    is_record="event is not null",
    facts=[
        Fact(
            {
                "type": "case when is_first_open and first_opens_only then 'opened'"
                " when is_first_open then '-first_open_told_twice'"
                " when first_opens_only and kind in ('opened', 'proxyopen', 'loadedbyproxy')"
                f" then '-not_the_first_open' else {cases('kind', _TYPES)} end",
                # `ts` and `date` of a webhook are in the account's zone; the API's date has one.
                "event_at": "coalesce(moment(ts_epoch), moment(ts_event), case when"
                " regexp_matches(date, 'T.*(Z|[+-][0-9:]+)$') then moment(date) end)",
                "message": first_of("bare_id(message_id)", "bare_id(api_message_id)", "camp_id"),
                "recipient": "address(email)",
                "url": "case when kind in ('click', 'clicks')"
                " then coalesce(link, campaign_link) end",
                "user_agent": "case when contains(kind, 'open') or kind in"
                " ('click', 'clicks', 'loadedbyproxy') then user_agent end",
                "ip": "ip",
                "is_machine": "case when contains(kind, 'proxy') then true"
                " when kind in ('opened', 'uniqueopened') then false end",
                "reason": "case when kind in ('delivered', 'deferred', 'softbounce', 'hardbounce',"
                " 'softbounces', 'hardbounces', 'blocked', 'error', 'invalidemail', 'invalid')"
                " then blank_to_null(reason) end",
            }
        )
    ],
    places={
        "camp_id": Place("camp_id", name="campaign_name", type="'campaign'"),
        "tags": Place("coalesce(first_item(tags), first_item(tag))"),
        "template_id": Place("coalesce(template_id, api_template_id)"),
    },
    custom={"X-Mailin-custom": "custom_values"},
    source_order=["camp_id", "tags", "template_id"],
    domain="domain_of(coalesce(sender_email, sender))",
    first_opens="first_open_told_twice",
    reports=(
        *("accepted", "delivered", "deferred", "soft_bounced", "hard_bounced", "skipped", "failed"),
        *("opened", "clicked", "complained", "unsubscribed"),
    ),
    switch_on=(
        "Transactional > Settings > Webhook, and Marketing > Settings > Webhooks: all events. "
        "Choose `opened` (every open); the first open alone repeats it. Brevo never tries again "
        "after an answer of 4xx or 5xx."
    ),
    forms="Webhook bodies, single or batched, and pages of /smtp/statistics/events.",
    not_measured="`sent` and `rejected`: Brevo reports that it took a message (`accepted`).",
    notes=(
        "A message is `message-id` without `<>`, or a marketing campaign's `camp_id`, and the "
        "address. Times are `ts_epoch`, else `ts_event`: `ts` and `date` are in the account's time "
        "zone. A deferral is one, whatever its text quotes. What `X-Mailin-custom` has is "
        "`X-Mailin-custom.<name>` in the profile."
    ),
)
