"""The rules of each sender, on small payloads of our own."""

import copy
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from helpers.sender_payloads import loaded, one_row, rows_of, written

from email_statistics.senders import catalog


def _mailgun(**other: Any) -> dict[str, Any]:
    headers = {"message-id": "m@mail.example.com", "from": "News <news@mail.example.com>"}
    return {
        "event": "delivered",
        "id": "e1",
        "timestamp": 1772359200.123456,
        "recipient": "Ann@Example.com",
        "message": {"headers": headers},
        **other,
    }


def _ses(kind: str, *to: str, **other: Any) -> dict[str, Any]:
    mail = {"messageId": "m1", "timestamp": "2026-03-01T10:00:00.000Z", "destination": list(to)}
    return {"eventType": kind, "mail": {**mail, "source": "news@mail.example.com"}, **other}


def _charge(**other: Any) -> dict[str, Any]:
    charge = {
        "id": "ch_1",
        "created": 1772359200,
        "captured": True,
        "amount_captured": 2599,
        "currency": "usd",
        "payment_intent": "pi_1",
        "receipt_email": "ann@example.com",
        **other,
    }
    return {
        "type": "charge.succeeded",
        "created": 1772359300,
        "livemode": True,
        "data": {"object": charge},
    }


def _types(lake: Path) -> list[str]:
    tables = ("send_events", "engagement_events", "order_events")
    return sorted(row["event_type"] for table in tables for row in rows_of(lake, table))


