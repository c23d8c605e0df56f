import base64
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
from helpers import signing

from email_statistics.senders.signatures import (
    SCHEMES,
    SignedRequest,
    is_signed_by_sns,
    verifier,
)

NOW = dt.datetime(2026, 3, 1, 10, 0, 10, tzinfo=dt.UTC)
KEYED = [vector for vector in signing.vectors() if vector["sender"] in SCHEMES]
VALID = [vector for vector in KEYED if vector["valid"]]
SNS = [vector for vector in signing.vectors() if vector["sender"] == "ses"]
SIGNED_EACH_TIME = {"stripe", "resend", "customerio", "klaviyo"}
# Amazon and Mailgun sign some fields of the body, Mandrill the decoded ones.
BODY_IS_NOT_SIGNED_BYTE_BY_BYTE = {"mailgun", "mandrill"}


def _name(vector: dict[str, Any]) -> str:
    return f"{vector['sender']}-{'valid' if vector['valid'] else 'invalid'}"


def _request(vector: dict[str, Any]) -> SignedRequest:
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    return SignedRequest(headers, base64.b64decode(vector["body_base64"]), vector.get("url", ""))


def _changed(text: bytes) -> Iterator[bytes]:
    for place, byte in enumerate(text):
        yield text[:place] + bytes([byte ^ 1]) + text[place + 1 :]


@pytest.mark.parametrize("vector", KEYED, ids=_name)
def test_a_signed_request_passes_and_one_without_its_last_line_end_fails(
    vector: dict[str, Any],
) -> None:
    is_signed = verifier(vector["sender"], vector["secret"])
    assert is_signed(_request(vector), NOW) is vector["valid"]


def test_every_scheme_has_a_vector() -> None:
    assert {vector["sender"] for vector in VALID} == set(SCHEMES)


@pytest.mark.parametrize(
    "vector", [v for v in VALID if v["sender"] not in BODY_IS_NOT_SIGNED_BYTE_BY_BYTE], ids=_name
)
def test_no_byte_of_a_body_can_be_changed(vector: dict[str, Any]) -> None:
    is_signed = verifier(vector["sender"], vector["secret"])
    request = _request(vector)
    for body in _changed(request.body):
        assert not is_signed(SignedRequest(request.headers, body, request.url), NOW), body


@pytest.mark.parametrize("vector", VALID, ids=_name)
def test_no_byte_of_a_signature_can_be_changed(vector: dict[str, Any]) -> None:
    is_signed = verifier(vector["sender"], vector["secret"])
    request = _request(vector)
    for name, value in request.headers.items():
        if "signature" not in name and "hmac" not in name:
            continue
        # Of several signatures one must be right: the right one is changed.
        right = _right_part(vector["sender"], value)
        for changed in _changed(right.encode()):
            header = value.replace(right, changed.decode("latin-1"))
            headers = {**request.headers, name: header}
            assert not is_signed(SignedRequest(headers, request.body, request.url), NOW), header


def _right_part(sender: str, header: str) -> str:
    if sender == "stripe":
        return header.split(",v1=")[2].partition(",")[0]
    return header.split(" ")[-1] if sender == "resend" else header


@pytest.mark.parametrize("vector", VALID, ids=_name)
def test_another_key_signs_nothing(vector: dict[str, Any]) -> None:
    others = [other["secret"] for other in VALID if other["secret"] != vector["secret"]]
    refused = 0
    for key in others:
        try:
            is_signed = verifier(vector["sender"], key)
        except ValueError:
            refused += 1
            continue
        assert not is_signed(_request(vector), NOW)
    assert refused < len(others) or vector["sender"] in ("sendgrid", "highlevel", "resend")


def test_mailgun_signs_its_time_stamp_and_token() -> None:
    is_signed = verifier("mailgun", signing.SIGNING_KEY)
    body = signing.mailgun({"event": "opened"})
    assert is_signed(SignedRequest({}, body), NOW)
    for field in ("timestamp", "token", "signature"):
        fields = json.loads(body)
        value = fields["signature"][field]
        fields["signature"][field] = ("1" if value[0] != "1" else "2") + value[1:]
        assert not is_signed(SignedRequest({}, json.dumps(fields).encode()), NOW)


