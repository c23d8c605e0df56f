"""Small payloads of each sender, and loads of them into a lake of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from email_statistics.senders.loading.accounting import LoadResult
from email_statistics.senders.loading.run import load
from email_statistics.senders.profile import Profile

LOADED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def sendgrid_event(number: int = 1, **other: Any) -> dict[str, Any]:
    return {
        "email": f"person{number}@example.com",
        "timestamp": 1_772_359_200 + number,
        "event": "delivered",
        "sg_event_id": f"event-{number}",
        "sg_message_id": f"message-{number}.filter0001.1",
        **other,
    }


def written(folder: Path, content: object, name: str = "events.json") -> Path:
    """A file of JSON, of lines, or of the bytes as they are."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def loaded(
    sender: str, *paths: Path, lake: Path, profile: Mapping[str, Any] | None = None, **other: Any
) -> LoadResult:
    """A load whose account adds up."""
    settings = Profile.model_validate({"sender": sender, **(profile or {})})
    options = {"loaded_at": LOADED_AT, **other}
    result = load(sender, paths, lake=lake, profile=settings, **options)
    outcomes = sum(result.ignored.values()) + sum(result.rejected.values())
    assert result.records == result.records_with_rows + outcomes
    return result


def rows_of(lake: Path, table: str) -> list[dict[str, Any]]:
    """All rows of a raw table."""
    files = sorted((lake / table).rglob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def one_row(lake: Path, table: str) -> dict[str, Any]:
    (row,) = rows_of(lake, table)
    return row


def events_of(lake: Path) -> set[tuple[Any, ...]]:
    """What the events of a lake say, whatever their files and times of load."""
    tables = ("send_events", "engagement_events", "order_events")
    return {
        tuple(value for name, value in row.items() if name != "loaded_at")
        for table in tables
        for row in rows_of(lake, table)
    }