TYPES: dict[str, tuple[str, Any, str]] = {
    "mailgun old": ("mailgun", _mailgun(event="failed", severity="permanent", reason="old"), "soft_bounced"),
    "mailgun suppressed": ("mailgun", _mailgun(event="failed", severity="permanent", reason="suppress-unsubscribe"), "skipped"),
    "mailgun temporary": ("mailgun", _mailgun(event="failed", severity="temporary"), "deferred"),
    "highlevel temporary": (
        "highlevel",
        {"type": "LCEmailStats", "webhookPayload": _mailgun(event="failed", severity="temporary")},
        "soft_bounced",
    ),
    "mailgun before 2018": (
        "mailgun",
        {"event": "bounced", "recipient": "a@b.com", "Message-Id": "<m@b.com>", "timestamp": "1500000000", "signature": "x", "code": "550"},
        "hard_bounced",
    ),
    "mailgun before 2018, without its signature": (
        "mailgun",
        {"event": "delivered", "recipient": "a@b.com", "Message-Id": "<m@b.com>", "timestamp": "1500000000", "body-plain": ""},
        "delivered",
    ),
    "mailgun before 2018, its message in a header": (
        "mailgun",
        "event=dropped&reason=hardfail&code=605&recipient=a%40b.com&timestamp=1500000000&message-headers=%5B%5B%22Message-Id%22%2C+%22%3Cm%40b.com%3E%22%5D%5D",
        "skipped",
    ),
    "postmark by its code": ("postmark", {"RecordType": "Bounce", "ID": 4, "TypeCode": 100010, "MessageID": "m", "Email": "a@b.com", "BouncedAt": "2026-03-01T10:00:00Z"}, "failed"),
    "postmark deactivated by its code": ("postmark", {"RecordType": "Bounce", "ID": 4, "Type": "", "TypeCode": 100002, "MessageID": "m", "Email": "a@b.com", "BouncedAt": "2026-03-01T10:00:00Z"}, "skipped"),
    "a queue's record without its id": ("ses", {"Records": [{"body": json.dumps(_ses("Send", "a@b.com"))}]}, "accepted"),
    "ses suppressed": (
        "ses",
        _ses("Bounce", "a@b.com", bounce={"bounceType": "Permanent", "bounceSubType": "OnAccountSuppressionList", "timestamp": "2026-03-01T10:00:00Z", "feedbackId": "f", "bouncedRecipients": [{"emailAddress": "a@b.com"}]}),
        "skipped",
    ),
    "sparkpost soft": ("sparkpost", [{"msys": {"message_event": {"type": "bounce", "bounce_class": "22", "event_id": "1", "message_id": "m", "rcpt_to": "a@b.com", "timestamp": "1772359200"}}}], "soft_bounced"),
    "sparkpost unsubscribes": ("sparkpost", {"type": "bounce", "bounce_class": "90", "event_id": "1", "message_id": "m", "rcpt_to": "a@b.com", "timestamp": "2026-03-01T10:00:00.000Z"}, "unsubscribed"),
    "postmark transient": ("postmark", {"RecordType": "Bounce", "ID": 4, "Type": "Transient", "MessageID": "m", "Email": "a@b.com", "BouncedAt": "2026-03-01T10:00:00.1234567-04:00"}, "deferred"),
    "postmark page": ("postmark", {"TotalCount": 1, "Clicks": [{"MessageID": "m", "Recipient": "a@b.com", "ReceivedAt": "2026-03-01T10:00:00Z", "OriginalLink": "https://e.com"}]}, "clicked"),
    "brevo API": ("brevo", {"events": [{"event": "softBounces", "email": "a@b.com", "messageId": "<m@b>", "date": "2026-03-01T10:00:00.000+01:00"}]}, "soft_bounced"),
    "resend told by text": ("resend", {"type": "email.bounced", "created_at": "2026-03-01T10:00:00Z", "data": {"email_id": "m", "to": ["a@b.com"], "bounce": {"message": "on the suppression list"}}}, "skipped"),
    "mailgun logs": ("mailgun", {"items": [{**_mailgun(timestamp=None), "@timestamp": "2026-03-01T10:00:00.5Z"}]}, "delivered"),
    "sparkpost, another group": ("sparkpost", [{"msys": {"new_event": {"type": "click", "event_id": "1", "message_id": "m", "rcpt_to": "a@b.com", "timestamp": "1772359200"}}}], "clicked"),
    "klaviyo, an event right in its hook": (
        "klaviyo",
        {"data": [{"topic": "event:klaviyo.opened_email", "payload": {"type": "event", "id": "e", "attributes": {"timestamp": 1772359200, "event_properties": {"$message": "m"}}, "relationships": {"profile": {"data": {"id": "p"}}}}}]},
        "opened",
    ),
    "mailchimp, one who left": ("mailchimp", {"campaign_id": "k", "email_id": "x", "email_address": "a@b.com", "reason": "r", "timestamp": "2026-03-01T10:00:00+00:00"}, "unsubscribed"),
    "mailchimp, one report of abuse": ("mailchimp", [{"id": 5, "campaign_id": "k", "email_id": "x", "email_address": "a@b.com", "date": "2026-03-01T10:00:00+00:00"}], "complained"),
    "braze drop": ("braze", {"event_type": "users.messages.email.Bounce", "id": "1", "user_id": "u", "time": 1772359200, "dispatch_id": "d", "campaign_id": "c", "email_address": "a@b.com", "is_drop": True}, "skipped"),
}  # fmt: skip


@pytest.mark.parametrize("name", TYPES)
def test_an_event_has_its_type(name: str, tmp_path: Path) -> None:
    sender, payload, type_ = TYPES[name]
    result = loaded(sender, written(tmp_path, payload), lake=tmp_path / "lake")
    assert _types(tmp_path / "lake") == [type_], result


