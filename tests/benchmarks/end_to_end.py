"""How long an event takes from a webhook to the published tables, and what small files cost.

    .venv/bin/python tests/benchmarks/end_to_end.py --messages 1000000 --events 3 --files 10000

It makes a lake of so many messages and builds it. Then ``email-stats receive`` and ``email-stats
build --watch`` work side by side: each event is posted to 127.0.0.1, the next one once it stands in
the published file. Last, it adds so many files of one event each, as a receiver would over weeks,
and measures builds with them, ``email-stats compact``, and builds after it. It asserts nothing.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from lakes import email_stats
from measuring import measure

from email_statistics.paths import PROJECT_ROOT
from email_statistics.senders.loading.register import write_load
from email_statistics.senders.loading.run import load
from email_statistics.senders.profile import Profile
from email_statistics.senders.writing import FOLDER, schemas

_LOGIN = "benchmark:benchmark"
_EVERY = 60.0
"""Seconds between the receiver's loads, which is its default."""


class EndToEnd:
    """A lake of its own, with the commands that work on it."""

    def __init__(self, folder: Path) -> None:
        """Work below ``folder``."""
        self._folder = folder
        self._lake = folder / "lake"
        self._published = folder / "warehouse" / "email_stats.duckdb"
        self._environment = os.environ | {
            "EMAIL_STATS_RAW": str(self._lake),
            "EMAIL_STATS_WAREHOUSE": str(self._published),
            "DBT_TARGET_PATH": str(folder / "dbt" / "target"),
            "DBT_LOG_PATH": str(folder / "dbt" / "logs"),
            "POSTMARK_WEBHOOK_LOGIN": _LOGIN,
        }

    def make(self, messages: int) -> None:
        """Make a lake of so many messages and build it."""
        self._run("sample", "sample", "--out", str(self._lake), "--messages", str(messages))
        profile = "senders: {postmark: {basic_auth: POSTMARK_WEBHOOK_LOGIN}}\n"
        (self._lake / "senders.yml").write_text(profile)
        self._run(f"full build of {messages:,} messages", "build")

    def events(self, count: int) -> None:
        """Post events one after the other, and print how long each took to be published."""
        with self._at_work("receive", "--port", "0") as receiver, self._at_work("build", "--watch"):
            while ", loading every" not in receiver.read_text():
                time.sleep(0.1)
            port = int(receiver.read_text().partition(", loading")[0].rpartition(":")[2])
            for number in range(count):
                _post(port, _event(number))
                posted = time.monotonic()
                while not self._is_published(f"postmark:posted-{number}"):
                    time.sleep(0.5)
                print(f"event {number + 1} published after {time.monotonic() - posted:.0f} s")
                time.sleep(_EVERY * (number + 1) / (count + 1))  # another moment of the minute

    def small_files(self, count: int) -> None:
        """Print what builds cost with so many files of one event each, and after compacting."""
        self._run("a build with nothing new", "build")
        self._add_event("first")
        self._run("one event more", "build")
        self._add_files(count)
        self._run(f"{count:,} files of an event each", "build")
        self._run("a build with nothing new", "build")
        self._add_event("second")
        self._run("one event more", "build")
        self._run("compact", "compact", "--older-than", "0s")
        self._run("the build after it", "build")
        self._run("a build with nothing new", "build")
        self._add_event("third")
        self._run("one event more", "build")

    def _run(self, what: str, *arguments: str) -> None:
        command = [str(email_stats()), *arguments]
        cost = measure(command, self._environment, PROJECT_ROOT, self._folder / "command.log")
        print(
            f"{what}: {cost.seconds:.1f} s, {cost.cpu_seconds:.1f} s of CPU, "
            f"{cost.memory_bytes / 2**30:.2f} GiB",
            flush=True,
        )

    @contextlib.contextmanager
    def _at_work(self, *arguments: str) -> Iterator[Path]:
        """A command that works until the end of the block; its output is the file given."""
        log = self._folder / f"{arguments[0]}.log"
        with (
            log.open("wb") as output,
            subprocess.Popen(
                [str(email_stats()), *arguments],
                cwd=PROJECT_ROOT,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            try:
                yield log
            finally:
                process.send_signal(signal.SIGTERM)

    def _is_published(self, message: str) -> bool:
        with duckdb.connect(str(self._published), read_only=True) as connection:
            query = "select count(*) from core.fct_messages where message_id = ?"
            ((count,),) = connection.execute(query, [message]).fetchall()
        return bool(count)

    def _add_event(self, name: str) -> None:
        path = self._folder / "event.json"
        path.write_text(json.dumps(_event(name)))
        load("postmark", [path], lake=self._lake, profile=Profile(sender="postmark"))

    def _add_files(self, count: int) -> None:
        """As many loads of one event as a receiver leaves that loads each by itself."""
        schema = schemas()["send_events"]
        moment = datetime.now(UTC).replace(tzinfo=None)
        for number in range(count):
            row = dict.fromkeys(schema.names) | {
                "event_id": f"postmark:delivered:small-{number}",
                "event_type": "delivered",
                "event_at": moment,
                "loaded_at": moment,
                "message_id": f"postmark:small-{number}",
                "email_source_id": "postmark:broadcast",
                "recipient_email": f"person{number}@example.com",
            }
            load_id = f"postmark-{number:016x}"
            file = self._lake / "send_events" / FOLDER / f"{load_id}.parquet"
            pq.write_table(pa.Table.from_pylist([row], schema), file)
            entry = {"load_id": load_id, "sender": "postmark", "inputs": [], "records": 1}
            entry |= {"loaded_at": moment.replace(tzinfo=UTC).isoformat(), "records_with_rows": 1}
            entry |= {"rows": {"send_events": 1}, "ignored": {}, "rejected": {}}
            write_load(self._lake, entry)


def _event(name: object) -> dict[str, object]:
    now = datetime.now(UTC).isoformat()
    return {
        "RecordType": "Delivery",
        "MessageID": f"posted-{name}",
        "DeliveredAt": now,
        "Recipient": f"{name}@example.com",
        "MessageStream": "broadcast",
    }


def _post(port: int, event: dict[str, object]) -> None:
    login = base64.b64encode(_LOGIN.encode()).decode()
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as client:
        client.request("POST", "/postmark", json.dumps(event), {"Authorization": f"Basic {login}"})
        status = client.getresponse().status
    if status != 200:
        sys.exit(f"The receiver answers {status}.")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=3)
    parser.add_argument("--files", type=int, default=10_000)
    given = parser.parse_args()
    (PROJECT_ROOT / "var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=PROJECT_ROOT / "var") as folder:
        run = EndToEnd(Path(folder))
        run.make(given.messages)
        run.events(given.events)
        run.small_files(given.files)


if __name__ == "__main__":
    main()
