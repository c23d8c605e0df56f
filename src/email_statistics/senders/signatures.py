"""How senders sign their webhooks: each scheme, verified over the raw bytes of the body.

The age of a signature counts only where the sender signs each attempt again (Stripe, Svix,
Customer.io, Klaviyo). Elsewhere a retry has the time of the first attempt, and a replay is a
duplicate, which changes nothing.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import load_pem_x509_certificate

_LONGEST_AGE = timedelta(minutes=5)
# What hostile bytes can raise before a signature is compared.
_MALFORMED = (
    AttributeError,
    InvalidSignature,
    KeyError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class SignedRequest:
    """What a sender may sign: header names are in lower case, ``url`` is the one it posts to."""

    headers: Mapping[str, str]
    body: bytes
    url: str = ""

    def header(self, name: str) -> bytes:
        """Return a header's raw bytes; empty where it is absent."""
        return self.headers.get(name, "").encode("latin-1")


Verify = Callable[[SignedRequest, datetime], bool]


def verifier(sender: str, key: str) -> Verify:
    """Return the check of a sender's signature with ``key``, for a request and the time now.

    The check never raises: what is malformed isn't signed. Raises ``ValueError`` where ``key``
    can't be a key of the scheme, ``KeyError`` where the sender isn't in ``SCHEMES``.
    """
    if not key:
        raise ValueError("the key is empty")
    verify = SCHEMES[sender](key)

    def is_signed(request: SignedRequest, now: datetime) -> bool:
        try:
            return verify(request, now)
        except _MALFORMED:
            return False

    return is_signed


def is_signed_by_sns(message: Mapping[str, str], certificate: bytes) -> bool:
    """Whether Amazon SNS signed a message with the key of a certificate (PEM).

    RSA with PKCS #1 v1.5 padding over the message's named fields, SHA-1 in version 1, SHA-256 in
    version 2.
    """
    try:
        is_notification = message["Type"] == "Notification"
        names = (
            ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
            if is_notification
            else ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
        )
        text = "".join(
            f"{name}\n{message[name]}\n"
            for name in names
            if name != "Subject" or message.get(name) is not None
        )
        key = load_pem_x509_certificate(certificate).public_key()
        if not isinstance(key, RSAPublicKey):
            return False
        digest = {"1": SHA1(), "2": SHA256()}[message["SignatureVersion"]]  # noqa: S303  # SNS's
        key.verify(_decoded(message["Signature"].encode()), text.encode(), PKCS1v15(), digest)
    except _MALFORMED:
        return False
    return True


def _sendgrid(key: str) -> Verify:
    public_key = load_der_public_key(base64.b64decode(key, validate=True))
    if not isinstance(public_key, EllipticCurvePublicKey):
        raise ValueError("it isn't the public key of an elliptic curve")
    header = "x-twilio-email-event-webhook"

    def verify(request: SignedRequest, now: datetime) -> bool:
        signed = request.header(f"{header}-timestamp") + request.body
        signature = _decoded(request.header(f"{header}-signature"))
        public_key.verify(signature, signed, ECDSA(SHA256()))
        return True

    return verify


def _highlevel(key: str) -> Verify:
    public_key = load_der_public_key(base64.b64decode(key, validate=True))
    if not isinstance(public_key, Ed25519PublicKey):
        raise ValueError("it isn't an Ed25519 public key")

    def verify(request: SignedRequest, now: datetime) -> bool:
        public_key.verify(_decoded(request.header("x-ghl-signature")), request.body)
        return True

    return verify


def _mailgun(key: str) -> Verify:
    def verify(request: SignedRequest, now: datetime) -> bool:
        # Webhooks older than 2018 are forms with the same three fields.
        if request.body.lstrip()[:1] == b"{":
            fields = json.loads(request.body)["signature"]
        else:
            fields = dict(parse_qsl(request.body.decode()))
        signed = f"{fields['timestamp']}{fields['token']}".encode()
        return _is_same(_hex(key, signed), fields["signature"].encode())

    return verify


