"""Lakes that grow by deliveries, and whether an incremental build equals a full refresh."""

import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
from helpers.support import steps_of
from reference import Row
from reference.worlds import World, write_lake

# When a table was built isn't part of the promise, nor is the order of a list.
NOT_COMPARED = {
    "core.build": ["built_at"],
    "intermediate.int_conversions_identified": ["candidate_contact_ids"],
}


def shuffle_into_deliveries(
    lake: Iterable[World], rates: Sequence[Row], shares: Sequence[float], chance: random.Random
) -> list[World]:
    """Deal every row of the worlds to a delivery, in no order, and one in ten to a second one too.

    ``shares`` are the deliveries' weights. The rates come as the table ``exchange_rates``.
    """
    deliveries: list[World] = [{} for _ in shares]
    tables = [*(item for world in lake for item in world.items()), ("exchange_rates", list(rates))]
    for table, rows in tables:
        for row in rows:
            times = 2 if chance.random() < 0.1 else 1
            for delivery in chance.choices(deliveries, weights=shares, k=times):
                delivery.setdefault(table, []).append(row)
    return deliveries


def deliver(delivery: World, lake: Path, name: str, *, dirt: bool = True) -> None:
    """Write a delivery into files of its own, beside those that lie in the lake."""
    worlds = {table: rows for table, rows in delivery.items() if table != "exchange_rates"}
    write_lake([worlds], delivery.get("exchange_rates", []), lake, dirt=dirt, delivery=name)


def differences(database: Path, other: Path) -> list[str]:
    """List the tables whose rows differ between two build databases, with two rows of each.

    All but what is batch by batch: staging.
    """
    found = []
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach '{database}' as a (read_only)")
        connection.execute(f"attach '{other}' as b (read_only)")
        connection.execute(f"attach '{steps_of(database)}' as a_steps (read_only)")
        connection.execute(f"attach '{steps_of(other)}' as b_steps (read_only)")
        relations = connection.execute(
            "select distinct table_catalog in ('a_steps', 'b_steps'), table_schema, table_name"
            " from information_schema.tables"
            " where table_schema in ('core', 'marts', 'intermediate') order by all"
        ).fetchall()
        assert {schema for _, schema, _ in relations} == {"core", "marts", "intermediate"}
        for is_step, schema, table in relations:
            relation = f"{schema}.{table}"
            left_out = ", ".join(NOT_COMPARED.get(relation, []))
            columns = f"* exclude ({left_out})" if left_out else "*"
            a, b = ("a_steps", "b_steps") if is_step else ("a", "b")
            for one, two in ((a, b), (b, a)):
                rows = connection.sql(
                    f"select {columns} from {one}.{relation}"
                    f" except all select {columns} from {two}.{relation}"
                ).fetchall()
                if rows:
                    side = "incremental" if one == a else "full refresh"
                    found.append(f"{relation}: {len(rows)} rows only in the {side}: {rows[:2]}")
    return found
