"""What the receiver bears: events a second, one per signed request, and how long answers take.

    .venv/bin/python tests/benchmarks/receiver_load.py --rate 2000 --connections 32 --seconds 60

It starts ``email-stats receive`` on a lake of its own, posts to 127.0.0.1 alone with the standard
library's client, a bounded number of requests, and counts the events in the lake at the end. The
time of an answer counts from the moment at which its request was due, so that a receiver that
falls behind can't hide it.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import http.client
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_STAMP = "1772359200"
_HEADER = "X-Twilio-Email-Event-Webhook"


@dataclass
class Measured:
    """What the clients saw: seconds per answer, and answers by status."""

    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)


class Requests:
    """Signed SendGrid requests of one event each."""

    def __init__(self, count: int) -> None:
        """Sign so many requests with a key of their own."""
        key = generate_private_key(SECP256R1())
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.key = base64.b64encode(public).decode()
        self.posts: list[tuple[bytes, dict[str, str]]] = []
        for number in range(count):
            body = _body(number)
            signature = key.sign(_STAMP.encode() + body, ECDSA(SHA256()))
            headers = {
                "Content-Type": "application/json",
                f"{_HEADER}-Timestamp": _STAMP,
                f"{_HEADER}-Signature": base64.b64encode(signature).decode(),
            }
            self.posts.append((body, headers))


def _body(number: int) -> bytes:
    event = {
        "event": "delivered",
        "email": f"person{number}@example.com",
        "timestamp": int(_STAMP),
        "sg_event_id": f"event-{number}",
        "sg_message_id": f"message-{number}.filter0001.16648.5515E0B88.0",
        "smtp-id": f"<{number}.message@mail.example.com>",
        "category": ["newsletter", "march"],
        "response": "250 2.0.0 OK 1772359200 a1-20020a0564021f0100b00468d1234567si1234567edb.123",
        "tls": 1,
        "ip": "192.0.2.1",
    }
    return json.dumps([event]).encode() + b"\r\n"


def _post(port: int, posts: list[tuple[float, bytes, dict[str, str]]], measured: Measured) -> None:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as client:
        for due, body, headers in posts:
            time.sleep(max(0.0, due - time.perf_counter()))
            client.request("POST", "/sendgrid", body, headers)
            response = client.getresponse()
            response.read()
            measured.seconds.append(time.perf_counter() - due)
            statuses = measured.statuses
            statuses[response.status] = statuses.get(response.status, 0) + 1


def measure(port: int, requests: Requests, rate: float, connections: int) -> Measured:
    """Post all requests at ``rate`` a second, dealt over so many connections."""
    start = time.perf_counter() + 1
    timed = [(start + n / rate, *post) for n, post in enumerate(requests.posts)]
    each = [Measured() for _ in range(connections)]
    threads = [
        threading.Thread(target=_post, args=(port, timed[number::connections], each[number]))
        for number in range(connections)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = Measured()
    for one in each:
        whole.seconds += one.seconds
        for status, count in one.statuses.items():
            whole.statuses[status] = whole.statuses.get(status, 0) + count
    return whole


def main() -> None:
    """Measure, print, and fail where an acknowledged event isn't in the lake."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=2000, help="events a second")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--every", default="10s", help="how often the receiver loads meanwhile")
    given = parser.parse_args()
    requests = Requests(int(given.rate * given.seconds))
    with tempfile.TemporaryDirectory() as folder:
        lake = Path(folder)
        profile = lake / "senders.yml"
        profile.write_text("senders: {sendgrid: {signing_key: SENDGRID_WEBHOOK_KEY}}\n")
        log = lake / "receive.log"
        with (
            log.open("w") as stderr,
            subprocess.Popen(
                [
                    str(Path(sys.executable).with_name("email-stats")),
                    *("receive", "--port", "0", "--lake", str(lake), "--every", given.every),
                ],
                env=os.environ | {"SENDGRID_WEBHOOK_KEY": requests.key},
                stderr=stderr,
            ) as receiver,
        ):
            while ", loading every" not in log.read_text():
                time.sleep(0.1)
            port = int(log.read_text().partition(", loading")[0].rpartition(":")[2])
            began = time.perf_counter()
            measured = measure(port, requests, given.rate, given.connections)
            seconds = time.perf_counter() - began - 1
            receiver.send_signal(signal.SIGTERM)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        rows = duckdb.read_parquet(f"{lake}/send_events/loaded/*.parquet")
        ((loaded, distinct),) = rows.aggregate("count(*), count(distinct event_id)").fetchall()
    times = sorted(measured.seconds)
    print(f"{len(times):,} requests in {seconds:.1f} s: {len(times) / seconds:,.0f} a second")
    for share in (0.5, 0.9, 0.99, 0.999):
        print(f"p{share * 100:g}: {times[int(len(times) * share)] * 1000:.1f} ms")
    print(f"longest: {times[-1] * 1000:.1f} ms; answers by status: {measured.statuses}")
    print(f"CPU of the receiver and its loads: {used.ru_utime + used.ru_stime:.1f} s")
    print(f"in the lake: {loaded:,} rows, {distinct:,} events; exit code {receiver.returncode}")
    sys.exit(0 if distinct == loaded == measured.statuses.get(200, 0) else 1)


if __name__ == "__main__":
    main()
