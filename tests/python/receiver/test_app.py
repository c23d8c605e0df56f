import asyncio
import datetime as dt
import os
import threading
from pathlib import Path

import httpx
import pytest
from helpers import signing
from helpers.receiving import BASIC, LOGIN, bodies, event, no_fetch, post_to, spooled

from email_statistics.receiver.app import LARGEST_BODY
from email_statistics.receiver.endpoints import Endpoint, endpoints
from email_statistics.receiver.sns import Fetch
from email_statistics.receiver.spool import spool_folder
from email_statistics.senders.profile import Profile
from email_statistics.senders.signatures import SCHEMES, verifier

SHOP = Endpoint("shopify", verifier("shopify", signing.SIGNING_KEY))
POSTMARK = Endpoint("postmark", logins=(b"basic " + BASIC["Authorization"][6:].encode(),))
SES = Endpoint("ses", topic_arns=frozenset({signing.TOPIC}))


def test_only_senders_of_the_profile_are_served(tmp_path: Path) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        for path in ("/sendgrid", "/", "/shopify/", "/shopify/x", "/../shopify/x", "/Shopify"):
            headers = signing.shopify(b"{}")
            assert (await client.post(path, content=b"{}", headers=headers)).status_code == 404
        assert (await client.get("/shopify")).status_code == 405
        assert (await client.post("/healthz")).status_code == 404

    post_to(tmp_path, [SHOP], talk)
    assert not spooled(tmp_path)


def test_a_sender_sees_by_head_that_its_url_is_there(tmp_path: Path) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        assert (await client.head("/shopify")).status_code == 200
        assert (await client.head("/mandrill")).status_code == 404
        assert (await client.get("/healthz")).json() == {"status": "ok"}

    post_to(tmp_path, [SHOP], talk)
    assert not spooled(tmp_path)


def test_a_request_is_stored_whole_with_the_headers_that_matter(tmp_path: Path) -> None:
    body = '{"a": "ü\u2028", "b": 1.0}\r\n'.encode()
    began = dt.datetime.now(dt.UTC)

    async def talk(client: httpx.AsyncClient) -> None:
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": "orders/paid",
            "Cookie": "secret",
            **signing.shopify(body),
        }
        assert (await client.post("/shopify", content=body, headers=headers)).status_code == 200

    post_to(tmp_path, [SHOP], talk)
    (line,) = spooled(tmp_path)
    received_at = dt.datetime.fromisoformat(line.pop("received_at"))
    assert began <= received_at <= dt.datetime.now(dt.UTC)
    assert line == {
        "sender": "shopify",
        "headers": {"content-type": "application/json", "x-shopify-topic": "orders/paid"},
        "body": body.decode(),
    }
    (file,) = spool_folder(tmp_path).glob("shopify/*.jsonl")
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("body", [b"", b"no json", b"\xff\xfe\x00", b"\0" * 9, b"[" * 9_999])
def test_what_cannot_be_parsed_is_accepted_and_kept_as_it_came(body: bytes, tmp_path: Path) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        headers = signing.shopify(body)
        assert (await client.post("/shopify", content=body, headers=headers)).status_code == 200

    post_to(tmp_path, [SHOP], talk)
    assert bodies(tmp_path) == [body]


@pytest.mark.parametrize("headers", [{}, signing.shopify(b"another"), signing.shopify(b"", "x")])
def test_a_bad_signature_gets_nothing_in(headers: dict[str, str], tmp_path: Path) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        assert (await client.post("/shopify", content=b"", headers=headers)).status_code == 401

    assert post_to(tmp_path, [SHOP], talk).refused == {("shopify", 401): 1}
    assert not spooled(tmp_path)


def test_a_signature_of_an_earlier_attempt_is_stale_where_each_is_signed_again(
    tmp_path: Path,
) -> None:
    now = dt.datetime.now(dt.UTC)

    async def talk(client: httpx.AsyncClient) -> None:
        for age, status in ((0, 200), (290, 200), (320, 401), (-320, 401)):
            headers = signing.stripe(b"{}", now - dt.timedelta(seconds=age))
            answer = await client.post("/stripe", content=b"{}", headers=headers)
            assert answer.status_code == status, age

    post_to(tmp_path, [Endpoint("stripe", verifier("stripe", signing.SIGNING_KEY))], talk)
    assert len(spooled(tmp_path)) == 2


