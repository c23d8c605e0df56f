"""Casts and judges every raw row: accepted, duplicate or quarantined."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from reference.contract import ENTITIES, EVENTS, FROM_EMAIL, RawTable
from reference.values import CASTS, Row, UncastableError, is_blank, nulls_first, nulls_last

_EARLIEST_EVENT = datetime(2000, 1, 1)
_LATEST_AHEAD = timedelta(days=1)
_CURRENCY = re.compile(r"[A-Za-z]{3}")
_CENTS = Decimal("0.01")


@dataclass
class Judged:
    """One raw table, sorted out. ``accepted`` rows are cast; an entity's are in order of age."""

    raw_rows: int = 0
    accepted: list[Row] = field(default_factory=list)
    duplicate_rows: int = 0
    quarantined: list[Row] = field(default_factory=list)


def judge_lake(raw: dict[str, list[Row]]) -> dict[str, Judged]:
    """Every table of the contract; "an optional table that has no folder is an empty table"."""
    judged = {table.name: judge_events(table, raw.get(table.name, [])) for table in EVENTS}
    return judged | {
        table.name: judge_entities(table, raw.get(table.name, [])) for table in ENTITIES
    }


def judge_events(table: RawTable, rows: list[Row]) -> Judged:
    """Quarantine is decided before duplicates, so the corrected redelivery of a bad event is
    accepted (overview: The raw contract)."""
    judged = Judged(raw_rows=len(rows))
    by_id: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        values, invalid = _cast(table, row)
        reason = _event_reason(table, row, values, invalid)
        if reason:
            judged.quarantined.append(_quarantined(table, reason, values, row))
        else:
            by_id[values["event_id"]].append(values)
    for twins in by_id.values():
        judged.accepted.append(min(twins, key=lambda row: _duplicate_order(table, row)))
        judged.duplicate_rows += len(twins) - 1
    return judged


def judge_entities(table: RawTable, rows: list[Row]) -> Judged:
    """A row is quarantined where a key is null or blank (`missing_key`), a type, kind or service
    isn't known (`unknown_value`), or a value can't be cast or is reserved (`invalid_value`)
    (overview: The raw contract)."""
    judged = Judged(raw_rows=len(rows))
    for row in rows:
        values, invalid = _cast(table, row)
        if any(is_blank(row.get(column)) for column in table.not_blank):
            reason = "missing_key"
        elif any(
            values[column] not in words
            and not (values[column] is None and column in table.nullable)
            for column, words in table.words.items()
        ):
            reason = "unknown_value"
        elif invalid:
            reason = "invalid_value"
        else:
            judged.accepted.append(values)
            continue
        judged.quarantined.append(_quarantined(table, reason, values, row))
    judged.accepted.sort(key=lambda row: _age_order(table, row))
    return judged


def latest_rows(table: RawTable, accepted: Iterable[Row]) -> dict[Any, Row]:
    """The latest row of each id, by its key; the rows are in order of age (overview: The raw
    contract)."""
    latest = {tuple(row[column] for column in table.key): row for row in accepted}
    return {key if len(key) > 1 else key[0]: row for key, row in latest.items()}


def _cast(table: RawTable, row: Row) -> tuple[Row, set[str]]:
    """The row's values, null for what can't be cast, and the columns whose value is invalid: that
    was so, or the id of a contact begins as only those of contacts known by address do."""
    values: Row = {}
    invalid = set()
    for column, kind in table.columns.items():
        try:
            values[column] = CASTS[kind](row.get(column))
        except UncastableError:
            values[column] = None
            invalid.add(column)
    if (values.get("contact_id") or "").startswith(FROM_EMAIL):
        invalid.add("contact_id")
    return values, invalid


def _event_reason(table: RawTable, row: Row, values: Row, invalid: set[str]) -> str | None:
    """A quarantined row: kept whole, with the first reason that applies (overview: The raw
    contract)."""
    if any(is_blank(row.get(column)) for column in table.not_blank):
        return "missing_key"
    if table.one_of and all(is_blank(row.get(column)) for column in table.one_of):
        return "missing_key"
    if values["event_type"] not in table.words["event_type"]:
        return "unknown_event_type"
    if invalid & {"event_at", "loaded_at"} or not _is_plausible(values):
        return "invalid_timestamp"
    if values["event_type"] in ("paid", "refunded"):
        if not _is_amount(values["amount"]):
            return "invalid_amount"
        if not _CURRENCY.fullmatch(values["currency"] or ""):
            return "invalid_currency"
    return "invalid_value" if invalid else None


def _is_plausible(values: Row) -> bool:
    """Not "before 2000-01-01, or more than one day after `loaded_at`"."""
    event_at, loaded_at = values["event_at"], values["loaded_at"]
    return bool(event_at >= _EARLIEST_EVENT and event_at - loaded_at <= _LATEST_AHEAD)


def _is_amount(amount: Decimal | None) -> bool:
    """Not "null, negative, or more than two decimals"."""
    return amount is not None and amount >= 0 and amount == amount.quantize(_CENTS)


def _quarantined(table: RawTable, reason: str, values: Row, raw_row: Row) -> Row:
    """An entity's row has no `event_id`."""
    return {
        "raw_table": table.name,
        "reason": reason,
        "event_id": values.get("event_id"),
        "loaded_at": values["loaded_at"],
        "raw_row": raw_row,
    }


def _duplicate_order(table: RawTable, row: Row) -> tuple[tuple[Any, ...], ...]:
    """Which of the rows of one event is accepted: the smallest by `loaded_at`, `event_at`,
    `event_type`, then the remaining columns in the contract's order (overview: The raw
    contract)."""
    first = ["loaded_at", "event_at", "event_type"]
    if table.name == "experiment_assignments":
        first += ["experiment_id", "contact_id", "arm"]
    rest = [column for column in table.columns if column not in first]
    return nulls_last([row[column] for column in first + rest])


def _age_order(table: RawTable, row: Row) -> tuple[tuple[Any, ...], ...]:
    """By `updated_at`, then `loaded_at`, then the remaining columns in the contract's order
    (overview: The raw contract)."""
    first = ["updated_at", "loaded_at"]
    rest = [column for column in table.columns if column not in first]
    return nulls_first([row[column] for column in first + rest])
