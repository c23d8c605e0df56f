"""The models against the second implementation of the definitions, on random dirty lakes."""

import random
import re
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from pprint import pformat
from typing import Any

import duckdb
import pytest
from helpers.builder import Builder
from helpers.support import BuildError, build_database
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from reference import Row, Settings, reference_tables
from reference.compare import Difference, compare, shrink
from reference.worlds import (
    DIRTY_RATES,
    START,
    TYPED_RATES,
    World,
    draw_worlds,
    prefixed,
    worlds,
    write_lake,
)

WORLDS = 80
ALL_TYPES = ["campaign", "workflow", "bulk"]
CASES: dict[str, dict[str, Any]] = {
    "the defaults": {},
    "clicks only, one day, New York": {
        "attribution_window_days": 1,
        "attribution_touches": ["clicked"],
        "attribution_source_types": ALL_TYPES,
        "reporting_timezone": "America/New_York",
    },
    "products and people only, thirty days, Kolkata": {
        "attribution_window_days": 30,
        "attribution_source_types": ALL_TYPES,
        "attribution_style": "product_element",
        "click_implies_open": False,
        "count_machine_engagement": False,
        "reporting_timezone": "Asia/Kolkata",
    },
    "typed files, people only, euros, the last touch as Mailchimp has it": {
        "attribution_policy": "mailchimp",
        "count_machine_engagement": False,
        "reporting_currency": "EUR",
        "attribution_source_types": ["campaign", "bulk"],
    },
}

# What chance would take too long to find: sums of money that end on half a cent, exactly, and would
# be rounded the other way as doubles.
HALF_A_CENT: World = {
    "order_events": [
        {
            "event_id": f"e{number}",
            "event_type": event_type,
            "event_at": START + timedelta(days=1),
            "loaded_at": START + timedelta(days=1),
            "order_id": "o1",
            "amount": Decimal(amount),
            "currency": currency,
        }
        for number, (event_type, amount, currency) in enumerate(
            [("paid", "1.00", "EUR"), ("paid", "0.69", "USD"), ("refunded", "123456789.99", "CHF")]
        )
    ]
}


@pytest.mark.parametrize("case", CASES)
def test_a_build_of_random_worlds_equals_the_reference(
    builder: Builder, case: str, tmp_path: Path
) -> None:
    dirt = not case.startswith("typed")
    number = list(CASES).index(case)
    lake = draw_worlds(WORLDS, seed=number, dirt=dirt)
    lake["w999_"] = prefixed(HALF_A_CENT, "w999_")
    if not dirt:
        lake |= told_otherwise(lake)
    differences, failure = _differences(builder, lake, CASES[case], tmp_path / "all", dirt=dirt)
    if differences:
        pytest.fail(_report(builder, differences, lake, CASES[case], tmp_path, dirt=dirt))
    if failure:
        raise failure
    if not dirt:
        assert_the_same_answers(
            build_database(tmp_path / "all" / "warehouse" / "email_stats.duckdb")
        )


# The same world told otherwise: nobody may be credited differently. A world's prefix is its number,
# that of each telling so many hundreds more.
RETOLD = 25
TELLINGS = {"every row twice": 1, "arrival shuffled": 2, "clocks shifted": 3, "a stranger": 4}
SHIFT = timedelta(days=11, hours=3, microseconds=7)


def told_otherwise(lake: dict[str, World]) -> dict[str, World]:
    """The first worlds of a lake, each in four other ways."""
    chance = random.Random(0)
    told: dict[str, World] = {}
    for number in range(RETOLD):
        prefix = f"w{number:03}_"
        for telling, hundreds in TELLINGS.items():
            other = f"w{100 * hundreds + number:03}_"
            world = {
                table: [
                    _told(row, prefix, other, shift=telling == "clocks shifted") for row in rows
                ]
                for table, rows in lake[prefix].items()
            }
            if telling == "every row twice":
                world = {table: rows + rows for table, rows in world.items()}
            elif telling == "arrival shuffled":
                world = {table: chance.sample(rows, len(rows)) for table, rows in world.items()}
            elif telling == "a stranger" and world["contacts"]:
                stranger = {"contact_id": f"{other}stranger", "email": f"{other}stranger@x.org"}
                world["contacts"].append(
                    world["contacts"][0] | stranger | {"merged_into_contact_id": None}
                )
            told[other] = world
    return told