@pytest.mark.parametrize("vector", signing.vectors(), ids=lambda v: v["sender"])
def test_each_senders_own_request_is_taken(
    vector: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import base64

    sender, is_valid = str(vector["sender"]), vector["valid"]
    stale = sender in ("stripe", "resend", "customerio", "klaviyo")
    monkeypatch.setenv("KEY", str(vector["secret"]))
    settings: dict[str, object] = {"sender": sender, "is_named": True}
    if sender == "ses":
        settings["topic_arns"] = ["arn:aws:sns:us-east-1:123456789012:t"]
    elif sender in SCHEMES:
        settings |= {"signing_key": "KEY", "public_url": vector.get("url")}
    else:
        settings["bearer" if sender == "brevo" else "basic_auth"] = "KEY"
    body = base64.b64decode(str(vector["body_base64"]))
    headers = dict(vector["headers"])  # type: ignore[call-overload]  # JSON has no types

    async def fetch(url: str) -> bytes:
        return str(vector["secret"]).encode()

    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post(f"/{sender}", content=body, headers=headers)
        assert answer.status_code == (200 if is_valid and not stale else 401)

    post_to(tmp_path, list(endpoints([Profile.model_validate(settings)]).values()), talk, fetch)
    assert bodies(tmp_path) == ([body] if is_valid and not stale else [])


def test_basic_asks_for_a_login_and_takes_the_right_one_alone(tmp_path: Path) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post("/postmark", content=b"{}")
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
        for login in ((LOGIN[0], "x"), ("x", LOGIN[1]), ("", ""), ("é", "é")):
            answer = await client.post("/postmark", content=b"{}", auth=login)
            assert answer.status_code == 401
        for value in ("Basic", "Basic ====", "Bearer " + LOGIN[1], BASIC["Authorization"][6:]):
            headers = {"Authorization": value}
            assert (await client.post("/postmark", headers=headers)).status_code == 401
        assert (await client.post("/postmark", content=b"{}", auth=LOGIN)).status_code == 200

    post_to(tmp_path, [POSTMARK], talk)
    assert bodies(tmp_path) == [b"{}"]


def test_a_body_over_the_limit_is_refused_whole_or_in_chunks(tmp_path: Path) -> None:
    async def chunks(length: int):  # type: ignore[no-untyped-def]  # a generator of bytes
        for _ in range(length >> 16):
            yield b"x" * (1 << 16)

    async def talk(client: httpx.AsyncClient) -> None:
        for content in (b"x" * (LARGEST_BODY + 1), chunks(LARGEST_BODY + (1 << 16))):
            answer = await client.post("/postmark", content=content, auth=LOGIN)
            assert answer.status_code == 413
        for content in (b"x" * LARGEST_BODY, chunks(LARGEST_BODY)):
            answer = await client.post("/postmark", content=content, auth=LOGIN)
            assert answer.status_code == 200

    post_to(tmp_path, [POSTMARK], talk)
    assert [len(body) for body in bodies(tmp_path)] == [LARGEST_BODY] * 2


def test_the_ping_of_woocommerce_is_answered_and_not_stored(tmp_path: Path) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        for body, status in ((b"webhook_id=12", 200), (b"webhook_id=12&x=1", 401), (b"{}", 401)):
            assert (await client.post("/woocommerce", content=body)).status_code == status

    endpoint = Endpoint("woocommerce", verifier("woocommerce", signing.SIGNING_KEY))
    post_to(tmp_path, [endpoint], talk)
    assert not spooled(tmp_path)


class Amazon:
    """What Amazon SNS serves, and what was asked of it."""

    def __init__(self, is_down: bool = False) -> None:
        self.asked: list[str] = []
        self._is_down = is_down

    async def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        if self._is_down:
            raise httpx.ConnectError("down")
        return signing.sns_certificate()


def _post_to_ses(lake: Path, fetch: Fetch, *posts: tuple[bytes, int]) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        for body, status in posts:
            answer = await client.post("/ses", content=body)
            assert answer.status_code == status, body

    post_to(lake, [SES], talk, fetch)


def test_sns_notifications_are_stored_and_the_certificate_is_fetched_once(tmp_path: Path) -> None:
    amazon = Amazon()
    first, second = signing.sns("Notification", "1"), signing.sns("Notification", "2")
    forged = second.replace(b'"Message": "2"', b'"Message": "3"')
    _post_to_ses(tmp_path, amazon.fetch, (first, 200), (second, 200), (forged, 401))
    assert bodies(tmp_path) == [first, second]
    assert amazon.asked == [signing.CERTIFICATE_URL]


def test_a_subscription_of_ours_is_confirmed_and_not_stored(tmp_path: Path) -> None:
    amazon = Amazon()
    url = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
    fields = {"SubscribeURL": url, "Token": "t"}
    confirmation = signing.sns("SubscriptionConfirmation", "Confirm", **fields)
    farewell = signing.sns("UnsubscribeConfirmation", "Gone", **fields)
    _post_to_ses(tmp_path, amazon.fetch, (confirmation, 200), (farewell, 200))
    assert amazon.asked == [signing.CERTIFICATE_URL, url]
    assert not spooled(tmp_path)


def test_other_topics_are_refused_before_anything_is_fetched(tmp_path: Path) -> None:
    other = signing.sns("Notification", "1", TopicArn=signing.TOPIC + "2")
    _post_to_ses(tmp_path, no_fetch, (other, 403), (b"{}", 403), (b"[" * 9_999, 403))
    assert not spooled(tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com.example.com/x.pem",
        "https://example.com/sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com@example.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/x.pem",
        "https://s3.eu-west-1.amazonaws.com/x.pem",
        "https://[sns.eu-west-1.amazonaws.com/x.pem",
        "file:///etc/passwd",
        "",
    ],
)
def test_nothing_is_fetched_from_elsewhere(url: str, tmp_path: Path) -> None:
    body = signing.sns("Notification", "1", SigningCertURL=url)
    _post_to_ses(tmp_path, no_fetch, (body, 401))
    amazon = Amazon()
    fields = {"SubscribeURL": url, "Token": "t"}
    body = signing.sns("SubscriptionConfirmation", "Confirm", **fields)
    _post_to_ses(tmp_path, amazon.fetch, (body, 401))
    assert amazon.asked == [signing.CERTIFICATE_URL]
    assert not spooled(tmp_path)