REJECTED = {
    "two recipients of a click": ("ses", _ses("Click", "a@b.com", "c@d.com", click={"timestamp": "2026-03-01T10:00:00Z", "link": "x"}), "ambiguous_recipient"),
    "two recipients at Resend": ("resend", {"type": "email.opened", "created_at": "2026-03-01T10:00:00Z", "data": {"email_id": "m", "to": ["a@b.com", "c@d.com"]}}, "ambiguous_recipient"),
    "two recipients in a header": ("mailgun", _mailgun(event="rejected", recipient="", message={"headers": {"to": "A <a@b.com>, B <c@d.com>", "message-id": "m"}}), "ambiguous_recipient"),
    "no address": ("mailgun", _mailgun(recipient=None), "no_recipient"),
    "a type nobody knows": ("mailgun", _mailgun(event="teleported"), "unknown_event"),
    "a refund that failed": ("stripe", {"type": "refund.updated", "livemode": True, "created": 1, "data": {"object": {"id": "re_1", "status": "failed", "amount": 5, "currency": "usd"}}}, "refund_reversed"),
    "a dispute": ("stripe", {"type": "charge.dispute.funds_withdrawn", "livemode": True, "data": {"object": {"id": "dp"}}}, "refund_reversed"),
    "shillings of Uganda": ("stripe", _charge(currency="ugx"), "unsupported_amount"),
    "a third decimal": ("stripe", _charge(currency="kwd", amount_captured=5123), "unsupported_amount"),
}  # fmt: skip


@pytest.mark.parametrize("name", REJECTED)
def test_what_cannot_be_told_is_rejected(name: str, tmp_path: Path) -> None:
    sender, payload, reason = REJECTED[name]
    assert loaded(sender, written(tmp_path, payload), lake=tmp_path / "lake").rejected == {
        reason: 1
    }


IGNORED: dict[str, tuple[str, Any, str]] = {
    "a first open told twice": ("brevo", {"event": "unique_opened", "email": "a@b.com", "message-id": "m", "ts_event": 1772359200}, "first_open_told_twice"),
    "not-spam": ("ses", _ses("Complaint", "a@b.com", complaint={"complaintFeedbackType": "not-spam", "timestamp": "2026-03-01T10:00:00Z"}), "not_spam"),
    "a confirmation of SNS": ("ses", {"Type": "SubscriptionConfirmation", "TopicArn": "t", "Message": "m", "SubscribeURL": "https://e.com"}, "handshake"),
    "a notice of SNS": ("ses", {"Type": "Notification", "TopicArn": "t", "Message": "Successfully validated SNS topic for Amazon SES event publishing."}, "handshake"),
    "an archive copy": ("sparkpost", {"type": "delivery", "rcpt_type": "archive", "event_id": "1", "message_id": "m", "rcpt_to": "a@b.com", "timestamp": "1772359200"}, "archive_copy"),
    "test money": ("stripe", {**_charge(), "livemode": False}, "test_mode"),
    "an authorisation": ("stripe", _charge(captured=False), "authorisation"),
    "cumulative refunds": ("stripe", {**_charge(), "type": "charge.refunded"}, "charge.refunded"),
    "a ping of WooCommerce": ("woocommerce", "webhook_id=5", "ping"),
    "a reply that SparkPost relays": ("sparkpost", [{"msys": {"relay_message": {"content": {}, "rcpt_to": "a@b.com"}}}], "relay_event"),
    "a refund of test money": ("shopify", {"id": 2, "order_id": 1, "transactions": [{"kind": "refund", "status": "success", "amount": "5.00", "test": True}]}, "test_mode"),
    "a text message": ("customerio", {"event_id": "1", "object_type": "sms", "metric": "sent", "data": {"delivery_id": "d"}}, "sms"),
    "a purchase at Braze": ("braze", {"event_type": "users.behaviors.Purchase", "id": "1", "user_id": "u", "time": 1772359200}, "users.behaviors.Purchase"),
    "an open made of a click": ("customerio", {"event_id": "1", "object_type": "email", "metric": "opened", "timestamp": 1772359200, "data": {"delivery_id": "d", "recipient": "a@b.com", "synthetic": True}}, "synthetic_open"),
}  # fmt: skip


@pytest.mark.parametrize("name", IGNORED)
def test_what_is_no_news_is_ignored(name: str, tmp_path: Path) -> None:
    sender, payload, reason = IGNORED[name]
    result = loaded(sender, written(tmp_path, payload), lake=tmp_path / "lake")
    assert (result.ignored, result.rejected) == ({reason: 1}, {})


