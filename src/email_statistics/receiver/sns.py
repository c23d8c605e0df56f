"""Amazon SNS, which delivers the events of Amazon SES: its certificates and its handshake."""

import json
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx
from starlette.exceptions import HTTPException

from email_statistics.senders.signatures import is_signed_by_sns

Fetch = Callable[[str], Awaitable[bytes]]
_HOST = re.compile(r"sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")
_CERTIFICATES_KEPT = 16


async def fetch(url: str) -> bytes:
    """Fetch a page of Amazon's. Raises ``httpx.HTTPError`` where it can't be had."""
    async with httpx.AsyncClient(timeout=5) as client:
        return (await client.get(url)).raise_for_status().content


def is_of_sns(body: bytes) -> bool:
    """Whether a body is an SNS envelope, signed or not."""
    message = _message(body)
    return "TopicArn" in message and "Type" in message


class Topics:
    """The topics of which messages are taken, and the certificates that sign them."""

    def __init__(self, arns: frozenset[str], fetch: Fetch) -> None:
        """Take messages of the topics ``arns``; ``fetch`` gets a URL's content."""
        self._arns = arns
        self._fetch = fetch
        self._certificates: dict[str, bytes] = {}

    async def takes(self, body: bytes) -> bool:
        """Whether a body is a notification to store; a handshake is answered instead.

        Raises ``HTTPException``: 403 for another topic, 401 where it isn't signed by Amazon, 503
        where Amazon can't be reached, so that it tries again.
        """
        message = _message(body)
        if message.get("TopicArn", "") not in self._arns:
            raise HTTPException(HTTPStatus.FORBIDDEN)
        if not is_signed_by_sns(message, await self._certificate(message)):
            raise HTTPException(HTTPStatus.UNAUTHORIZED)
        if message["Type"] == "SubscriptionConfirmation":
            await self._get(message["SubscribeURL"])
        return message["Type"] == "Notification"

    async def _certificate(self, message: dict[str, str]) -> bytes:
        url = message.get("SigningCertURL", "")
        if url not in self._certificates:
            certificate = await self._get(url)
            if len(self._certificates) >= _CERTIFICATES_KEPT:
                self._certificates.pop(next(iter(self._certificates)))
            self._certificates[url] = certificate
        return self._certificates[url]

    async def _get(self, url: str) -> bytes:
        if not _is_amazons(url):
            raise HTTPException(HTTPStatus.UNAUTHORIZED)
        try:
            return await self._fetch(url)
        except httpx.HTTPError:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE) from None


def _message(body: bytes) -> dict[str, str]:
    """Return the text fields of a message; none where the body is no JSON object."""
    try:
        fields: Any = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(fields, dict):
        return {}
    return {name: value for name, value in fields.items() if isinstance(value, str)}


def _is_amazons(url: str) -> bool:
    """Whether a URL is SNS's own: HTTPS, its host, no port, no user."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and _HOST.fullmatch(parts.netloc) is not None
