"""Forms of payloads that the shared samples don't have, each with what the contract says of it."""

import io
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.sender_payloads import loaded, sendgrid_event, written

_AT = "2026-03-01T10:00:00Z"


def _mailgun(**other: Any) -> dict[str, Any]:
    event = {"event": "delivered", "id": "e", "timestamp": 1772359200, "recipient": "a@b.com"}
    return {**event, "message": {"headers": {"message-id": "m"}}, **other}


def _mailgun_form(**other: str) -> str:
    fields = {"event": "bounced", "recipient": "a@b.com", "timestamp": "1500000000"}
    return urlencode({**fields, "signature": "s", "Message-Id": "<m>", "code": "550", **other})


def _mandrill(**other: Any) -> list[dict[str, Any]]:
    message = {"_id": "m", "email": "a@b.com", **other}
    return [{"event": "send", "_id": "m", "ts": 1772359200, "msg": message}]


def _sparkpost(**other: Any) -> dict[str, Any]:
    event = {"type": "delivery", "event_id": "e", "message_id": "m", "timestamp": "1772359200"}
    return {**event, "rcpt_to": "a@b.com", **other}


def _klaviyo(metric: str, **properties: Any) -> dict[str, Any]:
    event = {
        "type": "event",
        "id": "e",
        "attributes": {"datetime": _AT, "event_properties": {"$message": "m", **properties}},
        "relationships": {"metric": {"data": {"id": "M"}}, "profile": {"data": {"id": "p"}}},
    }
    included = [
        {"type": "metric", "id": "M", "attributes": {"name": metric}},
        {"type": "profile", "id": "p", "attributes": {"email": "a@b.com"}},
    ]
    return {"data": [event], "included": included}


def _braze(**other: Any) -> dict[str, Any]:
    event = {"event_type": "users.messages.email.Send", "id": "i", "time": 1772359200}
    return {**event, "user_id": "u", "email_address": "a@b.com", "dispatch_id": "d", **other}


def _refund(**transaction: Any) -> dict[str, Any]:
    money = {"kind": "refund", "status": "success", "amount": "22.00", "currency": "USD"}
    refund = {"id": 2, "order_id": 1, "processed_at": _AT, "refund_line_items": []}
    return {**refund, "transactions": [{**money, **transaction}]}


def _woocommerce(**other: Any) -> dict[str, Any]:
    order = {"id": 7, "status": "processing", "total": "30.00", "currency": "EUR"}
    return {**order, "date_created_gmt": "2026-03-01T10:00:00", **other}


def _shown(
    folder: Path, sender: str, payload: object, profile: dict[str, Any]
) -> dict[str, list[dict[str, Any]]]:
    """The rows by table, without writing them."""
    path = written(folder, payload)
    return loaded(sender, path, lake=folder / "lake", profile=profile, dry_run=True).shown