def _told(row: Row, prefix: str, other: str, *, shift: bool) -> Row:
    def value(old: Any) -> Any:
        if isinstance(old, str):
            return old.replace(prefix, other)
        return old + SHIFT if shift and isinstance(old, datetime) else old

    return {name: value(old) for name, old in row.items()}


def assert_the_same_answers(database: Path) -> None:
    """Who is credited, and why others aren't, is told alike of each telling of a world."""
    columns = {
        "core.fct_attribution_credits": "attribution_policy, message_id, touch_type, share",
        "core.fct_unattributed_conversions": "attribution_policy, unattributed_reason",
        "marts.attribution_ledger": "touch_rank, message_id, event_id, touch_type, reason",
    }
    answers: dict[tuple[int, int], list[str]] = {}
    with duckdb.connect(str(database), read_only=True) as connection:
        for table, names in columns.items():
            rows = connection.sql(
                f"select conversion_id, conversion_type, {names} from {table} order by all"
            ).fetchall()
            for row in rows:
                number = int(row[0][1:4])
                text = re.sub(r"w[0-9]{3}_", "", str(row))
                answers.setdefault((number % 100, number // 100), []).append(text)
    worlds_with_answers = {world for world, telling in answers if telling == 0 and world < RETOLD}
    assert len(worlds_with_answers) > RETOLD // 2
    for world in range(RETOLD):
        for telling, hundreds in TELLINGS.items():
            expected = sorted(answers.get((world, 0), []))
            assert sorted(answers.get((world, hundreds), [])) == expected, (world, telling)


def _differences(
    builder: Builder, lake: dict[str, World], overrides: dict[str, Any], folder: Path, *, dirt: bool
) -> tuple[list[Difference], BuildError | None]:
    """Builds a lake and compares it; a data test that fails comes second to what differs."""
    rates = DIRTY_RATES if dirt else TYPED_RATES
    write_lake(lake.values(), rates, folder / "lake", dirt=dirt)
    warehouse = folder / "warehouse" / "email_stats.duckdb"
    failure = None
    try:
        builder.build(folder / "lake", warehouse, overrides)
    except BuildError as error:
        failure = error
    try:
        found = compare(build_database(warehouse), lake, _settings(overrides), rates)
    except duckdb.Error:
        # A model failed: there is nothing to compare.
        raise failure or AssertionError("the build lacks a table or column") from None
    return found, failure


def _settings(overrides: dict[str, Any]) -> Settings:
    values: dict[str, Any] = {
        key: tuple(v) if isinstance(v, list) else v for key, v in overrides.items()
    }
    return Settings(**values)


def _report(
    builder: Builder,
    differences: list[Difference],
    lake: dict[str, World],
    overrides: dict[str, Any],
    folder: Path,
    *,
    dirt: bool,
) -> str:
    """The first differences, and the raw rows of a small world that shows the first of them."""
    lines = [f"{len(differences)} differences, the first of them:"]
    lines += [f"  {difference}" for difference in differences[:20]]
    first = next((d for d in differences if d.world), None)
    if first is None or first.world is None:
        return "\n".join(lines)
    builds = iter(range(100))

    def are_bad(candidates: list[World]) -> list[bool]:
        tried = {f"w{n:03}_": prefixed(world, f"w{n:03}_") for n, world in enumerate(candidates)}
        place = folder / f"smaller-{next(builds)}"
        found, _ = _differences(builder, tried, overrides, place, dirt=dirt)
        bad = {d.world for d in found if (d.table, d.column) == (first.table, first.column)}
        return [prefix in bad for prefix in tried]

    small = shrink(lake[first.world], are_bad)
    lines += [f"The raw rows of a small world with a difference in {first.table} {first.column}:"]
    lines += [f"  {table}: {pformat(rows, width=160)}" for table, rows in small.items() if rows]
    return "\n".join(lines)


# --- the reference itself ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ordered_on_day", "reason"), [(4, None), (8, None), (10, "outside_window"), (2, "no_touch")]
)
def test_the_guides_example_of_attribution(ordered_on_day: int, reason: str | None) -> None:
    """Sent on day 1, opened on day 3, five days' window: day 4 is credited, day 10 isn't."""

    def day(number: int) -> datetime:
        return datetime(2026, 1, 1) + timedelta(days=number)

    def event(event_type: str, number: int, **values: Any) -> Row:
        times = {"event_at": day(number), "loaded_at": day(number)}
        return {"event_id": f"{event_type}-{number}", "event_type": event_type, **times, **values}

    def entity(**values: Any) -> Row:
        return {"updated_at": day(0), "loaded_at": day(0), **values}

    order = {"order_id": "o", "contact_id": "ann", "amount": "9.90", "currency": "usd"}
    raw: World = {
        "contacts": [entity(contact_id="ann", email="ann@x.org")],
        "sending_domains": [
            entity(
                sending_domain="x.org",
                valid_from=day(0),
                sending_service="aesthetix",
                is_dedicated=True,
                is_open_tracking_enabled=True,
                is_click_tracking_enabled=True,
            )
        ],
        "email_sources": [
            entity(email_source_id="s", email_source_type="campaign", sending_domain="x.org")
        ],
        "send_events": [
            event("sent", 1, message_id="m", email_source_id="s", contact_id="ann"),
        ],
        "engagement_events": [event("opened", 3, message_id="m")],
        "order_events": [event("paid", ordered_on_day, **order)],
    }
    tables = reference_tables(raw, user_agents=[])
    (conversion,) = tables["core.fct_conversions"]
    assert conversion["unattributed_reason"] == reason
    (message,) = tables["core.fct_messages"]
    assert message["revenue"] == (Decimal("9.90") if reason is None else 0)


@hypothesis_settings(max_examples=30, deadline=None)
@given(worlds())
def test_recipients_are_sent_failed_skipped_or_pending(world: World) -> None:
    for row in reference_tables(world, user_agents=[])["marts.email_performance_daily"]:
        parts = ("sent", "failed", "skipped", "pending")
        assert row["recipients"] == sum(row[part] for part in parts)


@hypothesis_settings(max_examples=30, deadline=None)
@given(worlds())
def test_attributed_and_unattributed_are_all_orders_to_the_cent(world: World) -> None:
    tables = reference_tables(world | {"exchange_rates": DIRTY_RATES}, user_agents=[])
    orders = [row for row in tables["core.fct_conversions"] if row["conversion_type"] == "order"]
    unattributed = sum(row["revenue"] or 0 for row in orders if row["unattributed_reason"])
    attributed = sum(row["revenue"] for row in tables["core.fct_messages"])
    assert attributed + unattributed == sum(row["revenue"] or 0 for row in orders)


@hypothesis_settings(max_examples=30, deadline=None)
@given(worlds(), st.randoms())
def test_rows_in_another_order_and_twice_give_the_same_tables(
    world: World, chance: random.Random
) -> None:
    again = {
        table: chance.sample(rows + rows[:3], len(rows) + len(rows[:3]))
        for table, rows in world.items()
    }

    def tables(raw: World) -> dict[str, list[str]]:
        counted = ("core.fct_quarantined_events", "marts.data_quality")
        found = reference_tables(raw, user_agents=[]).items()
        return {name: sorted(map(repr, rows)) for name, rows in found if name not in counted}

    assert tables(again) == tables(world)
