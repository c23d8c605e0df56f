"""The web server of `receive` and `serve`: uvicorn, which alone would wait for ever for headers."""

import asyncio
from typing import Literal

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 1 << 16
"""Bytes of a request's first line and headers, beyond which its connection is closed."""
SECONDS_FOR_A_HEAD = 10.0
"""How long they may take."""


class BoundedHeads(HttpToolsProtocol):
    """Closes connections whose headers take too long or too much memory."""

    _deadline: asyncio.TimerHandle | None = None
    _length = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Expect headers from the first moment on."""
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Read, and count what belongs to headers that aren't complete."""
        super().data_received(data)
        if self._deadline:
            self._length += len(data)
            if self._length > LARGEST_HEAD:
                self.transport.close()

    def on_message_begin(self) -> None:
        """Expect the headers of a further request."""
        super().on_message_begin()
        self._expect()

    def on_headers_complete(self) -> None:
        """Go on to the body."""
        self._forget()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._forget()
        super().connection_lost(exc)

    def _expect(self) -> None:
        if self._deadline is None:
            self._length = 0
            self._deadline = self.loop.call_later(SECONDS_FOR_A_HEAD, self.transport.close)

    def _forget(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None


def web_server(
    app: ASGIApp,
    *,
    most_connections: int,
    seconds_to_answer: int,
    lifespan: Literal["auto", "off"] = "auto",
) -> uvicorn.Server:
    """A web server that names no product, logs no request and believes no header of a proxy.

    It answers what is in flight for ``seconds_to_answer`` once it is told to stop.
    """
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=BoundedHeads,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan=lifespan,
            limit_concurrency=most_connections,
            timeout_graceful_shutdown=seconds_to_answer,
        )
    )
