"""Mailchimp Marketing: pages of its reports and campaigns."""

from email_statistics.senders.mapping.declaration import Fact, Place, Sender
from email_statistics.senders.mapping.expressions import cases, first_of

_KINDS = {
    "sent_to": "sent",
    "unsubscribes": "unsubscribed",
    "abuse_reports": "complained",
    "campaigns": "campaign",
}


def _single(kind: str, condition: str) -> tuple[str, str]:
    """A record without its page, known by what only its kind has."""
    return (condition, f"[json_object('kind', '{kind}', 'row', doc::json)::varchar]")


def _has(*names: str) -> str:
    return " and ".join(f"json_type(doc, '$.{name}') = 'VARCHAR'" for name in names)


def _page(name: str, kind: str) -> tuple[str, str]:
    return (
        f"json_type(doc, '$.{name}') = 'ARRAY'",
        f"list_transform(json_extract(doc, '$.{name}[*]'), "
        f"lambda each: json_object('kind', '{kind}', 'row', each)::varchar)",
    )


_ROW = "$.row"
SENDER = Sender(
    name="mailchimp",
    title="Mailchimp Marketing",
    version=2,
    fields={
        "kind": "$.kind",
        "campaign_id": f"{_ROW}.campaign_id",
        "member_id": f"{_ROW}.email_id",
        "email_address": f"{_ROW}.email_address",
        "status": f"{_ROW}.status",
        "timestamp": f"{_ROW}.timestamp",
        "date": f"{_ROW}.date",
        "reason": f"{_ROW}.reason",
        "action": "$.activity.action",
        "activity_at": "$.activity.timestamp",
        "activity_type": "$.activity.type",
        "activity_url": "$.activity.url",
        "activity_ip": "$.activity.ip",
        "id": f"{_ROW}.id",
        "campaign_type": f"{_ROW}.type",
        "send_time": f"{_ROW}.send_time",
        "create_time": f"{_ROW}.create_time",
        "title": f"{_ROW}.settings.title",
        "subject_line": f"{_ROW}.settings.subject_line",
        "from_name": f"{_ROW}.settings.from_name",
        "reply_to": f"{_ROW}.settings.reply_to",
    },
    # A page of `sent-to` has no time: the email was sent with its campaign.
    lookups={"sent_at": "case when kind = 'sent' then campaign_id end"},
    derived={
        "key_of_campaign": "coalesce(campaign_id, case when kind = 'campaign' then id end)",
    },
    is_record="kind is not null and json_type(doc, '$.row') = 'OBJECT'",
    unwrap=[
        *(_page(name, kind) for name, kind in _KINDS.items()),
        (
            "json_type(doc, '$.activity') = 'ARRAY'",
            "list_transform(json_extract(doc, '$.activity[*]'), lambda each: json_object('kind', "
            "'activity', 'row', json_object('campaign_id', json_extract(doc, '$.campaign_id'), "
            "'email_id', json_extract(doc, '$.email_id'), 'email_address', "
            "json_extract(doc, '$.email_address')), 'activity', each)::varchar)",
        ),
        _single("campaign", f"json_type(doc, '$.settings') = 'OBJECT' and {_has('id', 'type')}"),
        _single("complained", _has("campaign_id", "email_id", "date")),
        _single("unsubscribed", _has("campaign_id", "email_id", "timestamp")),
        _single("sent", _has("campaign_id", "email_id", "status")),
    ],
    pages=["emails"],
    facts=[
        Fact(
            {
                "type": "case kind when 'activity' then case lower(action)"
                " when 'open' then 'opened' when 'click' then 'clicked' when 'bounce' then"
                " case lower(activity_type) when 'soft' then 'soft_bounced' else 'hard_bounced' end"
                " else '-' || lower(action) end"
                " when 'sent' then "
                + cases(
                    "lower(status)",
                    {"sent": "sent", "hard": "hard_bounced", "soft": "soft_bounced"},
                )
                + " when 'unsubscribed' then 'unsubscribed'"
                " when 'complained' then 'complained' end",
                "event_at": "moment(coalesce(activity_at, sent_at, timestamp, date))",
                "message": "blank_to_null(campaign_id)",
                "message_key": "blank_to_null(campaign_id) || '/' ||"
                " coalesce(blank_to_null(member_id), md5(address(email_address)))",
                "recipient": "address(email_address)",
                "url": "case when lower(action) = 'click' then activity_url end",
                "ip": "activity_ip",
            }
        ),
        Fact(
            {
                "type": "case when kind = 'campaign' then 'source' end",
                "event_at": f"moment({first_of('send_time', 'create_time')})",
                "subject": "subject_line",
                "from_name": "from_name",
                "status": "case lower(status) when 'save' then 'draft' when 'schedule' then"
                " 'scheduled' else lower(status) end",
                "scheduled_at": "moment(send_time)",
                "created_at": "moment(create_time)",
            }
        ),
        Fact(
            {
                "type": "case when kind = 'campaign' then 'lookup' end",
                "order_key": "id",
                "value": "send_time",
            }
        ),
    ],
    places={
        "campaign_id": Place(
            "key_of_campaign",
            name=f"case when kind = 'campaign' then {first_of('title', 'subject_line')} end",
            type="'campaign'",
            kind="case lower(campaign_type) when 'absplit' then 'ab_test' when 'variate' then"
            " 'ab_test' when 'rss' then 'rss' else 'standard' end",
        )
    },
    source_order=["campaign_id"],
    domain="domain_of(reply_to)",
    reports=(
        "sent",
        "soft_bounced",
        "hard_bounced",
        "opened",
        "clicked",
        "complained",
        "unsubscribed",
    ),
    switch_on=(
        "Pull, for each campaign, /campaigns, /reports/{id}/sent-to, /email-activity, "
        "/unsubscribed and /abuse-reports, and load the pages together: `sent-to` has no time, so "
        "a sent email has its campaign's."
    ),
    forms="Pages of /campaigns and of /reports, and their records one by one.",
    not_measured=(
        "`accepted` and `delivered`. Mailchimp keeps the last activity of a member only, and no "
        "user agent."
    ),
    notes=(
        "A message is the campaign and the member (`email_id`, the MD5 of the address). A page of "
        "`sent-to` without its campaign in the same load is rejected as `no_time`."
    ),
)