def _mandrill(key: str) -> Verify:
    def verify(request: SignedRequest, now: datetime) -> bool:
        fields = parse_qsl(
            request.body.decode(errors="surrogateescape"),
            keep_blank_values=True,
            errors="surrogateescape",
        )
        by_name = sorted(fields, key=lambda field: field[0])
        signed = request.url + "".join(f"{name}{value}" for name, value in by_name)
        digest = hmac.digest(key.encode(), signed.encode(errors="surrogateescape"), "sha1")
        return _is_same(base64.b64encode(digest), request.header("x-mandrill-signature"))

    return verify


def _svix(key: str) -> Verify:
    secret = base64.b64decode(key.removeprefix("whsec_"), validate=True)

    def verify(request: SignedRequest, now: datetime) -> bool:
        identity, stamp = request.header("svix-id"), request.header("svix-timestamp")
        digest = hmac.digest(secret, b".".join((identity, stamp, request.body)), "sha256")
        expected = b"v1," + base64.b64encode(digest)
        given = request.header("svix-signature").split(b" ")
        return _is_recent(stamp, now) and any(_is_same(expected, each) for each in given)

    return verify


def _stripe(key: str) -> Verify:
    def verify(request: SignedRequest, now: datetime) -> bool:
        parts = [part.split(b"=", 1) for part in request.header("stripe-signature").split(b",")]
        (stamp,) = (value for name, value in parts if name == b"t")
        expected = _hex(key, stamp + b"." + request.body)
        given = [value for name, value in parts if name == b"v1"]
        return _is_recent(stamp, now) and any(_is_same(expected, each) for each in given)

    return verify


def _customerio(key: str) -> Verify:
    def verify(request: SignedRequest, now: datetime) -> bool:
        stamp = request.header("x-cio-timestamp")
        expected = _hex(key, b":".join((b"v0", stamp, request.body)))
        return _is_recent(stamp, now) and _is_same(expected, request.header("x-cio-signature"))

    return verify


def _klaviyo(key: str) -> Verify:
    def verify(request: SignedRequest, now: datetime) -> bool:
        stamp = request.header("klaviyo-timestamp")
        expected = _hex(key, request.body + stamp)
        return _is_recent(stamp, now) and _is_same(expected, request.header("klaviyo-signature"))

    return verify


def _shop(header: str) -> Callable[[str], Verify]:
    def scheme(key: str) -> Verify:
        def verify(request: SignedRequest, now: datetime) -> bool:
            digest = hmac.digest(key.encode(), request.body, "sha256")
            return _is_same(base64.b64encode(digest), request.header(header))

        return verify

    return scheme


SCHEMES: Mapping[str, Callable[[str], Verify]] = {
    "sendgrid": _sendgrid,
    "highlevel": _highlevel,
    "mailgun": _mailgun,
    "mandrill": _mandrill,
    "resend": _svix,
    "stripe": _stripe,
    "customerio": _customerio,
    "klaviyo": _klaviyo,
    "shopify": _shop("x-shopify-hmac-sha256"),
    "woocommerce": _shop("x-wc-webhook-signature"),
}
"""The senders that sign with a key of the user's; Amazon SNS signs with a certificate."""


def _hex(key: str, signed: bytes) -> bytes:
    return hmac.new(key.encode(), signed, hashlib.sha256).hexdigest().encode()


def _is_same(expected: bytes, given: bytes) -> bool:
    return hmac.compare_digest(expected, given)


def _decoded(text: bytes) -> bytes:
    """Decode base64 that is written in the one canonical way."""
    value = base64.b64decode(text, validate=True)
    if base64.b64encode(value) != text:
        raise ValueError("not canonical base64")
    return value


def _is_recent(stamp: bytes, now: datetime) -> bool:
    """Whether a time stamp (seconds since 1970, or ISO 8601) is within five minutes of now."""
    text = stamp.decode("ascii")
    at = datetime.fromtimestamp(int(text), UTC) if text.isdigit() else datetime.fromisoformat(text)
    return abs(now - (at if at.tzinfo else at.replace(tzinfo=UTC))) <= _LONGEST_AGE