def test_mailgun_forms_of_old_are_signed_alike() -> None:
    fields = json.loads(signing.mailgun({}))["signature"]
    form = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
    is_signed = verifier("mailgun", signing.SIGNING_KEY)
    assert is_signed(SignedRequest({}, b"event=opened&" + form), NOW)
    assert not is_signed(SignedRequest({}, form.replace(b"token=0", b"token=1")), NOW)


def test_mandrill_signs_the_public_url_and_each_decoded_field() -> None:
    (vector,) = (v for v in VALID if v["sender"] == "mandrill")
    is_signed = verifier("mandrill", vector["secret"])
    request = _request(vector)
    assert not is_signed(SignedRequest(request.headers, request.body, request.url + "&y=2"), NOW)
    for body in (
        request.body.replace(b"send", b"open"),
        request.body + b"&another=field",
        request.body.replace(b"mandrill_events", b"mandrill_event"),
    ):
        assert body != request.body
        assert not is_signed(SignedRequest(request.headers, body, request.url), NOW)


@pytest.mark.parametrize("vector", VALID, ids=_name)
def test_age_counts_only_where_each_attempt_is_signed_again(vector: dict[str, Any]) -> None:
    is_signed = verifier(vector["sender"], vector["secret"])
    stamp = dt.datetime(2026, 3, 1, 10, 0, tzinfo=dt.UTC)
    assert is_signed(_request(vector), stamp + dt.timedelta(minutes=4, seconds=59))
    late = is_signed(_request(vector), stamp + dt.timedelta(minutes=5, seconds=6))
    assert late is (vector["sender"] not in SIGNED_EACH_TIME)


@pytest.mark.parametrize("vector", VALID, ids=_name)
def test_malformed_requests_are_not_signed_and_raise_nothing(vector: dict[str, Any]) -> None:
    is_signed = verifier(vector["sender"], vector["secret"])
    request = _request(vector)
    assert not is_signed(SignedRequest({}, b""), NOW)
    for value in ("", "é", "=", "t=", "t=1,t=2,v1=x", "v1,", "a" * 9999, "9" * 5000, "\x00"):
        headers = dict.fromkeys(request.headers, value)
        for body in (b"", b"\xff", b"[" * 100_000, b'{"signature": {}}', b'{"signature": 1}'):
            assert not is_signed(SignedRequest(headers, body, request.url), NOW)


@pytest.mark.parametrize(
    ("sender", "key"),
    [
        ("sendgrid", "no key"),
        ("highlevel", "AAAA"),
        ("resend", "whsec_*"),
        ("shopify", ""),
    ],
)
def test_what_is_no_key_is_refused(sender: str, key: str) -> None:
    with pytest.raises(ValueError):
        verifier(sender, key)


@pytest.mark.parametrize(
    "vector", SNS, ids=lambda v: json.loads(base64.b64decode(v["body_base64"]))["SignatureVersion"]
)
def test_sns_signs_the_fields_of_a_notification(vector: dict[str, Any]) -> None:
    message = json.loads(base64.b64decode(vector["body_base64"]))
    certificate = vector["secret"].encode()
    assert is_signed_by_sns(message, certificate)
    for field in ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Signature"):
        for changed in _changed(message[field].encode()):
            text = changed.decode("latin-1")
            assert not is_signed_by_sns({**message, field: text}, certificate), (field, text)
    assert not is_signed_by_sns({**message, "Type": "UnsubscribeConfirmation"}, certificate)
    assert not is_signed_by_sns({**message, "SignatureVersion": "3"}, certificate)
    assert not is_signed_by_sns(message, signing.sns_certificate())
    assert not is_signed_by_sns(message, b"no certificate")


def test_sns_signs_the_fields_of_a_confirmation() -> None:
    url = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"
    fields = {"SubscribeURL": url, "Token": "t"}
    body = signing.sns("SubscriptionConfirmation", "Confirm", **fields)
    message = json.loads(body)
    assert is_signed_by_sns(message, signing.sns_certificate())
    for field in ("SubscribeURL", "Token"):
        changed = {**message, field: message[field] + "x"}
        assert not is_signed_by_sns(changed, signing.sns_certificate())
