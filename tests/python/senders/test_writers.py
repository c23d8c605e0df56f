"""The sample lake written as a sender's payloads and loaded back is the same events.

Each writer says what the sender can report: the types that it has words for, and the fields that
its events have. Some events come twice, in no order, as pages, lines and the receiver's spool.
"""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from helpers.sender_payloads import loaded, rows_of, written

from email_statistics.paths import PROJECT_ROOT
from email_statistics.senders.reading.files import files_below

Event = dict[str, Any]
_MANY = 3000


def _epoch(at: datetime) -> int:
    return int(at.replace(tzinfo=UTC).timestamp())


def _iso(at: datetime) -> str:
    return at.replace(tzinfo=UTC).isoformat()


def _sendgrid(event: Event, words: dict[str, str]) -> Event:
    word, _, detail = words[event["type"]].partition("/")
    return {
        "event": word,
        "type": detail,
        "reason": detail,
        "email": event["email"],
        "timestamp": _epoch(event["at"]),
        "sg_event_id": event["id"],
        "sg_message_id": event["message"] + ".filter1",
        "url": event["url"],
        "useragent": event["agent"],
    }


def _mailgun(event: Event, words: dict[str, str]) -> Event:
    word, severity, reason = (*words[event["type"]].split("/"), "", "")[:3]
    return {
        "event": word,
        "severity": severity,
        "reason": reason,
        "id": event["id"],
        "timestamp": _epoch(event["at"]),
        "recipient": event["email"],
        "message": {"headers": {"message-id": event["message"]}},
        "url": event["url"],
        "client-info": {"user-agent": event["agent"]},
    }


def _sparkpost(event: Event, words: dict[str, str]) -> Event:
    word, _, bounce = words[event["type"]].partition("/")
    return {
        "msys": {
            "track_event": {
                "type": word,
                "bounce_class": bounce,
                "event_id": event["id"],
                "message_id": event["message"],
                "rcpt_to": event["email"],
                "timestamp": str(_epoch(event["at"])),
                "target_link_url": event["url"],
                "user_agent": event["agent"],
            }
        }
    }


def _mandrill(event: Event, words: dict[str, str]) -> Event:
    return {
        "event": words[event["type"]],
        "ts": _epoch(event["at"]),
        "url": event["url"],
        "user_agent": event["agent"],
        "msg": {"_id": event["message"], "email": event["email"]},
    }


def _resend(event: Event, words: dict[str, str]) -> Event:
    word, _, bounce = words[event["type"]].partition("/")
    details = {"link": event["url"], "userAgent": event["agent"], "timestamp": _iso(event["at"])}
    return {
        "type": word,
        "created_at": _iso(event["at"]),
        "data": {
            "email_id": event["message"],
            "to": [event["email"]],
            "bounce": {"type": bounce},
            "click": details,
            "open": details,
        },
    }


def _brevo(event: Event, words: dict[str, str]) -> Event:
    return {
        "event": words[event["type"]],
        "email": event["email"],
        "message-id": f"<{event['message']}>",
        "ts_event": _epoch(event["at"]),
        "link": event["url"],
        "user_agent": event["agent"],
    }


def _customerio(event: Event, words: dict[str, str]) -> Event:
    return {
        "event_id": event["id"],
        "object_type": "email",
        "metric": words[event["type"]],
        "timestamp": _epoch(event["at"]),
        "data": {
            "delivery_id": event["message"],
            "recipient": event["email"],
            "href": event["url"],
        },
    }


def _ses(event: Event, words: dict[str, str]) -> Event:
    word, _, bounce = words[event["type"]].partition("/")
    at = {"timestamp": _iso(event["at"])}
    to = [{"emailAddress": event["email"]}]
    return {
        "eventType": word,
        "mail": {"messageId": event["message"], "destination": [event["email"]], **at},
        "bounce": {"bounceType": bounce, "bouncedRecipients": to, "feedbackId": event["id"], **at},
        "complaint": {"complainedRecipients": to, "feedbackId": event["id"], **at},
        "delivery": {"recipients": [event["email"]], **at},
        "click": {"link": event["url"], "userAgent": event["agent"], **at},
        "open": {"userAgent": event["agent"], **at},
    }