def test_a_load_says_when_only_first_opens_come(tmp_path: Path) -> None:
    payload = IGNORED["a first open told twice"][1]
    result = loaded("brevo", written(tmp_path, payload), lake=tmp_path / "lake")
    assert any("first_opens_only" in note for note in result.notes)
    other = [payload, {**payload, "event": "opened"}]
    result = loaded("brevo", written(tmp_path, other, "b"), lake=tmp_path / "lake")
    assert not any("first_opens_only" in note for note in result.notes)


def test_first_opens_count_where_the_profile_says_that_no_others_come(tmp_path: Path) -> None:
    payload = IGNORED["a first open told twice"][1]
    loaded(
        "brevo",
        written(tmp_path, payload),
        lake=tmp_path / "lake",
        profile={"first_opens_only": True},
    )
    assert _types(tmp_path / "lake") == ["opened"]


def test_mailguns_time_has_its_microseconds_and_its_day_is_in_the_identity(tmp_path: Path) -> None:
    loaded(
        "mailgun",
        written(tmp_path, {"signature": {"token": "t"}, "event-data": _mailgun()}),
        lake=tmp_path / "lake",
    )
    row = one_row(tmp_path / "lake", "send_events")
    assert str(row["event_at"]) == "2026-03-01 10:00:00.123456"
    assert row["event_id"] == "mailgun:delivered:e1/2026-03-01"
    assert row["message_id"] == "mailgun:m@mail.example.com/ann@example.com"


def test_one_event_of_three_recipients_is_three_rows_of_one_record(tmp_path: Path) -> None:
    result = loaded(
        "ses",
        written(tmp_path, _ses("Send", "a@b.com", "c@d.com", "e@f.com")),
        lake=tmp_path / "lake",
    )
    assert (result.records, result.rows["send_events"]) == (1, 3)


def test_an_event_without_an_id_of_its_own_has_the_hash_of_its_content(tmp_path: Path) -> None:
    event = _ses(
        "Open",
        "a@b.com",
        open={"timestamp": "2026-03-01T10:00:00.000Z", "userAgent": "UA", "ipAddress": "192.0.2.1"},
    )
    loaded("ses", written(tmp_path, event), lake=tmp_path / "lake")
    loaded(
        "ses",
        written(tmp_path, {"detail-type": "Email Opened", "detail": event}, "b"),
        lake=tmp_path / "lake",
    )
    ids = {row["event_id"] for row in rows_of(tmp_path / "lake", "engagement_events")}
    content = json.dumps(
        ["ses", "m1/a@b.com", "a@b.com", "opened", 1772359200000000, None, "UA", "192.0.2.1"],
        separators=(",", ":"),
    )
    assert ids == {f"ses:opened:{sha256(content.encode()).hexdigest()}"}


MONEY = {
    "cents": (_charge(), "25.99", "USD"),
    "yen": (_charge(currency="jpy", amount_captured=500), "500.00", "JPY"),
    "dinars": (_charge(currency="kwd", amount_captured=5120), "5.12", "KWD"),
    "an API that doesn't tell what was captured": (
        _charge(amount_captured=None, amount=2599),
        "25.99",
        "USD",
    ),
    "a part captured there": (
        {
            **_charge(amount_captured=None, amount=2599, amount_refunded=600),
            "type": "charge.captured",
        },
        "19.99",
        "USD",
    ),
    "krona of Iceland": (_charge(currency="isk", amount_captured=500), "5.00", "ISK"),
}


@pytest.mark.parametrize("name", MONEY)
def test_stripes_minor_units(name: str, tmp_path: Path) -> None:
    payload, amount, currency = MONEY[name]
    loaded("stripe", written(tmp_path, payload), lake=tmp_path / "lake")
    row = one_row(tmp_path / "lake", "order_events")
    assert (str(row["amount"]), row["currency"], row["order_id"]) == (
        amount,
        currency,
        "stripe:pi_1",
    )
    assert row["event_id"] == "stripe:paid:ch_1"