def test_sns_shall_try_again_where_amazon_cannot_be_reached(tmp_path: Path) -> None:
    amazon = Amazon(is_down=True)
    _post_to_ses(tmp_path, amazon.fetch, (signing.sns("Notification", "1"), 503))
    assert not spooled(tmp_path)


def test_without_topics_ses_takes_raw_messages_by_login_and_no_envelope(tmp_path: Path) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        for body, status in (
            (b'{"eventType": "Send"}', 200),
            (signing.sns("Notification", ""), 403),
        ):
            answer = await client.post("/ses", content=body, auth=LOGIN)
            assert answer.status_code == status

    post_to(tmp_path, [Endpoint("ses", logins=POSTMARK.logins)], talk)
    assert bodies(tmp_path) == [b'{"eventType": "Send"}']


def test_where_nothing_can_be_stored_each_sender_is_told_to_try_again(tmp_path: Path) -> None:
    brevo = Endpoint("brevo", logins=POSTMARK.logins)
    folder = spool_folder(tmp_path)
    folder.mkdir()
    for sender in ("postmark", "brevo"):
        (folder / sender).touch()  # where its folder should be

    async def talk(client: httpx.AsyncClient) -> None:
        assert (await client.post("/postmark", content=b"{}", auth=LOGIN)).status_code == 503
        assert (await client.post("/brevo", content=b"{}", auth=LOGIN)).status_code == 429
        assert (await client.get("/healthz")).status_code == 503
        (folder / "brevo").unlink()
        assert (await client.post("/brevo", content=b"{}", auth=LOGIN)).status_code == 200
        assert (await client.get("/healthz")).status_code == 200

    post_to(tmp_path, [POSTMARK, brevo], talk)
    assert [line["sender"] for line in spooled(tmp_path, "brevo")] == ["brevo"]


def test_requests_of_one_moment_are_answered_after_one_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, real = threading.Event(), os.fsync
    syncs: list[int] = []

    def sync(descriptor: int) -> None:
        if len(syncs) == 2:  # the new folder's names and parent are durable by then
            assert goes_on.wait(10)
        syncs.append(descriptor)
        real(descriptor)

    async def talk(client: httpx.AsyncClient) -> None:
        first = asyncio.create_task(client.post("/postmark", content=event(0), auth=LOGIN))
        while len(syncs) < 2:
            await asyncio.sleep(0.01)
        others = [
            asyncio.create_task(client.post("/postmark", content=event(n), auth=LOGIN))
            for n in range(1, 50)
        ]
        await asyncio.sleep(0.2)
        assert not first.done()
        assert not any(other.done() for other in others)
        goes_on.set()
        answers = await asyncio.gather(first, *others)
        assert {answer.status_code for answer in answers} == {200}
        assert len(syncs) < 8

    spool_folder(tmp_path).mkdir()
    monkeypatch.setattr(os, "fsync", sync)
    post_to(tmp_path, [POSTMARK], talk)
    assert sorted(bodies(tmp_path)) == sorted(event(number) for number in range(50))