def _postmark(event: Event, words: dict[str, str]) -> Event:
    word, _, bounce = words[event["type"]].partition("/")
    at = _iso(event["at"])
    return {
        "RecordType": word,
        "Type": bounce,
        "ID": event["id"] if "Bounce" in word or "Spam" in word else None,
        "MessageID": event["message"],
        "Recipient": event["email"],
        "DeliveredAt": at,
        "BouncedAt": at,
        "ReceivedAt": at,
        "ChangedAt": at,
        "OriginalLink": event["url"],
        "UserAgent": event["agent"],
        "SuppressSending": True,
        "SuppressionReason": "ManualSuppression",
        "Origin": "Recipient",
    }


def _braze(event: Event, words: dict[str, str]) -> Event:
    return {
        "event_type": f"users.messages.email.{words[event['type']]}",
        "id": event["id"],
        "user_id": "u",
        "dispatch_id": event["message"],
        "campaign_id": "c",
        "time": _epoch(event["at"]),
        "email_address": event["email"],
        "url": event["url"],
        "user_agent": event["agent"],
    }


_COMMON = {
    "delivered": "delivered",
    "opened": "opened",
    "clicked": "clicked",
    "unsubscribed": "unsubscribed",
    "complained": "complained",
}
WRITERS: dict[str, tuple[Callable[[Event, dict[str, str]], Event], dict[str, str]]] = {
    "sendgrid": (_sendgrid, {"accepted": "processed", "delivered": "delivered", "skipped": "dropped/Bounced Address", "failed": "dropped/Invalid", "hard_bounced": "bounce/bounce", "soft_bounced": "bounce/blocked", "opened": "open", "clicked": "click", "unsubscribed": "unsubscribe", "complained": "spamreport"}),
    "mailgun": (_mailgun, {**_COMMON, "accepted": "accepted", "rejected": "rejected", "skipped": "failed/permanent/suppress-bounce", "hard_bounced": "failed/permanent", "soft_bounced": "failed/permanent/old"}),
    "sparkpost": (_sparkpost, {"accepted": "injection", "delivered": "delivery", "skipped": "generation_rejection", "failed": "generation_failure", "rejected": "policy_rejection", "hard_bounced": "bounce/10", "soft_bounced": "bounce/22", "opened": "open", "clicked": "click", "unsubscribed": "list_unsubscribe", "complained": "spam_complaint"}),
    "mandrill": (_mandrill, {"sent": "send", "delivered": "delivered", "skipped": "reject", "hard_bounced": "hard_bounce", "soft_bounced": "soft_bounce", "opened": "open", "clicked": "click", "unsubscribed": "unsub", "complained": "spam"}),
    "resend": (_resend, {"accepted": "email.sent", "delivered": "email.delivered", "skipped": "email.suppressed", "failed": "email.failed", "hard_bounced": "email.bounced/Permanent", "soft_bounced": "email.bounced/Transient", "opened": "email.opened", "clicked": "email.clicked", "complained": "email.complained"}),
    "brevo": (_brevo, {**_COMMON, "clicked": "click", "complained": "spam", "accepted": "request", "skipped": "blocked", "failed": "error", "hard_bounced": "hard_bounce", "soft_bounced": "soft_bounce"}),
    "customerio": (_customerio, {**_COMMON, "complained": "spammed", "sent": "sent", "skipped": "dropped", "failed": "failed", "hard_bounced": "bounced"}),
    "ses": (_ses, {"accepted": "Send", "delivered": "Delivery", "rejected": "Reject", "failed": "Rendering Failure", "hard_bounced": "Bounce/Permanent", "soft_bounced": "Bounce/Transient", "opened": "Open", "clicked": "Click", "complained": "Complaint"}),
    "postmark": (_postmark, {"delivered": "Delivery", "skipped": "Bounce/ManuallyDeactivated", "failed": "Bounce/TemplateRenderingFailed", "hard_bounced": "Bounce/HardBounce", "soft_bounced": "Bounce/SoftBounce", "opened": "Open", "clicked": "Click", "unsubscribed": "SubscriptionChange", "complained": "SpamComplaint"}),
    "braze": (_braze, {"sent": "Send", "delivered": "Delivery", "skipped": "Abort", "hard_bounced": "Bounce", "soft_bounced": "SoftBounce", "opened": "Open", "clicked": "Click", "unsubscribed": "Unsubscribe", "complained": "MarkAsSpam"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def sample_events() -> list[Event]:
    """Events of the sample lake, a second at most apart from their true time."""
    sends, engagement = (
        [str(path) for path in files_below([PROJECT_ROOT / "seeds/sample_lake" / table])]
        for table in ("send_events", "engagement_events")
    )
    query = f"""
        with sends as (
            from read_parquet({sends}, union_by_name = true)
        ),
        addresses as (
            select message_id, min(lower(trim(recipient_email))) as email from sends group by all
        ),
        events as (
            select event_id, event_type, event_at, message_id, null as url, null as user_agent
            from sends
            union all
            select event_id, event_type, event_at, message_id, url, user_agent
            from read_parquet({engagement}, union_by_name = true)
        )
        select event_id as id, lower(trim(event_type)) as type, message_id as message, email,
            url, user_agent as agent, date_trunc('second', try_cast(event_at as timestamp)) as at
        from events inner join addresses using (message_id)
        where email like '%@%' and trim(event_id) <> '' and trim(message_id) <> ''
            and try_cast(event_at as timestamp) > '2001-01-01'
        qualify row_number() over (partition by event_id) = 1
        order by hash(event_id) limit {_MANY}
        """
    relation = duckdb.connect().sql(query)
    assert relation is not None
    return list(pl.DataFrame(relation.to_arrow_table()).to_dicts())


def _known(row: Event) -> tuple[Any, ...]:
    """What comes back of an event whatever the sender: type, time, message, link."""
    return (row["type"], row["at"], row["url"] if row["type"] == "clicked" else None)


@pytest.mark.parametrize("sender", WRITERS)
def test_the_samples_events_come_back(
    sender: str, sample_events: list[Event], tmp_path: Path
) -> None:
    writer, words = WRITERS[sender]
    events = [event for event in sample_events if event["type"] in words]
    assert {event["type"] for event in events} >= {"delivered", "opened", "clicked"}
    shuffled = events + events[::7]
    random.Random(4).shuffle(shuffled)
    third = len(shuffled) // 3
    payloads = [writer(event, words) for event in shuffled]
    spool = {"received_at": "2026-03-02T09:00:00Z", "body": json.dumps(payloads[2 * third :])}
    written(tmp_path / "in", payloads[:third], "array.json")
    written(tmp_path / "in", "\n".join(map(json.dumps, payloads[third : 2 * third])), "lines.jsonl")
    written(tmp_path / "in", json.dumps(spool) + "\n", "spool.jsonl")
    result = loaded(sender, tmp_path / "in", lake=tmp_path / "lake")
    assert (result.records_with_rows, result.rejected) == (len(shuffled), {})
    unique = {
        row["event_id"]: {"type": row["event_type"], "at": row["event_at"], "url": row.get("url")}
        for table in ("send_events", "engagement_events")
        for row in rows_of(tmp_path / "lake", table)
    }
    assert {_known(row) for row in unique.values()} == {_known(event) for event in events}
    if sender in ("sendgrid", "mailgun", "sparkpost", "customerio", "braze"):
        assert len(unique) == len(events)  # they have an id of their own for every event
    messages = {row["message_id"] for row in rows_of(tmp_path / "lake", "send_events")}
    sent = {event["message"] for event in events if event["agent"] is None and event["url"] is None}
    assert len(messages) <= len({event["message"] for event in events}) and len(messages) <= len(
        sent
    )
