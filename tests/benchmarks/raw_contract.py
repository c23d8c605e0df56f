"""The raw contract (``models/staging/_sources.yml``) and a lake's files, for the bare script."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PROJECT_ROOT = Path(__file__).resolve().parents[2]

# Unicode's white space and the byte order mark.
WHITE_SPACE = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
)


@dataclass(frozen=True)
class Column:
    """A raw column; ``accepted`` are the only values that it may have, where there are any."""

    name: str
    type: str
    is_key: bool
    accepted: tuple[str, ...]
    is_nullable: bool


@dataclass(frozen=True)
class RawTable:
    """A raw table; of its rows with one ``identity`` the first in ``order`` stands for all."""

    name: str
    is_event: bool
    columns: tuple[Column, ...]
    identity: tuple[str, ...]
    order: tuple[str, ...]
    paying_types: tuple[str, ...]


def read_contract() -> list[RawTable]:
    """Return every raw table, in the contract's order."""
    text = (PROJECT_ROOT / "models" / "staging" / "_sources.yml").read_text(encoding="utf-8")
    sources = {source["name"]: source for source in yaml.safe_load(text)["sources"]}
    return [_table(table) for table in sources["raw"]["tables"]]


def files_of(lake: Path, table: str) -> list[Path]:
    """Return a table's Parquet files: what starts with ``_`` or ``.`` is somebody's at work."""
    return sorted(
        file
        for file in (lake / table).rglob("*.parquet")
        if not any(part.startswith(("_", ".")) for part in file.relative_to(lake).parts)
    )


def machine_user_agents() -> Path:
    """Return the seed of known user agents."""
    return PROJECT_ROOT / "seeds" / "user_agents.csv"


def _table(table: dict[str, Any]) -> RawTable:
    meta = table["config"]["meta"]
    columns = tuple(_column(column) for column in table["columns"])
    first = tuple(meta.get("duplicate_order", ("updated_at", "loaded_at")))
    return RawTable(
        name=table["name"],
        is_event=meta["kind"] == "event",
        columns=columns,
        identity=tuple(meta["identity"]),
        order=first + tuple(each.name for each in columns if each.name not in first),
        paying_types=tuple(meta.get("paying_event_types", ())),
    )


def _column(column: dict[str, Any]) -> Column:
    meta = column.get("config", {}).get("meta", {})
    return Column(
        name=column["name"],
        type=column["data_type"],
        is_key=meta.get("is_key", False),
        accepted=tuple(meta.get("accepted_values", ())),
        is_nullable=meta.get("is_nullable", False),
    )
