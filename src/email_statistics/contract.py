"""The raw contract: every raw table with its columns, types, keys and accepted values.

It is written once, in ``models/staging/_sources.yml`` (which explains each entry), and read here.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import yaml

from email_statistics.paths import PROJECT_ROOT


@dataclass(frozen=True)
class RawColumn:
    """A raw column; ``type`` is DuckDB's, such as ``varchar``, ``timestamp``, ``decimal(18,2)``.

    A file without a required column can't be built. A row whose key is null or blank is
    quarantined, and so is one with another value than the accepted ones, where there are any (null
    is another value unless ``is_nullable``), or a value that begins with the reserved prefix.
    """

    name: str
    type: str
    is_required: bool = False
    is_key: bool = False
    is_nullable: bool = False
    accepted_values: tuple[str, ...] = ()
    reserved_prefix: str | None = None
    at_least: int | None = None
    at_most: int | None = None
    are_shares: bool = False


@dataclass(frozen=True)
class RawTable:
    """A raw table with its columns in the contract's order.

    ``identity`` tells one entity or event from another; ``paying_event_types`` must have an amount
    and a currency; of ``one_of`` a row must have one. Of an ``is_occasional`` one nothing may come
    for weeks. How staging stores it: ``looked_up_by`` are the columns by which an increment finds
    rows, ``seldom_repeated`` are long texts that hardly repeat.
    """

    name: str
    kind: Literal["entity", "event"]
    is_required: bool
    columns: tuple[RawColumn, ...]
    identity: tuple[str, ...]
    one_of: tuple[str, ...] = ()
    duplicate_order: tuple[str, ...] = ()
    paying_event_types: tuple[str, ...] = ()
    looked_up_by: tuple[str, ...] = ()
    seldom_repeated: tuple[str, ...] = ()
    is_occasional: bool = False

    @property
    def is_event(self) -> bool:
        """Whether its rows are events, which never change, and not versions of entities."""
        return self.kind == "event"

    @property
    def order(self) -> tuple[str, ...]:
        """The columns that decide between rows of one identity.

        Of an event the first row by them is kept; of an entity the last one is its latest version.
        """
        first = self.duplicate_order or ("updated_at", "loaded_at")
        return first + tuple(each.name for each in self.columns if each.name not in first)


@cache
def raw_tables() -> tuple[RawTable, ...]:
    """Return every table of the raw contract, in its order."""
    text = (PROJECT_ROOT / "models/staging/_sources.yml").read_text(encoding="utf-8")
    (source,) = (source for source in yaml.safe_load(text)["sources"] if source["name"] == "raw")
    return tuple(_table(table) for table in source["tables"])


def _table(table: dict[str, Any]) -> RawTable:
    meta = _lists_as_tuples(table["config"]["meta"])
    columns = (
        RawColumn(
            name=column["name"],
            type=column["data_type"],
            **_lists_as_tuples(column.get("config", {}).get("meta", {})),
        )
        for column in table["columns"]
    )
    return RawTable(name=table["name"], columns=tuple(columns), **meta)


def _lists_as_tuples(meta: dict[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in meta.items()
    }
