"""The web application of ``email-stats receive``: who may post, limits, handshakes, answers.

It parses a body only where the sender's signature lies in it. What it can't read is the load's to
reject.
"""

import asyncio
import base64
import json
import re
from collections import Counter
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from email_statistics.receiver.endpoints import Endpoint
from email_statistics.receiver.sns import Fetch, Topics, fetch, is_of_sns
from email_statistics.receiver.spool import Spool
from email_statistics.senders.signatures import SignedRequest

LARGEST_BODY = 10 << 20
"""Bytes; a longer body is refused."""

_SECONDS_FOR_A_BODY = 30
# At most so many bodies longer than this are in memory at once; the others wait for their turn.
_LARGE_BODY = 1 << 20
_LARGE_BODIES = 8
_WOOCOMMERCE_PING = re.compile(rb"webhook_id=\d+")
# What a load may ask of a delivery: how the body is written, and of what shop and topic it is.
_KEPT_HEADERS = (
    "content-type",
    "content-encoding",
    "x-shopify-topic",
    "x-shopify-shop-domain",
    "x-wc-webhook-topic",
    "x-wc-webhook-source",
)


class Receiver:
    """The routes of the receiver: ``POST`` and ``HEAD /<sender>``, ``GET /healthz``."""

    def __init__(
        self, endpoints: Mapping[str, Endpoint], spool: Spool, fetch: Fetch = fetch
    ) -> None:
        """Serve ``endpoints`` by sender; ``fetch`` gets what Amazon SNS asks to be fetched."""
        self.refused: Counter[tuple[str, int]] = Counter()
        """How many requests of a sender were refused with a status."""
        self._endpoints = endpoints
        self._spool = spool
        self._topics = {name: Topics(each.topic_arns, fetch) for name, each in endpoints.items()}
        self._large_bodies = asyncio.Semaphore(_LARGE_BODIES)
        self._is_writable = True

    def app(self) -> Starlette:
        """Return the ASGI application."""
        app = Starlette(
            routes=[
                Route("/healthz", self._health, methods=["GET"]),
                Route("/{sender}", self._answer, methods=["POST", "HEAD"]),
            ]
        )
        app.router.redirect_slashes = False
        return app

    async def _health(self, request: Request) -> Response:
        if self._is_writable:
            return JSONResponse({"status": "ok"})
        return JSONResponse(
            {"status": "the spool can't be written"}, HTTPStatus.SERVICE_UNAVAILABLE
        )

    async def _answer(self, request: Request) -> Response:
        endpoint = self._endpoints.get(request.path_params["sender"])
        if endpoint is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        if request.method == "HEAD":  # by which some senders see that the URL is there
            return Response()
        try:
            await self._receive(endpoint, request)
        except HTTPException as error:
            self.refused[endpoint.sender, error.status_code] += 1
            raise
        return Response()

    async def _receive(self, endpoint: Endpoint, request: Request) -> None:
        if not endpoint.admits(request.headers.get("authorization", "")):
            # SNS gives its user and password only when it is asked.
            raise HTTPException(
                HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Basic realm=email-stats"}
            )
        length = int(request.headers.get("content-length", LARGEST_BODY))
        if length > LARGEST_BODY:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        async with self._large_bodies if length > _LARGE_BODY else nullcontext():
            body = await _read(request)
            if await self._is_to_be_stored(endpoint, request, body):
                await self._store(endpoint, _line(endpoint.sender, request, body))

    async def _is_to_be_stored(self, endpoint: Endpoint, request: Request, body: bytes) -> bool:
        """Whether a body holds events. Raises ``HTTPException`` where it isn't signed."""
        if endpoint.topic_arns or (endpoint.sender == "ses" and is_of_sns(body)):
            return await self._topics[endpoint.sender].takes(body)
        if endpoint.sender == "woocommerce" and _WOOCOMMERCE_PING.fullmatch(body):
            return False  # unsigned, and sent once: a refusal would switch the webhook off
        if endpoint.verify:
            url = endpoint.public_url or str(request.url)
            signed = SignedRequest(request.headers, body, url)
            if not endpoint.verify(signed, datetime.now(UTC)):
                raise HTTPException(HTTPStatus.UNAUTHORIZED)
        return True

    async def _store(self, endpoint: Endpoint, line: bytes) -> None:
        try:
            await self._spool.append(endpoint.sender, line)
        except (OSError, MemoryError):
            self._is_writable = False
            # Brevo gives up at every 5xx, and tries again at this one alone.
            raise HTTPException(
                HTTPStatus.TOO_MANY_REQUESTS
                if endpoint.sender == "brevo"
                else HTTPStatus.SERVICE_UNAVAILABLE
            ) from None
        self._is_writable = True


async def _read(request: Request) -> bytes:
    """Read a body whole. Raises ``HTTPException`` where it is too long or takes too long."""
    chunks, length = [], 0
    try:
        async with asyncio.timeout(_SECONDS_FOR_A_BODY):
            async for chunk in request.stream():
                length += len(chunk)
                if length > LARGEST_BODY:
                    raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                chunks.append(chunk)
    except TimeoutError:
        raise HTTPException(HTTPStatus.REQUEST_TIMEOUT) from None
    except ClientDisconnect:
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None
    return b"".join(chunks)


def _line(sender: str, request: Request, body: bytes) -> bytes:
    """Return the line of the spool for a request."""
    headers = request.headers
    line: dict[str, object] = {
        "received_at": datetime.now(UTC).isoformat(),
        "sender": sender,
        "headers": {name: headers[name] for name in _KEPT_HEADERS if name in headers},
    }
    try:
        if b"\0" in body:  # each would take six bytes
            raise ValueError
        line["body"] = body.decode()
    except ValueError:
        line["body_base64"] = base64.b64encode(body).decode()
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