_CID = {"source": {"from": ["user-variables.cid"]}}
ROWS: dict[str, tuple[str, Any, dict[str, Any], dict[str, Any]]] = {
    "a blank response of SendGrid": ("sendgrid", [sendgrid_event(event="deferred", response="", reason="busy")], {}, {"event_type": "deferred", "reason": "busy"}),
    "a list of categories as text": ("sendgrid", [sendgrid_event(category='["a","b"]')], {}, {"email_source_id": "sendgrid:a"}),
    "a tag as text": ("mailgun", _mailgun(tags="t"), {}, {"email_source_id": "mailgun:t"}),
    "user variables as JSON text": ("mailgun", _mailgun(**{"user-variables": '{"cid": 5}'}), _CID, {"email_source_id": "mailgun:5"}),
    "user variables that couldn't be loaded": ("mailgun", _mailgun(tags=["t"], **{"user-variables": "Could not load user-variables for message m"}), {"contact": "user-variables.cid"}, {"contact_id": None, "email_source_id": "mailgun:t"}),
    "a variable of a form before 2018": ("mailgun", _mailgun_form(cid="5"), _CID, {"email_source_id": "mailgun:5"}),
    "a tag of Mandrill as text": ("mandrill", _mandrill(tags="t"), {}, {"email_source_id": "mandrill:t"}),
    "a suppression whose type is blank": ("resend", {"type": "email.bounced", "created_at": _AT, "data": {"email_id": "m", "to": ["a@b.com"], "bounce": {"type": "", "message": "is on the suppression list"}}}, {}, {"event_type": "skipped"}),
    "recipient metadata as JSON text": ("sparkpost", _sparkpost(rcpt_meta='{"k": "5"}'), {"contact": "rcpt_meta.k"}, {"contact_id": "5"}),
    "a blank flow": ("klaviyo", _klaviyo("Received Email", **{"$flow": ""}), {}, {"email_source_id": "klaviyo:m"}),
    "a flow": ("klaviyo", _klaviyo("Received Email", **{"$flow": "f"}), {}, {"email_source_id": "klaviyo:f/m"}),
    "a soft bounce in words": ("klaviyo", _klaviyo("Bounced Email", **{"Bounce Type": "Soft Bounce"}), {}, {"event_type": "soft_bounced"}),
    "a send of Braze without a campaign": ("braze", _braze(), {}, {"message_id": "braze:d/u"}),
    "a send of Braze without a user": ("braze", _braze(user_id=None), {}, {"message_id": "braze:d/a@b.com"}),
    "a blank step of Braze": ("braze", _braze(canvas_step_id="", campaign_id="c"), {}, {"message_id": "braze:d/u/c"}),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_a_send_in_another_form(name: str, tmp_path: Path) -> None:
    sender, payload, profile, wanted = ROWS[name]
    (row,) = _shown(tmp_path, sender, payload, profile)["send_events"]
    assert {column: row[column] for column in wanted} == wanted


ORDERS: dict[str, tuple[str, Any, dict[str, Any], list[tuple[str, str | None, str | None]]]] = {
    "the shop's money of a refund": ("shopify", _refund(amount_set={"shop_money": {"amount": "20.00", "currency_code": "EUR"}}), {}, [("refunded", "20.00", "EUR")]),
    "a refund in the shop's money alone": ("shopify", {"refund": _refund()}, {}, [("refunded", "22.00", "USD")]),
    "an order of WooCommerce in its shop's currency": ("woocommerce", _woocommerce(currency=None, date_paid_gmt="2026-03-01T10:05:00"), {"currency": "EUR"}, [("paid", "30.00", "EUR"), ("placed", None, "EUR")]),
    "an order of WooCommerce without its first date": ("woocommerce", _woocommerce(date_created_gmt=None, date_paid_gmt="2026-03-01T10:05:00"), {}, [("paid", "30.00", "EUR")]),
    "one of Shopify's graph": ("shopify", {"data": {"order": {"id": "gid://shopify/Order/1", "createdAt": _AT, "displayFinancialStatus": "PENDING"}}}, {}, [("placed", None, None)]),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDERS)
def test_an_order_in_another_form(name: str, tmp_path: Path) -> None:
    sender, payload, profile, wanted = ORDERS[name]
    assert wanted == sorted(
        (row["event_type"], row["amount"] and str(row["amount"]), row["currency"])
        for row in _shown(tmp_path, sender, payload, profile)["order_events"]
    )


NO_ROWS: dict[str, tuple[str, Any, str, str]] = {
    "an SNS notice whose delivery is raw": ("ses", "Successfully validated SNS topic for Amazon SES event publishing.", "ignored", "handshake"),
    "an unsubscribe from text messages": ("klaviyo", _klaviyo("Unsubscribed from SMS Marketing"), "ignored", "other_metric"),
    "a negative order": ("klaviyo", _klaviyo("Placed Order", **{"$value": -5, "$currency_code": "EUR"}), "rejected", "unsupported_amount"),
    "a session of nobody at Braze": ("braze", _braze(event_type="users.behaviors.app.SessionStart", user_id=None), "ignored", "users.behaviors.app.SessionStart"),
    "a customer's event of older Customer.io": ("customerio", {"event_type": "customer_unsubscribed", "event_id": "e", "timestamp": 1772359200, "data": {"customer_id": "5"}}, "ignored", "contact_suppression"),
    "an order of HighLevel without its id": ("highlevel", {"type": "OrderCreate", "status": "pending", "createdAt": _AT}, "rejected", "no_message"),
    "an order of Shopify without its id, with a list inside": ("shopify", {"total_price": "1.00", "created_at": _AT, "refunds": []}, "rejected", "no_message"),
    "a product of WooCommerce": ("woocommerce", {"id": 5, "name": "Mask", "price": "5"}, "rejected", "unknown_event"),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_ROWS)
def test_what_gives_no_rows_says_why(name: str, tmp_path: Path) -> None:
    sender, payload, outcome, reason = NO_ROWS[name]
    result = loaded(sender, written(tmp_path, payload), lake=tmp_path / "lake", dry_run=True)
    assert getattr(result, outcome) == {reason: 1}


def test_a_contact_changes_when_its_webhook_says_so(tmp_path: Path) -> None:
    contact = {"type": "ContactDndUpdate", "id": "k", "dateAdded": _AT, "timestamp": "2026-03-02T10:00:00Z"}  # fmt: skip
    (row,) = _shown(tmp_path, "highlevel", contact, {})["contacts"]
    assert (str(row["updated_at"]), str(row["created_at"])) == (
        "2026-03-02 10:00:00",
        "2026-03-01 10:00:00",
    )


def test_an_action_of_a_transactional_message_is_transactional(tmp_path: Path) -> None:
    data = {"delivery_id": "d", "recipient": "a@b.com", "action_id": 9}
    metric = {"event_id": "e", "object_type": "email", "metric": "sent", "timestamp": 1772359200}
    payload = {**metric, "data": {**data, "transactional_message_id": 5}}
    (source,) = _shown(tmp_path, "customerio", payload, {})["email_sources"]
    assert source["email_source_type"] == "transactional"


def test_two_shops_number_their_orders_alike(tmp_path: Path) -> None:
    orders = [
        _woocommerce(_links={"self": [{"href": f"https://{host}/wp-json/wc/v3/orders/7"}]})
        for host in ("eu.example.com", "us.example.com")
    ]
    profile = {"shops": {"eu": "eu.example.com", "us": "us.example.com"}}
    rows = _shown(tmp_path, "woocommerce", orders, profile)["order_events"]
    assert {(row["order_id"], row["event_id"]) for row in rows} == {
        (f"woocommerce:{shop}:7", f"woocommerce:placed:{shop}:7") for shop in ("eu", "us")
    }


def _parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([sendgrid_event()]), file)
    return file.getvalue()


