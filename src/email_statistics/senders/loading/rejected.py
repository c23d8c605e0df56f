"""The file of a load's rejected records."""

from __future__ import annotations

import base64
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from email_statistics.senders.loading.register import rejected_file
from email_statistics.senders.writing import hidden_name, write_all
from email_statistics.storage import flush, make_private_folder


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
