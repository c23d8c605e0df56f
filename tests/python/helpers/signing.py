"""Requests signed as senders sign them, by code of its own."""

import base64
import datetime as dt
import hashlib
import hmac
import json
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

SIGNING_KEY = "a-key-for-tests"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:ses-events"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem"
_VECTORS = Path(__file__).parents[1] / "receiver" / "signature_vectors.json"


@cache
def vectors() -> list[dict[str, Any]]:
    """Signed requests of every scheme, with their keys; one must fail."""
    found: list[dict[str, Any]] = json.loads(_VECTORS.read_text(encoding="utf-8"))
    return found


def shopify(body: bytes, secret: str = SIGNING_KEY) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {"X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode()}


def stripe(body: bytes, at: dt.datetime, secret: str = SIGNING_KEY) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={stamp},v1={digest}"}


def mailgun(event: dict[str, Any], secret: str = SIGNING_KEY, stamp: str = "1772359200") -> bytes:
    token = "0" * 50
    digest = hmac.new(secret.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    signature = {"timestamp": stamp, "token": token, "signature": digest}
    return json.dumps({"signature": signature, "event-data": event}).encode()


@cache
def _sns_key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@cache
def sns_certificate() -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_sns_key().public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(_sns_key(), SHA256())
        .public_bytes(Encoding.PEM)
    )


def sns(kind: str, message: str, **fields: str) -> bytes:
    """An SNS envelope, signed with version 2; ``fields`` replace or add some."""
    envelope = {
        "Type": kind,
        "MessageId": "6c1f0b5e",
        "TopicArn": TOPIC,
        "Message": message,
        "Timestamp": "2026-03-01T10:00:00.000Z",
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE_URL,
    } | fields
    signed = ("Message", "MessageId", "SubscribeURL", "Subject", "Timestamp", "Token", "TopicArn")
    text = "".join(f"{n}\n{envelope[n]}\n" for n in (*signed, "Type") if n in envelope)
    envelope["Signature"] = base64.b64encode(
        _sns_key().sign(text.encode(), PKCS1v15(), SHA256())
    ).decode()
    return json.dumps(envelope).encode()