@pytest.mark.parametrize(
    ("value", "currency", "amount"),
    [
        ("19.999999999999996", "EUR", "20.00"),
        ("2.675", "EUR", "2.68"),
        ("1000", "EUR", "1000.00"),
        ("5.5", " ", "6.00"),  # of the profile's currency, which has no decimals
    ],
)
def test_klaviyos_value_is_rounded_half_up_from_its_text(
    value: str, currency: str, amount: str, tmp_path: Path
) -> None:
    event = {
        "type": "event",
        "id": "e",
        "attributes": {
            "datetime": "2026-03-01T10:00:00+00:00",
            "event_properties": {"$value": "V", "$event_id": "7", "$currency_code": currency},
        },
        "relationships": {"metric": {"data": {"id": "M"}}, "profile": {"data": {"id": "P"}}},
    }
    page = {
        "data": [event],
        "included": [{"type": "metric", "id": "M", "attributes": {"name": "Placed Order"}}],
    }
    loaded(
        "klaviyo",
        written(tmp_path, json.dumps(page).replace('"V"', value)),
        lake=tmp_path / "lake",
        profile={"currency": "JPY"},
    )
    assert str(one_row(tmp_path / "lake", "order_events")["amount"]) == amount


def test_woocommerce_refunds_are_negative_and_undated(tmp_path: Path) -> None:
    order = {
        "id": 7,
        "status": "refunded",
        "currency": "EUR",
        "total": "30.00",
        "date_created_gmt": "2026-03-01T10:00:00",
        "date_paid_gmt": "2026-03-01T10:05:00",
        "date_modified_gmt": "2026-03-03T08:00:00",
        "billing": {"email": "A@b.com"},
        "refunds": [{"id": 9, "total": "-10.00"}],
    }
    loaded("woocommerce", written(tmp_path, order), lake=tmp_path / "lake")
    rows = {row["event_type"]: row for row in rows_of(tmp_path / "lake", "order_events")}
    assert str(rows["refunded"]["amount"]) == "10.00"
    assert str(rows["refunded"]["event_at"]) == "2026-03-03 08:00:00"
    assert str(rows["paid"]["event_at"]) == "2026-03-01 10:05:00"


def test_shopifys_forms_are_the_same_orders(tmp_path: Path) -> None:
    order = {
        "id": 1,
        "email": "a@b.com",
        "created_at": "2026-01-05T11:00:00+01:00",
        "processed_at": "2026-01-05T11:00:00+01:00",
        "financial_status": "partially_refunded",
        "total_price": "100.00",
        "currency": "EUR",
        "refunds": [
            {
                "id": 2,
                "created_at": "2026-01-07T08:00:00Z",
                "transactions": [
                    {
                        "kind": "refund",
                        "status": "success",
                        "amount": "18.00",
                        "currency": "CHF",
                        "amount_set": {"shop_money": {"amount": "20.00", "currency_code": "EUR"}},
                    },
                    {"kind": "refund", "status": "failure", "amount": "5.00"},
                ],
            }
        ],
    }
    bulk = {
        "id": "gid://shopify/Order/1",
        "email": "a@b.com",
        "createdAt": "2026-01-05T10:00:00Z",
        "displayFinancialStatus": "PARTIALLY_REFUNDED",
        "totalPriceSet": {"shopMoney": {"amount": "100.0", "currencyCode": "EUR"}},
        "refunds": [
            {
                "id": "gid://shopify/Refund/2",
                "createdAt": "2026-01-07T08:00:00Z",
                "totalRefundedSet": {"shopMoney": {"amount": "20.0", "currencyCode": "EUR"}},
            }
        ],
    }
    csv = "Id,Name,Email,Financial Status,Paid at,Created at,Currency,Total,Refunded Amount,Lineitem name\n1,#1,a@b.com,partially_refunded,2026-01-05 11:00:00 +0100,2026-01-05 11:00:00 +0100,EUR,100.00,20.00,Mask\n,#1,,,,2026-01-05 11:00:00 +0100,,,,Soap\n"
    seen = {}
    for name, content in {"rest": {"order": order}, "bulk": bulk, "export.csv": csv}.items():
        result = loaded("shopify", written(tmp_path, content, name), lake=tmp_path / f"{name}_lake")
        rows = rows_of(tmp_path / f"{name}_lake", "order_events")
        seen[name] = {
            (row["event_id"], str(row["event_at"]), str(row["amount"]), row["currency"])
            for row in rows
        }
        assert result.rejected == {}
        assert any("`Refunded Amount`" in note for note in result.notes) == (name == "export.csv")
    assert seen["rest"] == seen["bulk"]
    assert seen["export.csv"] < seen["rest"] and len(seen["rest"]) == 3


