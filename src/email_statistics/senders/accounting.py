"""What became of every record: counted, written beside the lake's tables, and printed."""

from __future__ import annotations

import base64
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from email_statistics.senders.writing import (
    hidden_name,
    write_all,
    write_text,
)
from email_statistics.storage import flush, make_private_folder

LOADS = "_loads"
"""The folder of a lake that has one JSON file per load, or a list of them per file."""
REJECTIONS = {
    "unreadable": "no JSON, or cut off",
    "unknown_event": "no event that the sender's page names: is it this sender's?",
    "no_message": "no id of the email that it belongs to",
    "no_recipient": "no address, and no id of a contact",
    "ambiguous_recipient": "several recipients and no word which: send one email per recipient",
    "no_time": "no time that can be read",
    "unsupported_amount": "no currency, or an amount that has no two decimals: see the profile",
    "refund_reversed": "money that came back: correct the order by hand",
    "bad_signature": "a signature that isn't the sender's",
}
"""Why records are rejected, and what to do about it."""


@dataclass
class Account:
    """Counts of records: each is read once, and either gave rows, or is ignored, or rejected."""

    records: int = 0
    records_with_rows: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: str, why: str | None, count: int) -> None:
        """Count records of one outcome."""
        self.records += count
        if outcome == "row":
            self.records_with_rows += count
        else:
            (self.ignored if outcome == "ignored" else self.rejected)[why or ""] += count

    def absorb(self, other: Account) -> None:
        """Add another account's counts."""
        self.records += other.records
        self.records_with_rows += other.records_with_rows
        self.ignored.update(other.ignored)
        self.rejected.update(other.rejected)


def load_file(lake: Path, load_id: str) -> Path:
    """Where a load's entry stands."""
    return lake / LOADS / f"{load_id}.json"


def rejected_file(lake: Path, load_id: str) -> Path:
    """Where a load's rejected records stand."""
    return lake / LOADS / f"{load_id}.rejected.jsonl"


def read_loads(lake: Path) -> Iterator[dict[str, Any]]:
    """Every load's entry, with its ``load_id``; a file may hold one or a list of them.

    A name that starts with ``_`` is a writer's at work.
    """
    folder = lake / LOADS
    for path in sorted(folder.glob("[!_]*.json")) if folder.is_dir() else ():
        content = json.loads(path.read_text(encoding="utf-8"))
        yield from content if isinstance(content, list) else [content]


def find_load(lake: Path, load_id: str) -> dict[str, Any] | None:
    """A load's entry; null where the lake hasn't it."""
    path = load_file(lake, load_id)
    if path.exists():
        entry: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return entry
    return next((entry for entry in read_loads(lake) if entry.get("load_id") == load_id), None)


def write_load(lake: Path, entry: dict[str, Any]) -> None:
    """Write a load's entry, after all its files are durable."""
    text = json.dumps(entry, indent=2, ensure_ascii=False) + "\n"
    write_text(load_file(lake, entry["load_id"]), text)


class RejectedRecords:
    """The rejected records of a load, each whole, in the form of the receiver's spool.

    So ``email-stats load SENDER`` reads the file again after a mend, with the times of the first
    load.
    """

    def __init__(self, lake: Path) -> None:
        """Have no file until a record is rejected."""
        self._hidden = hidden_name(rejected_file(lake, "load"))
        self._file: int | None = None
        self._lock = Lock()

    def append(self, reason: str, loaded_at: datetime, text: str | None, raw: bytes | None) -> None:
        """Write a record and why it is rejected."""
        line: dict[str, str] = {"reason": reason}
        line["received_at"] = loaded_at.replace(tzinfo=UTC).isoformat()
        if text is None:
            line["body_base64"] = base64.b64encode(raw or b"").decode()
        else:
            line["body"] = text
        with self._lock:
            if self._file is None:
                make_private_folder(self._hidden.parent)
                self._file = os.open(self._hidden, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            write_all(self._file, (json.dumps(line) + "\n").encode())

    def publish(self, load_id: str) -> list[Path]:
        """Make the file durable and give it its name."""
        if self._file is None:
            return []
        os.fsync(self._file)
        os.close(self._file)
        self._file = None
        path = self._hidden.with_name(f"{load_id}.rejected.jsonl")
        self._hidden.replace(path)
        flush(path.parent)
        return [path]

    def discard(self) -> None:
        """Remove the file unless it is published."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
            self._hidden.unlink(missing_ok=True)
