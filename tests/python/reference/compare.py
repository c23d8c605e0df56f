"""Compares a build with the reference, world by world, and shrinks a world that differs."""

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import isclose
from pathlib import Path
from typing import Any

import duckdb

from reference.experiments import data_through
from reference.settings import Settings
from reference.staging import judge_lake
from reference.tables import Tables, reference_tables
from reference.values import Row
from reference.worlds import World

KEYS = {
    "core.dim_contacts": ("contact_id",),
    "core.dim_email_sources": ("email_source_id",),
    "core.dim_links": ("link_id",),
    "core.dim_sending_domains": ("sending_domain", "valid_from"),
    "core.fct_messages": ("message_id",),
    "core.fct_engagement_events": ("event_id",),
    "core.fct_conversions": ("conversion_type", "conversion_id"),
    "core.fct_attribution_credits": (
        *("conversion_type", "conversion_id"),
        *("attribution_policy", "message_id"),
    ),
    "core.fct_unattributed_conversions": (
        *("conversion_type", "conversion_id"),
        "attribution_policy",
    ),
    "core.dim_experiments": ("experiment_id",),
    "core.dim_experiment_arms": ("experiment_id", "arm"),
    "core.fct_experiment_contacts": ("experiment_id", "contact_id"),
    "marts.experiment_arms": ("experiment_id", "arm", "metric"),
    "marts.experiment_checks": ("experiment_id", "check_name"),
    "marts.attribution_calibration": ("experiment_id", "attribution_policy"),
    "marts.attribution_ledger": ("conversion_type", "conversion_id", "touch_rank"),
    "marts.email_performance_daily": ("email_source_id", "booked_date"),
    "marts.email_performance": ("email_source_id",),
    "marts.email_activity_hourly": ("email_source_id", "activity_hour"),
    "marts.click_performance": ("email_source_id",),
    "marts.link_performance": ("email_source_id", "link_key"),
    "marts.data_quality": ("raw_table",),
}
QUARANTINE = "core.fct_quarantined_events"
_PREFIX = re.compile(r"w[0-9]{3}_")
_TOLERANCE = 1e-12


@dataclass(frozen=True)
class Difference:
    """One cell, or the number of rows of a key where ``column`` is empty."""

    table: str
    key: tuple[Any, ...]
    column: str
    expected: Any
    got: Any

    @property
    def world(self) -> str | None:
        """The prefix of the world that differs; none where only the lake as a whole does."""
        return _world_of(" ".join(map(str, self.key)))

    def __str__(self) -> str:
        key = ", ".join(map(str, self.key))
        what = f"{self.table} [{key}] {self.column or '(rows)'}"
        return f"{what}: expected {self.expected!r}, got {self.got!r}"


def compare(
    database: Path, lake: Mapping[str, World], settings: Settings, rates: list[Row]
) -> list[Difference]:
    """All differences between the build of a lake and the reference of its worlds, by prefix; only
    the columns that the reference knows are looked at."""
    expected = _expected(lake, settings, rates)
    differences: list[Difference] = []
    with duckdb.connect(str(database), read_only=True) as connection:

        def read(table: str, columns: list[str]) -> list[Row]:
            names = ", ".join(f'"{column}"' for column in columns)
            rows = connection.sql(f"select {names} from {table}").fetchall()
            return [dict(zip(columns, row, strict=True)) for row in rows]

        for table, key in KEYS.items():
            columns = list(expected[table][0]) if expected[table] else list(key)
            differences += _compare_rows(table, key, expected[table], read(table, columns))
        columns = ["raw_table", "reason", "event_id", "loaded_at", "raw_row"]
        differences += _compare_quarantine(expected[QUARANTINE], read(QUARANTINE, columns))
    return differences