def test_orders_of_another_system_are_the_same_money(tmp_path: Path) -> None:
    result = loaded(
        "stripe",
        written(tmp_path, _charge()),
        lake=tmp_path / "lake",
        profile={"counts_orders": False},
    )
    assert result.ignored == {"orders_of_another_system": 1}


def test_a_conversations_message_gives_an_email_its_contact(tmp_path: Path) -> None:
    message = {
        "type": "OutboundMessage",
        "messageType": "Email",
        "emailMessageId": "m",
        "contactId": "c",
        "to": ["a@b.com"],
        "dateAdded": "2026-03-01T10:00:00Z",
        "source": "workflow",
    }
    loaded("highlevel", written(tmp_path, message), lake=tmp_path / "lake")
    row = one_row(tmp_path / "lake", "send_events")
    assert (row["event_type"], row["contact_id"], row["email_source_id"]) == ("sent", "c", None)
    assert one_row(tmp_path / "lake", "contacts")["contact_id"] == "c"


def test_mailchimps_sent_emails_have_their_campaigns_time(tmp_path: Path) -> None:
    written(
        tmp_path / "in",
        {
            "sent_to": [
                {"email_id": "x", "email_address": "a@b.com", "status": "sent", "campaign_id": "k"}
            ]
        },
        "1.json",
    )
    written(
        tmp_path / "in",
        {
            "campaigns": [
                {
                    "id": "k",
                    "type": "rss",
                    "send_time": "2026-03-01T10:00:00+00:00",
                    "settings": {"title": "T"},
                }
            ]
        },
        "2.json",
    )
    loaded("mailchimp", tmp_path / "in", lake=tmp_path / "lake")
    assert str(one_row(tmp_path / "lake", "send_events")["event_at"]) == "2026-03-01 10:00:00"
    assert {row["campaign_kind"] for row in rows_of(tmp_path / "lake", "email_sources")} >= {"rss"}


def test_a_table_is_loaded_by_its_mapping(tmp_path: Path) -> None:
    csv = "id;kind;when;message;to\n1;ok;01.07.2026 12:00;m;A@b.com\n2;gone;01.01.2026 12:00;m;a@b.com\n3;what;01.01.2026 12:00;m;a@b.com\n"
    columns = {
        "event_id": "id",
        "event_type": {"field": "kind", "values": {"ok": "delivered", "gone": "hard_bounced"}},
        "event_at": {
            "field": "when",
            "time_format": "%d.%m.%Y %H:%M",
            "time_zone": "Europe/Berlin",
        },
        "message_id": "message",
        "recipient_email": "to",
        "email_source_id": {"constant": "news"},
    }
    result = loaded(
        "table",
        written(tmp_path, csv, "t.csv"),
        lake=tmp_path / "lake",
        profile={"tables": {"send_events": {"columns": columns}}},
    )
    rows = {row["event_id"]: row for row in rows_of(tmp_path / "lake", "send_events")}
    assert result.rejected == {"unknown_event": 1}
    assert (rows["1"]["event_type"], str(rows["1"]["event_at"])) == (
        "delivered",
        "2026-07-01 10:00:00",
    )
    assert str(rows["2"]["event_at"]) == "2026-01-01 11:00:00"
    assert one_row(tmp_path / "lake", "email_sources")["email_source_id"] == "news"


