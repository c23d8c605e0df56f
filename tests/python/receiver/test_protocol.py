import asyncio
from collections.abc import Awaitable, Callable

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from email_statistics.receiver import protocol

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(await request.body())


def _talk_to_a_server(talk: Talk) -> None:
    async def run() -> None:
        app = Starlette(routes=[Route("/", _echo, methods=["POST"])])
        config = uvicorn.Config(
            app, port=0, http=protocol.BoundedHeads, log_config=None, lifespan="off"
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await talk(reader, writer)
        writer.close()
        server.should_exit = True
        await serving

    asyncio.run(run())


@pytest.mark.parametrize("begun", [b"", b"POST / HTTP/1.1\r\nHost: x\r\n"])
def test_headers_that_take_too_long_close_the_connection(
    begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "SECONDS_FOR_A_HEAD", 0.2)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(begun)
        assert await asyncio.wait_for(reader.read(), 10) == b""

    _talk_to_a_server(talk)


def test_a_body_has_time_and_each_request_of_a_connection_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "SECONDS_FOR_A_HEAD", 0.3)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in range(3):
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\n")
            await asyncio.sleep(0.2)
            writer.write(b"Content-Length: 6\r\n\r\nbody")
            await asyncio.sleep(0.4)
            writer.write(b"-%d" % number)
            answer = await asyncio.wait_for(reader.readuntil(b"body-%d" % number), 10)
            assert answer.startswith(b"HTTP/1.1 200")

    _talk_to_a_server(talk)
