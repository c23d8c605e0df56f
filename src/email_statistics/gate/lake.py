"""The raw lake as the raw contract (models/staging/_sources.yml) describes it."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from email_statistics.errors import UsageError
from email_statistics.paths import PROJECT_ROOT


@dataclass(frozen=True)
class RawColumn:
    """A column of the contract."""

    name: str
    is_text: bool
    is_key: bool
    is_required: bool
    accepted_values: tuple[str, ...]


@dataclass(frozen=True)
class RawTable:
    """A table of the contract."""

    name: str
    is_event: bool
    is_required: bool
    columns: tuple[RawColumn, ...]


@cache
def raw_tables() -> tuple[RawTable, ...]:
    """Return every table of the raw contract, in its order."""
    text = (PROJECT_ROOT / "models/staging/_sources.yml").read_text(encoding="utf-8")
    (source,) = (source for source in yaml.safe_load(text)["sources"] if source["name"] == "raw")
    return tuple(
        RawTable(
            name=table["name"],
            is_event=table["config"]["meta"]["kind"] == "event",
            is_required=table["config"]["meta"]["is_required"],
            columns=tuple(_column(column) for column in table["columns"]),
        )
        for table in source["tables"]
    )


def _column(column: dict[str, Any]) -> RawColumn:
    meta = column.get("config", {}).get("meta", {})
    return RawColumn(
        name=column["name"],
        is_text=column["data_type"] == "varchar",
        is_key=meta.get("is_key", False),
        is_required=meta.get("is_required", False),
        accepted_values=tuple(meta.get("accepted_values", ())),
    )


def raw_files(lake: Path, table: str) -> list[Path]:
    """List the Parquet files of a raw table, at any depth, without those of writers at work."""
    folder = lake / table
    return sorted(
        path
        for path in folder.rglob("*.parquet")
        if path.is_file() and not any(part[0] in "_." for part in path.relative_to(folder).parts)
    )


class LakeFile(NamedTuple):
    """A file of a lake, by what tells whether it is still the same.

    Its path from the lake on, its bytes, the time of its last change in nanoseconds.
    """

    table: str
    path: str
    size: int
    modified_at_ns: int


def lake_files(lake: Path) -> list[LakeFile]:
    """List every file of a lake that a build reads."""
    found = []
    for table in raw_tables():
        for path in raw_files(lake, table.name):
            status = path.stat()
            inside = str(path.relative_to(lake))
            found.append(LakeFile(table.name, inside, status.st_size, status.st_mtime_ns))
    return found


def require_lake(lake: Path) -> None:
    """Raise ``UsageError`` where there is no such folder."""
    if not lake.is_dir():
        raise UsageError(
            f"There is no raw lake at {lake}: point EMAIL_STATS_RAW to the folder that holds it "
            "(or write a sample with `email-stats sample`)."
        )
