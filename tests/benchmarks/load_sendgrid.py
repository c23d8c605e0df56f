"""How long `load sendgrid` takes for a million events, against a bare read of six columns.

Run it by itself: ``python tests/benchmarks/load_sendgrid.py [EVENTS]``. It prints seconds of wall
clock and of CPU, their ratios and the peak memory of the load; it asserts nothing.
"""

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from email_statistics.senders.loading.run import load
from email_statistics.senders.profile import Profile

_TYPES = ("processed", "delivered", "open", "click", "bounce", "deferred", "dropped", "open")
_AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1_2 like Mac OS X) AppleWebKit/605.1.15"


def _event(number: int) -> dict[str, object]:
    kind = _TYPES[number % len(_TYPES)]
    message = number // 4
    event: dict[str, object] = {
        "email": f"person{message}@example.com",
        "timestamp": 1_700_000_000 + number,
        "smtp-id": f"<14c5d75ce93.dfd.{message}@ismtpd-555>",
        "event": kind,
        "category": ["newsletter", "spring"],
        "sg_event_id": f"ZXZlbnQtaWQt{number:012d}",
        "sg_message_id": f"14c5d75ce93.dfd.{message}.filter0001.16648.5515E0B88.0",
        "singlesend_id": f"send-{message % 40}",
        "singlesend_name": "Spring news",
        "ip": "192.0.2.7",
        "asm_group_id": 10,
        "note": "x" * 180,
        "contact_id": f"c{message}",
    }
    if kind in ("open", "click"):
        event |= {"useragent": _AGENT, "sg_machine_open": False, "sg_content_type": "html"}
    if kind == "click":
        event |= {"url": f"https://www.example.com/offer/{number % 50}?utm_source=sendgrid"}
    if kind in ("bounce", "dropped"):
        event |= {"reason": "500 unknown recipient", "status": "5.0.0", "type": "bounce"}
    return event


def _timed(action: Callable[[], object]) -> tuple[float, float]:
    before, start = os.times(), time.perf_counter()
    action()
    after = os.times()
    cpu = after.user + after.system - before.user - before.system
    return time.perf_counter() - start, cpu


def _bare(events: Path, out: Path) -> None:
    columns = ("event", "email", "timestamp", "sg_message_id", "sg_event_id", "useragent")
    duckdb.connect().execute(
        f"copy (select {', '.join(columns)} from read_json('{events}')) to '{out}' (format parquet)"
    )


def main() -> None:
    """Generate the events, load them both ways, and print what it took."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder) / "events.jsonl"
        with events.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(_event(number)) + "\n" for number in range(count))
        bare = _timed(lambda: _bare(events, Path(folder) / "bare.parquet"))
        profile = Profile(sender="sendgrid")
        own = _timed(
            lambda: load("sendgrid", [events], lake=Path(folder) / "lake", profile=profile)
        )
        print(f"{count:,} events, {events.stat().st_size / 1e6:,.0f} MB of JSON Lines")
        print(f"bare read_json  {bare[0]:6.1f} s, {bare[1]:6.1f} s of CPU")
        print(f"load sendgrid   {own[0]:6.1f} s, {own[1]:6.1f} s of CPU")
        print(f"ratio           {own[0] / bare[0]:6.1f},   {own[1] / bare[1]:6.1f} of CPU")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"peak memory     {peak:6,.0f} MiB")


if __name__ == "__main__":
    main()
