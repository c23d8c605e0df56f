"""What stands before every route: the host, the session, who is signed in, what a page may load.

A request for another host is refused, for a page elsewhere may have made its own name point here
(DNS rebinding). A session is a signed cookie; each form holds a token of it, without which nothing
is changed. Sign-in is slow after a few wrong passwords.
"""

import asyncio
import hmac
import re
import secrets
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, quote, urlsplit

from itsdangerous import BadSignature, Signer, URLSafeTimedSerializer
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from email_statistics.serve.passwords import Password

SIGN_IN = "/sign-in"
LARGEST_FORM = 1 << 16
"""Bytes of a form."""

_OPEN = re.compile(r"/sign-in|/static/[a-z.]+|/exports/download/[^/]+|/healthz|/favicon\.ico")
_SECONDS_OF_A_SESSION = 12 * 60 * 60
_SECONDS_FOR_A_FORM = 15
# A path of this site: a browser reads // and /\ as the start of another host.
_LOCAL = re.compile(r"/(?![/\\])[\x21-\x7e]*")

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Session:
    """One browser's: its id, what its user is called, and the password that it signed in by."""

    id: str
    name: str = ""
    fingerprint: str = ""


@dataclass(frozen=True)
class Guard:
    """How the site is reached: ``hosts`` by name, over TLS if ``is_secure``, by whom."""

    key: str
    hosts: frozenset[str]
    is_secure: bool
    password: Password | None = None

    @property
    def cookie(self) -> str:
        """The cookie's name: browsers take a ``__Host-`` one over TLS only, of this host alone."""
        return "__Host-session" if self.is_secure else "session"

    def is_signed_in(self, session: Session) -> bool:
        """Whether a session may see pages: any may where there is no password."""
        if self.password is None:
            return True
        return hmac.compare_digest(session.fingerprint, self.password.fingerprint)

    def token(self, session: Session) -> str:
        """Return what each form of a session holds."""
        return Signer(self.key, salt="email-stats form").get_signature(session.id.encode()).decode()

    def read(self, request: Request) -> Session | None:
        """Return the session of a request's cookie; None where it has none that we signed."""
        try:
            values = self._cookies.loads(
                request.cookies.get(self.cookie, ""), max_age=_SECONDS_OF_A_SESSION
            )
        except BadSignature:
            return None
        return Session(*values)

    def remember(self, response: Response, session: Session) -> None:
        """Give the browser the cookie of a session."""
        response.set_cookie(
            self.cookie,
            self._cookies.dumps([session.id, session.name, session.fingerprint]),
            max_age=_SECONDS_OF_A_SESSION,
            path="/",
            secure=self.is_secure,
            httponly=True,
            samesite="lax",
        )

    async def form(self, request: Request) -> Mapping[str, str]:
        """Read the form of a POST request.

        Raises ``HTTPException`` where it is too long, takes too long, or isn't of this session.
        """
        if request.headers.get("content-type", "").partition(";")[0] != _FORM:
            raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        body = b""
        try:
            async with asyncio.timeout(_SECONDS_FOR_A_FORM):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > LARGEST_FORM:
                        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            fields = dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
        except TimeoutError:
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT) from None
        except ValueError:
            raise HTTPException(HTTPStatus.BAD_REQUEST) from None
        if not hmac.compare_digest(
            fields.pop("token", "").encode(), self.token(request.state.session).encode()
        ):
            raise HTTPException(
                HTTPStatus.FORBIDDEN, "This form is too old, or of another browser: open it again."
            )
        return fields

    @property
    def _cookies(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.key, salt="email-stats session")


_FORM = "application/x-www-form-urlencoded"


class Guarded:
    """An application behind a guard (ASGI)."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        """Let ``app`` see only requests that ``guard`` lets through."""
        self._app, self._guard = app, guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; ``request.state.session`` is its session."""
        if scope["type"] != "http":  # the start and the end of the server; no route is a websocket
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        session = self._guard.read(request)
        is_new = session is None
        session = session or Session(secrets.token_urlsafe(16))
        request.state.session = session

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if is_new and "set-cookie" not in headers:
                    cookie = Response()
                    self._guard.remember(cookie, session)
                    headers.append("set-cookie", cookie.headers["set-cookie"])
            await send(message)

        answer = self._refusal(request, session)
        await (answer or self._app)(scope, receive, send_safely)

    def _refusal(self, request: Request, session: Session) -> Response | None:
        names = request.headers.getlist("host")
        if len(names) != 1 or _host(names[0]) not in self._guard.hosts:
            return PlainTextResponse(
                "This site isn't known by that name.", HTTPStatus.MISDIRECTED_REQUEST
            )
        path: str = request.scope["path"]  # as routes see it
        if self._guard.is_signed_in(session) or _OPEN.fullmatch(path):
            return None
        if request.method not in ("GET", "HEAD"):
            return PlainTextResponse("Sign in first.", HTTPStatus.FORBIDDEN)
        wanted = path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{SIGN_IN}?next={quote(wanted, safe='')}", HTTPStatus.SEE_OTHER)


def _host(name: str) -> str:
    try:
        return (urlsplit(f"//{name}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def local(path: str) -> str:
    """Return a path of this site as it is, anything else as the first page."""
    return path if _LOCAL.fullmatch(path) else "/"


@dataclass
class Attempts:
    """Wrong passwords of the last minute, by client: beyond a few nobody may try another."""

    of_one: int = 5
    of_all: int = 50
    seconds: float = 60.0
    _failed: deque[tuple[float, str]] = field(default_factory=deque)

    def are_too_many(self, client: str) -> bool:
        """Whether a client has to wait."""
        while self._failed and self._failed[0][0] < time.monotonic() - self.seconds:
            self._failed.popleft()
        own = sum(one == client for _, one in self._failed)
        return own >= self.of_one or len(self._failed) >= self.of_all

    def add(self, client: str) -> None:
        """Remember that a client tries a password."""
        self._failed.append((time.monotonic(), client))

    def forget(self, client: str) -> None:
        """Forget the tries of a client that knew the password."""
        self._failed = deque(one for one in self._failed if one[1] != client)
