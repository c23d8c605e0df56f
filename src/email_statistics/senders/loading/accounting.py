"""What became of every record of a load: counted, and said."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from email_statistics.senders.mapping.declaration import Sender
from email_statistics.senders.profile import FILE_NAME, Profile
from email_statistics.senders.reading.files import LONGEST, Source

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
_SHOWN = 5
"""Rows of each table that a dry run shows."""


@dataclass(frozen=True)
class LoadResult:
    """What became of a load's records, and what it wrote.

    ``records`` = ``records_with_rows`` + all of ``ignored`` + all of ``rejected``; ``rows`` are by
    raw table; ``shown`` are a dry run's first rows. ``is_readable`` is false where no record could
    be read at all.
    """

    load_id: str
    sender: str
    records: int
    records_with_rows: int
    rows: dict[str, int]
    ignored: dict[str, int]
    rejected: dict[str, int]
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    is_already_loaded: bool = False
    is_readable: bool = True
    shown: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


@dataclass
class Account:
    """Counts of records: each is read once, and either gave rows, or is ignored, or rejected.

    Beside them ``rows`` by raw table, those that a dry run shows, and what else ``result`` tells.
    """

    records: int = 0
    records_with_rows: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    shown: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    opens: int = 0
    untold: Counter[str] = field(default_factory=Counter)
    is_cut_off: bool = False

    def add(self, outcome: str, why: str | None, count: int) -> None:
        """Count records of one outcome."""
        self.records += count
        if outcome == "row":
            self.records_with_rows += count
        else:
            (self.ignored if outcome == "ignored" else self.rejected)[why or ""] += count

    def show(self, table: str, rows: pa.Table) -> None:
        """Keep the first rows of a table."""
        shown = self.shown.setdefault(table, [])
        shown += rows.slice(0, _SHOWN - len(shown)).to_pylist()

    def absorb(self, other: Account) -> None:
        """Add another account's counts."""
        self.records += other.records
        self.records_with_rows += other.records_with_rows
        self.ignored.update(other.ignored)
        self.rejected.update(other.rejected)
        self.rows.update(other.rows)
        self.opens += other.opens
        self.untold.update(other.untold)
        for table, rows in other.shown.items():
            self.shown[table] = (self.shown.get(table, []) + rows)[:_SHOWN]

    def remark(self, source: Source) -> None:
        """Say what reading a file found out."""
        self.is_cut_off |= source.is_cut_off
        if source.is_cut_off:
            self.notes.append(f"{source.name} is cut off: loaded up to there.")
        for reason in source.broken:
            self.notes.append(f"{source.name} can't be read to its end: {reason}")
        if source.too_long:
            self.add("rejected", "unreadable", source.too_long)
            self.notes.append(
                f"{source.name} has {source.too_long:,} records of over "
                f"{LONGEST >> 20} MB: rejected as unreadable, and not copied."
            )

    def result(
        self, sender: Sender, profile: Profile, load_id: str, files: tuple[Path, ...] = ()
    ) -> LoadResult:
        """What became of a load's records, and what there is to say of them."""
        if not profile.is_named and self.rows.get("email_sources"):
            self.notes.append(
                f"No profile names {sender.name}: every source whose type the events don't "
                "give is a campaign, and domains and contacts are what the events say."
            )
        if not self.opens and (firsts := self.ignored.get(sender.first_opens)):
            self.notes.append(
                f"{firsts:,} first opens are ignored, and no other open came: switch every open on "
                f"there, or set first_opens_only in {FILE_NAME}."
            )
        for why, sentence in sender.untold.items():
            if count := self.untold[why]:
                self.notes.append(f"{count:,} {sentence}")
        unreadable = self.rejected.get("unreadable", 0)
        return LoadResult(
            load_id=load_id,
            sender=sender.name,
            records=self.records,
            records_with_rows=self.records_with_rows,
            rows=dict(sorted(self.rows.items())),
            ignored=dict(sorted(self.ignored.items())),
            rejected=dict(sorted(self.rejected.items())),
            files=files,
            notes=tuple(self.notes),
            is_readable=self.records > unreadable or not (unreadable or self.is_cut_off),
            shown=self.shown,
        )