def _expected(lake: Mapping[str, World], settings: Settings, rates: list[Row]) -> Tables:
    """The tables of all worlds together; the rates, which all of them share, count once."""
    together: Tables = {table: [] for table in (*KEYS, QUARANTINE)}
    # All worlds share a lake, and so how far the data go.
    through = max(filter(None, (data_through(judge_lake(world)) for world in lake.values())))
    quality: dict[str, Counter[str]] = {}
    for world in ({}, *lake.values()):
        found = reference_tables(world | {"exchange_rates": rates}, settings, through=through)
        for table, rows in found.items():
            for row in rows:
                if row.get("raw_table") == "exchange_rates" and world:
                    continue
                if table == "marts.data_quality":
                    total = quality.setdefault(row["raw_table"], Counter())
                    total.update({name: n for name, n in row.items() if isinstance(n, int)})
                else:
                    together[table].append(row)
    empty = next(iter(reference_tables({}, settings)["marts.data_quality"]))
    together["marts.data_quality"] = [
        dict.fromkeys(empty) | {"raw_table": name} | total for name, total in quality.items()
    ]
    return together


def _compare_rows(
    table: str, key: tuple[str, ...], expected: list[Row], got: list[Row]
) -> list[Difference]:
    """Rows are found by their key, which must be one; then cell by cell."""
    differences = []

    def by_key(rows: list[Row]) -> dict[tuple[Any, ...], list[Row]]:
        groups: dict[tuple[Any, ...], list[Row]] = {}
        for row in rows:
            groups.setdefault(tuple(row[column] for column in key), []).append(row)
        return groups

    ours, theirs = by_key(expected), by_key(got)
    for place in sorted(ours.keys() | theirs.keys(), key=str):
        left, right = ours.get(place, []), theirs.get(place, [])
        if len(left) != 1 or len(right) != 1:
            differences.append(Difference(table, place, "", left, right))
            continue
        differences += [
            Difference(table, place, column, value, right[0][column])
            for column, value in left[0].items()
            if not _is_same(value, right[0][column])
        ]
    return differences


def _compare_quarantine(expected: list[Row], got: list[Row]) -> list[Difference]:
    """Quarantined rows have no key: the same rows, each as often."""

    def count(rows: list[Row]) -> Counter[tuple[Any, ...]]:
        return Counter(
            (
                _world_of(json.dumps(row["raw_row"], default=str)),
                *(row[column] for column in ("raw_table", "reason", "event_id", "loaded_at")),
            )
            for row in rows
        )

    ours, theirs = count(expected), count(got)
    return [
        Difference(QUARANTINE, row, "", ours[row], theirs[row])
        for row in sorted(ours.keys() | theirs.keys(), key=str)
        if ours[row] != theirs[row]
    ]


def _is_same(expected: Any, got: Any) -> bool:
    if isinstance(expected, float) and isinstance(got, float):
        return isclose(expected, got, rel_tol=_TOLERANCE)
    return (expected is None) == (got is None) and bool(expected == got)


def _world_of(text: str) -> str | None:
    found = _PREFIX.search(text)
    return found[0] if found else None


RowPlace = tuple[str, int]


def shrink(world: World, are_bad: Callable[[list[World]], list[bool]], rounds: int = 4) -> World:
    """A smaller world that is bad too, by dropping raw rows.

    ``are_bad`` judges many candidates at once, for one build holds them all; a round calls it
    twice: which pieces can go, and how many of them together.
    """
    chance = random.Random(0)
    for _ in range(rounds):
        rows = [(table, number) for table in world for number in range(len(world[table]))]
        sizes = {max(1, len(rows) // parts) for parts in (2, 4, 8, 16, len(rows) or 1)}
        pieces = [set(rows[i : i + n]) for n in sizes for i in range(0, len(rows), n)]
        verdicts = are_bad([_without(world, piece) for piece in pieces])
        needless = [piece for piece, is_bad in zip(pieces, verdicts, strict=True) if is_bad]
        if not needless:
            break
        unions: list[set[RowPlace]] = []
        for order in (
            sorted(needless, key=len, reverse=True),
            chance.sample(needless, len(needless)),
        ):
            unions += accumulate(order, set.union)
        smaller = [_without(world, union) for union in unions]
        verdicts = are_bad(smaller)
        bad = [candidate for candidate, is_bad in zip(smaller, verdicts, strict=True) if is_bad]
        world = min(bad, key=lambda candidate: sum(map(len, candidate.values())))
    return world


def _without(world: World, places: set[RowPlace]) -> World:
    return {
        table: [row for number, row in enumerate(rows) if (table, number) not in places]
        for table, rows in world.items()
    }
