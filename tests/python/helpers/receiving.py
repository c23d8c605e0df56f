"""A receiver for tests: in this process, or as the command that a team runs."""

import asyncio
import base64
import contextlib
import http.client
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import httpx

from email_statistics.receiver.app import Receiver
from email_statistics.receiver.endpoints import Endpoint
from email_statistics.receiver.sns import Fetch
from email_statistics.receiver.spool import Spool, spool_folder

LOGIN = ("hook", "a-word-for-tests")
BASIC = {"Authorization": "Basic " + base64.b64encode(":".join(LOGIN).encode()).decode()}
SECONDS = 60


async def no_fetch(url: str) -> bytes:
    raise AssertionError(f"nothing may be fetched, but {url} was")


def post_to(
    lake: Path,
    endpoints: list[Endpoint],
    talk: Callable[[httpx.AsyncClient], Awaitable[None]],
    fetch: Fetch = no_fetch,
) -> Receiver:
    """Talk to a receiver in this process; its spool is complete afterwards."""
    spool = Spool(spool_folder(lake))
    receiver = Receiver({endpoint.sender: endpoint for endpoint in endpoints}, spool, fetch)

    async def run() -> None:
        transport = httpx.ASGITransport(receiver.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            await talk(client)

    with contextlib.closing(spool):
        asyncio.run(run())
        spool.rotate()
    return receiver


def spooled(lake: Path, sender: str = "*") -> list[dict[str, Any]]:
    """The requests in a lake's spool, complete or not."""
    files = sorted(spool_folder(lake).glob(f"{sender}/*.jsonl*"))
    return [json.loads(line) for file in files for line in file.open(encoding="utf-8")]


def bodies(lake: Path, sender: str = "*") -> list[bytes]:
    """The bodies in a lake's spool."""
    return [
        line["body"].encode() if "body" in line else base64.b64decode(line["body_base64"])
        for line in spooled(lake, sender)
    ]


def event(number: int | str) -> bytes:
    """A SendGrid body of one event."""
    return json.dumps(
        [
            {
                "event": "delivered",
                "email": f"person{number}@example.com",
                "timestamp": 1_772_359_200,
                "sg_event_id": f"event-{number}",
                "sg_message_id": f"message-{number}.filter0001",
            }
        ]
    ).encode()


def write_profile(lake: Path) -> Path:
    """A profile that serves SendGrid by Basic, and nobody else."""
    lake.mkdir(exist_ok=True)
    profile = lake / "senders.yml"
    profile.write_text("senders:\n  sendgrid:\n    basic_auth: TEST_LOGIN\n", encoding="utf-8")
    return profile


def environment(lake: Path) -> dict[str, str]:
    return os.environ | {
        "EMAIL_STATS_RAW": str(lake),
        "EMAIL_STATS_WAREHOUSE": str(lake.parent / "warehouse" / "email_stats.duckdb"),
        "TEST_LOGIN": ":".join(LOGIN),
    }


def command(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("email-stats")), *arguments]


class Running:
    """``email-stats receive`` in a process of its own."""

    def __init__(
        self, lake: Path, *arguments: str, limits: Callable[[], None] | None = None
    ) -> None:
        self.lake = lake
        self.log = lake.parent / "receive.log"
        with self.log.open("ab") as log:
            start = log.tell()
            self.process = subprocess.Popen(
                command("receive", "--port", "0", *arguments),
                env=environment(lake),
                stderr=log,
                stdout=log,
                preexec_fn=limits,
            )
        self.port = self._port(start)

    def _port(self, start: int) -> int:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            for line in self.log.read_bytes()[start:].decode().splitlines():
                if "Receiving" in line and "loading every" in line:
                    return int(line.partition(", loading")[0].rpartition(":")[2])
            time.sleep(0.05)
        raise AssertionError(f"no receiver: {self.log.read_text()}")

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)

    def post(self, body: bytes, headers: Mapping[str, str] = BASIC, path: str = "/sendgrid") -> int:
        with contextlib.closing(self.connect()) as connection:
            return answer(connection, body, headers, path)

    def stop(self) -> int:
        """Stop cleanly; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(SECONDS)


def answer(
    connection: http.client.HTTPConnection,
    body: bytes,
    headers: Mapping[str, str] = BASIC,
    path: str = "/sendgrid",
) -> int:
    """Post and return the status."""
    connection.request("POST", path, body, dict(headers))
    response = connection.getresponse()
    response.read()
    return response.status


@contextlib.contextmanager
def running(
    lake: Path, *arguments: str, limits: Callable[[], None] | None = None
) -> Iterator[Running]:
    receiver = Running(lake, *arguments, limits=limits)
    try:
        yield receiver
    finally:
        if receiver.process.poll() is None:
            receiver.kill()


def event_ids(lake: Path) -> list[str]:
    """The ids of all events in a lake, each as often as it stands there."""
    if not list(lake.glob("send_events/loaded/*.parquet")):
        return []
    rows = duckdb.read_parquet(f"{lake}/send_events/loaded/*.parquet").select("event_id")
    return sorted(name for (name,) in rows.fetchall())


class Clients:
    """Clients that post events, each once, while they are in use; they know what was answered."""

    def __init__(self, count: int = 8) -> None:
        self.port = 0
        self.sent: set[str] = set()
        self.acknowledged: set[str] = set()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._post, args=(n,)) for n in range(count)]

    def __enter__(self) -> "Clients":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _post(self, client: int) -> None:
        names = (f"{client}-{number}" for number in itertools.count())
        while not self._stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
            with (
                contextlib.closing(connection),
                contextlib.suppress(OSError, http.client.HTTPException),  # the receiver is dead
            ):
                while not self._stop.is_set():
                    name = next(names)
                    self.sent.add(f"sendgrid:delivered:event-{name}")
                    if answer(connection, event(name)) == 200:
                        self.acknowledged.add(f"sendgrid:delivered:event-{name}")
            self._stop.wait(0.05)


def kill_at_random(lake: Path, kills: int, seed: int) -> tuple[set[str], set[str]]:
    """Kill a receiver under load so many times, then let one load the rest and stop.

    Returns the ids of the events that were sent, and of those that were acknowledged. The seconds
    between kills are drawn, so that they hit requests, rotations, loads and removals.
    """
    draws = random.Random(seed)
    clients = Clients()
    with contextlib.ExitStack() as stack:
        for _ in range(kills):
            with running(lake, "--every", "1s") as receiver:
                clients.port = receiver.port
                if not clients.sent:
                    stack.enter_context(clients)
                time.sleep(draws.uniform(0.2, 4))
    with running(lake, "--every", "1s") as receiver:
        if receiver.stop() != 0:
            raise AssertionError(receiver.log.read_text())
    return clients.sent, clients.acknowledged
