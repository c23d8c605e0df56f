"""What experiments add to a full build: a lake without any, and with a million assignments.

    .venv/bin/python tests/benchmarks/experiments.py --messages 10000000 --assignments 1000000

Prints a line per build and their ratio. It asserts no time: run it on a machine that does nothing
else.
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

import duckdb
from lakes import email_stats, make_lake
from measuring import Cost, measure

from email_statistics.paths import PROJECT_ROOT

# Two holdouts of all emails and two A/B tests of one email each, an equal part of the assignments
# for each, spread over the second half of the sample's year.
_EXPERIMENTS = """
    select
        'bench_' || number as experiment_id,
        case when number < 3 then 'holdout' else 'ab_test' end as experiment_type,
        'control' as control_arm,
        case when number > 2 then (
            select max_by(email_source_id, number)
            from read_parquet('{lake}/email_sources/*.parquet', union_by_name = true)
            where email_source_type = 'campaign' and email_source_id not like '% %'
        ) end as email_source_id,
        '2026-01-01T00:00:00Z' as updated_at,
        '2026-01-01T00:00:00Z' as loaded_at
    from range(1, 5) as numbers (number)
"""
_ASSIGNMENTS = """
    with contacts as (
        select contact_id, row_number() over (order by contact_id) as place
        from (
            select distinct contact_id
            from read_parquet('{lake}/contacts/part-*.parquet', union_by_name = true)
            where contact_id is not null
        )
    )
    select
        'bench_' || number || '_' || place as event_id,
        'assigned' as event_type,
        timestamp '2026-01-01' + to_seconds(place * 7919 % (150 * 86400)) as event_at,
        event_at + interval 1 minute as loaded_at,
        'bench_' || number as experiment_id,
        contact_id,
        case when place % 2 = 0 then 'control' else 'email' end as arm
    from contacts cross join range(1, 5) as numbers (number)
    where place <= {assignments} / 4
"""


def main() -> None:
    """Build both lakes and print what each build cost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--messages", type=int, default=10_000_000, metavar="N")
    parser.add_argument("--assignments", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--out", type=Path, default=PROJECT_ROOT / "var" / "benchmarks")
    options = parser.parse_args()
    folder = options.out.resolve() / "experiments"
    shutil.rmtree(folder, ignore_errors=True)
    lake = make_lake(options.messages, folder / "lake").folder
    for table in ("experiments", "experiment_assignments"):
        shutil.rmtree(lake / table)
    without = _build(folder, lake, "without")
    _assign(lake, options.assignments)
    assigned = _build(folder, lake, "with")
    print(
        f"with / without: {assigned.seconds / without.seconds:.3f} of the time,"
        f" {assigned.cpu_seconds / without.cpu_seconds:.3f} of the CPU"
    )
    shutil.rmtree(folder)


def _assign(lake: Path, assignments: int) -> None:
    with duckdb.connect() as connection:
        for table, query in {
            "experiments": _EXPERIMENTS,
            "experiment_assignments": _ASSIGNMENTS,
        }.items():
            (lake / table).mkdir()
            rows = connection.sql(query.format(lake=lake, assignments=assignments))
            rows.write_parquet(str(lake / table / "benchmark.parquet"), compression="zstd")
            print(f"{table}: {len(rows):,} rows", flush=True)


def _build(folder: Path, lake: Path, name: str) -> Cost:
    """Build a new warehouse; dbt has read the project before, as after `make setup`."""
    warehouse = folder / "warehouse"
    shutil.rmtree(warehouse, ignore_errors=True)
    environment = os.environ | {
        "EMAIL_STATS_RAW": str(lake),
        "EMAIL_STATS_WAREHOUSE": str(warehouse / "email_stats.duckdb"),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    log = folder / f"{name}.log"
    measure([str(email_stats().with_name("dbt")), "parse"], environment, PROJECT_ROOT, log)
    cost = measure([str(email_stats()), "build"], environment, PROJECT_ROOT, log)
    print(f"{name}: {cost.seconds:.1f} s, {cost.cpu_seconds:.1f} s of CPU", flush=True)
    return cost


if __name__ == "__main__":
    main()