def test_brazes_message_without_a_campaign_is_the_dispatch_of_a_user(tmp_path: Path) -> None:
    event = dict(TYPES["braze drop"][1], campaign_id=None)
    loaded("braze", written(tmp_path, event), lake=tmp_path / "lake")
    assert one_row(tmp_path / "lake", "send_events")["message_id"] == "braze:d/u"


def test_an_order_is_paid_whatever_the_case_of_its_currency(tmp_path: Path) -> None:
    order = {
        "type": "OrderStatusUpdate",
        "_id": "o",
        "status": "completed",
        "amount": 100.5,
        "currency": " usd ",
        "createdAt": "2026-03-01T10:00:00.000Z",
    }
    loaded("highlevel", written(tmp_path, order), lake=tmp_path / "lake")
    rows = {row["event_type"]: row for row in rows_of(tmp_path / "lake", "order_events")}
    assert (str(rows["paid"]["amount"]), rows["paid"]["currency"]) == ("100.50", "USD")


def test_the_link_of_a_marketing_click_of_brevo_is_read(tmp_path: Path) -> None:
    click = {
        "event": "click",
        "camp_id": 5,
        "email": "a@b.com",
        "ts_event": 1772359200,
        "URL": "https://e.com",
    }
    loaded("brevo", written(tmp_path, click), lake=tmp_path / "lake")
    row = one_row(tmp_path / "lake", "engagement_events")
    assert (row["message_id"], row["url"]) == ("brevo:5/a@b.com", "https://e.com")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"machine_open": False, "Apple Privacy Open": True}, True),
        ({"Machine Open": "False"}, False),
        ({}, None),
    ],
)
def test_any_flag_of_klaviyo_makes_an_open_a_machines(
    flags: dict[str, Any], expected: bool | None, tmp_path: Path
) -> None:
    event = {
        "type": "event",
        "id": "e",
        "attributes": {
            "datetime": "2026-03-01T10:00:00+00:00",
            "event_properties": {"$message": "m", **flags},
        },
        "relationships": {
            "profile": {"data": {"type": "profile", "id": "p"}},
            "metric": {"data": {"type": "metric", "id": "k"}},
        },
    }
    included = [{"type": "metric", "id": "k", "attributes": {"name": "Opened Email"}}]
    page = {"data": [event], "included": included}
    loaded("klaviyo", written(tmp_path, page), lake=tmp_path / "lake")
    assert one_row(tmp_path / "lake", "engagement_events")["is_machine"] is expected


_STRANGE: tuple[Any, ...] = (None, 5, "", [], {}, [[]], True, "1" * 30, -1, 1e25, "2026-13-45", "<", "{", '["a"', "a@b", "2026-01-01T00:00:00+99:99")  # fmt: skip


@pytest.mark.parametrize("name", catalog.NAMES)
def test_strange_values_never_end_a_load(name: str, tmp_path: Path) -> None:
    sender = catalog.get(name)
    keys = [path[2:].replace('"', "").split(".") for path in sender.fields.values()] or [["id"]]
    lines = [json.dumps({"received_at": "x", "body": value}) for value in _STRANGE]
    for value in _STRANGE:
        record: dict[str, Any] = {}
        for key in keys:
            inner = record
            for part in key[:-1]:
                inner = inner.setdefault(part, {}) if isinstance(inner.get(part, {}), dict) else {}
            inner.setdefault(key[-1], copy.deepcopy(value))
        lines.append(json.dumps(record))
    profile = (
        {
            "tables": {
                "send_events": {
                    "columns": {
                        "event_id": "id",
                        "event_type": "id",
                        "event_at": "id",
                        "message_id": "id",
                    }
                }
            }
        }
        if name == "table"
        else {}
    )
    result = loaded(
        name, written(tmp_path, "\n".join(lines) + "\n"), lake=tmp_path / "lake", profile=profile
    )
    assert result.records >= len(_STRANGE)
