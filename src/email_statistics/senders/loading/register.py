"""The record of a lake's loads: what each read and gave, and which files it wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from email_statistics.errors import UsageError, suggest
from email_statistics.senders.loading.accounting import LoadResult
from email_statistics.senders.reading.files import Source
from email_statistics.senders.writing import FOLDER, write_text

LOADS = "_loads"
"""The folder of a lake that has one JSON file per load, or a list of them per file."""


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


def has_sizes(lake: Path, sender: str, sources: list[Source]) -> bool:
    """Whether some earlier load read files of these sizes."""
    sizes = sorted(source.path.stat().st_size for source in sources)
    return any(
        sorted(each["bytes"] for each in entry["inputs"]) == sizes
        for entry in read_loads(lake)
        if entry["sender"] == sender
    )


def files_of(lake: Path, load_id: str) -> list[Path]:
    """The files of a load that is to be replaced.

    Raises UsageError where the lake hasn't that load, or has compacted it.
    """
    if not load_file(lake, load_id).exists():
        names = [entry["load_id"] for entry in read_loads(lake)]
        if load_id in names:
            raise UsageError(
                f"The load {load_id} is compacted, its rows can't be told from others: "
                "replace loads before `email-stats compact` merges them."
            )
        raise UsageError(f"{lake} has no load {load_id}: {suggest(load_id, names)}")
    entry = find_load(lake, load_id) or {}
    tables = [lake / table / FOLDER / f"{load_id}.parquet" for table in entry["rows"]]
    if missing := [path for path in tables if not path.exists()]:
        raise UsageError(f"The load {load_id} can't be replaced: {missing[0]} isn't there.")
    return [*tables, load_file(lake, load_id), rejected_file(lake, load_id)]


def entry_of(result: LoadResult, sources: list[Source], moment: datetime) -> dict[str, Any]:
    """What is recorded of a load."""
    return {
        "load_id": result.load_id,
        "sender": result.sender,
        "inputs": [
            {"name": each.name, "bytes": each.path.stat().st_size, "sha256": each.digest}
            for each in sources
        ],
        "loaded_at": moment.replace(tzinfo=UTC).isoformat(),
        "records": result.records,
        "records_with_rows": result.records_with_rows,
        "rows": result.rows,
        "ignored": result.ignored,
        "rejected": result.rejected,
    }


def result_of(entry: dict[str, Any]) -> LoadResult:
    """What became of the records of a load that the lake has."""
    counts = ("records", "records_with_rows", "rows", "ignored", "rejected")
    return LoadResult(
        load_id=entry["load_id"],
        sender=entry["sender"],
        **{name: entry[name] for name in counts},
        is_already_loaded=True,
    )


def write_load(lake: Path, entry: dict[str, Any]) -> None:
    """Write a load's entry, after all its files are durable."""
    text = json.dumps(entry, indent=2, ensure_ascii=False) + "\n"
    write_text(load_file(lake, entry["load_id"]), text)