def _avro() -> bytes:
    file = io.BytesIO()
    pl.DataFrame([sendgrid_event()]).write_avro(file)
    return file.getvalue()


@pytest.mark.parametrize("content", [_parquet()[:-40], b"Obj\x01" + bytes(4), _avro()[:-20]])
def test_a_file_of_which_nothing_can_be_read_is_no_success(content: bytes, tmp_path: Path) -> None:
    result = loaded("sendgrid", written(tmp_path, content), lake=tmp_path / "lake", dry_run=True)
    assert (result.records_with_rows, result.is_readable, len(result.notes)) == (0, False, 1)


def test_the_line_where_a_table_is_cut_off_is_no_record_of_its_beginning(tmp_path: Path) -> None:
    line = "delivered,a@b.com,1772359200,m\n"
    whole = zlib.compressobj(0, wbits=31)  # stored as it is, so that the cut is where we want it
    data = whole.compress(b"event,email,timestamp,sg_message_id\n" + 2 * line.encode())
    data += whole.flush(zlib.Z_FULL_FLUSH)
    path = written(tmp_path, data[: data.rindex(b"00,m")], "events.csv.gz")
    result = loaded("sendgrid", path, lake=tmp_path / "lake", dry_run=True)
    assert (result.records_with_rows, result.rejected) == (1, {"unreadable": 1})


def test_an_empty_body_of_the_receivers_is_accounted_for(tmp_path: Path) -> None:
    spooled = written(tmp_path, {"received_at": _AT, "body": ""})
    result = loaded("sendgrid", spooled, lake=tmp_path / "lake", dry_run=True)
    assert result.rejected == {"unreadable": 1}


_CLICK = {"event_type": {"constant": "clicked"}, "event_at": "when", "message_id": "m", "url": "u"}


@pytest.mark.parametrize("inside", [{"items": []}, {"items": [{"sku": "x"}]}, {"detail": {"a": 1}}])
def test_a_row_of_a_table_may_have_lists_of_its_own(inside: dict[str, Any], tmp_path: Path) -> None:
    row = {"when": _AT, "m": "m", "u": "https://e.com/?a=1&_kx=2", **inside}
    profile = {
        "tables": {"engagement_events": {"columns": _CLICK}},
        "strip_parameters": ["_kx"],
    }
    alone, on_page = (
        _shown(tmp_path, "table", payload, profile)["engagement_events"]
        for payload in (row, {"items": [row]})
    )
    assert alone == on_page
    assert [each["url"] for each in alone] == ["https://e.com/?a=1"]


def test_a_tables_orders_have_the_profiles_currency(tmp_path: Path) -> None:
    columns = {"event_type": {"constant": "paid"}, "event_at": "when", "order_id": "o", "amount": "a"}  # fmt: skip
    profile = {"tables": {"order_events": {"columns": columns}}, "currency": "EUR"}
    order = {"when": _AT, "o": "1", "a": "5"}
    (row,) = _shown(tmp_path, "table", order, profile)["order_events"]
    assert row["currency"] == "EUR"
