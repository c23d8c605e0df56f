"""The frames of the marts check: what is about to be published, beside what is published."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import duckdb

from email_statistics.gate.frames import COMPARE_FROM, Profile, Row, share

_SECONDS_A_DAY = 86_400

# Tables that give the totals of marts.email_performance_daily again: by a column of the metric's
# name; by a flag per message, of those with statistics; by a row per message and outcome.
_BY_COLUMN = (
    "marts.email_performance",
    "marts.email_activity_hourly",
    "marts.contact_engagement",
    "marts.deliverability_weekly",
)
# Of sent messages alone, while a service may accept a message and then not send it.
_NOT_COMPARED = {"marts.deliverability_weekly": {"accepted"}}
_BY_FLAG = "core.fct_messages"
_BY_ROW = "marts.message_outcomes"
_HAS_STATISTICS = "email_source_id in (select email_source_id from marts.email_performance)"

# What more raw rows don't make less, but for a correction here and there.
_GROWING = (
    "recipients", "sent", "delivered", "opens", "clicks", "opened", "clicked", "replied",
    "unsubscribed", "complained", "conversions", "orders", "revenue",
)  # fmt: skip


@dataclass(frozen=True)
class WarehouseTotals:
    """What a warehouse was built from and what it sums to."""

    causes: dict[str, Any]
    raw_rows: int
    data_through: float | None
    totals: dict[str, float | None]
    rates: dict[str, float | None]


def read_totals(connection: duckdb.DuckDBPyConnection) -> WarehouseTotals:
    """Return the totals of the warehouse that ``connection`` reads.

    Raises ``duckdb.Error`` where it lacks a table or a column of today's.
    """
    version, lake, settings, raw_rows, data_through = connection.sql(
        "select project_version, raw_lake, settings, raw_rows, epoch(data_through_at)"
        " from core.build"
    ).fetchall()[0]
    metrics = connection.sql(
        "select metric, kind, numerator, denominator from core.dim_metrics"
        " where kind in ('count', 'money', 'rate')"
    ).fetchall()
    additive = [metric for metric, kind, *_ in metrics if kind in ("count", "money")]
    daily = connection.table("marts.email_performance_daily")
    summed = daily.aggregate(_sum_each(additive)).fetchall()[0]
    totals = dict(zip(additive, summed, strict=True))
    return WarehouseTotals(
        causes={"version of the project": version, "raw lake": lake, "settings": settings},
        raw_rows=raw_rows,
        data_through=data_through,
        totals=totals,
        rates={
            metric: _ratio(totals[numerator], totals[denominator])
            for metric, kind, numerator, denominator in metrics
            if kind == "rate"
        },
    )


def marts_profile(
    connection: duckdb.DuckDBPyConnection,
    published: WarehouseTotals | None,
    accepts_changes: bool,
) -> Profile:
    """Form the frames of stage ``marts``.

    ``connection`` reads the warehouse to be published; ``published`` is what is published now, None
    where it can't be read. Changes that the settings, the project's version or another lake
    explain aren't checked, nor are accepted ones.
    """
    building = read_totals(connection)
    profile = Profile(
        "marts",
        {
            "raw_tables": _raw_tables(connection),
            "tables": _tables(connection),
            "columns": _columns(connection),
            "sums": _sums(connection, building.totals),
        },
    )
    note = _explanation(building, published, accepts_changes)
    if note is not None or published is None:
        profile.notes.append(f"The figures were not compared with the published version: {note}.")
        return profile
    profile.frames["changes"] = _changes(building, published)
    return profile


def _explanation(
    building: WarehouseTotals, published: WarehouseTotals | None, accepts_changes: bool
) -> str | None:
    """Why figures may differ from the published ones, where they may."""
    if published is None:
        return "there is none that can be read"
    if accepts_changes:
        return "--accept-changes"
    for cause, value in building.causes.items():
        if value != published.causes[cause]:
            return f"the {cause} changed"
    return None


def _raw_tables(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    return [
        {
            "subject": table,
            "quarantined_share": share(quarantined, rows),
            "duplicate_share": share(duplicates, rows),
            "orphan_share": share(orphans, rows),
        }
        for table, rows, quarantined, duplicates, orphans in connection.sql(
            "select raw_table, raw_rows, quarantined_rows, coalesce(duplicate_rows, 0),"
            " coalesce(orphan_rows, 0)"
            " from marts.data_quality where raw_rows > 0 order by raw_table"
        ).fetchall()
    ]


def _tables(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    return [
        {"subject": table, "rows": connection.table(table).aggregate("count(*)").fetchall()[0][0]}
        for table in ("core.fct_messages", "marts.email_performance")
    ]


def _columns(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """Return a row per count and fraction of a mart, by one query per mart."""
    rates = {
        metric
        for (metric,) in connection.sql(
            "select metric from core.dim_metrics where kind = 'rate'"
        ).fetchall()
    }
    rows: list[Row] = []
    for table, columns in _numeric_columns(connection).items():
        measures = ", ".join(
            f"cast(min({name}) as double), cast(max({name}) as double), "
            f"count(*) filter (where not isfinite(cast({name} as double)))"
            for name in columns
        )
        measured = connection.table(table).aggregate(measures).fetchall()[0]
        for position, (name, data_type) in enumerate(columns.items()):
            lowest, highest, not_finite = measured[3 * position : 3 * position + 3]
            is_count, is_rate = data_type == "BIGINT", name in rates
            rows.append(
                {
                    "subject": f"{table}.{name}",
                    "lowest_count": lowest if is_count else None,
                    "lowest_rate": lowest if is_rate and not is_count else None,
                    "highest_rate": highest if is_rate and not is_count else None,
                    "not_finite": None if is_count else not_finite,
                }
            )
    return rows


def _numeric_columns(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Return the counts and fractions of each mart; of an increment, of each that is a table."""
    tables: dict[str, dict[str, str]] = {}
    for table, name, data_type in connection.execute(
        "select table_name, column_name, data_type from duckdb_columns()"
        " where database_name = current_database() and schema_name = 'marts'"
        " and data_type in ('DOUBLE', 'BIGINT')"
        " and not ($is_delta and table_name in (select view_name from duckdb_views()))"
        " order by table_name, column_index",
        {"is_delta": _is_delta(connection)},
    ).fetchall():
        tables.setdefault(f"marts.{table}", {})[name] = data_type
    return tables


def _is_delta(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether this was an increment: it doesn't change how a view follows from its tables."""
    return connection.sql("select is_delta from raw.batch").fetchall() == [(True,)]


def _sums(connection: duckdb.DuckDBPyConnection, totals: dict[str, float | None]) -> list[Row]:
    """How much the totals of other tables differ from those of the daily mart."""
    rows: list[Row] = []
    for table in _BY_COLUMN:
        relation = connection.table(table)
        metrics = set(relation.columns) - _NOT_COMPARED.get(table, set())
        measures = {metric: metric for metric in totals if metric in metrics}
        rows += _differences(table, relation, measures, totals)
    messages = connection.table(_BY_FLAG)
    flags = {metric: metric for metric in totals if f"is_{metric}" in messages.columns}
    # By source first: to look each message's source up would cost more than the sums.
    counted = ", ".join(f"count_if(is_{metric}) as {metric}" for metric in flags)
    of_sources = messages.filter("not is_test").aggregate(f"email_source_id, {counted}")
    rows += _differences(_BY_FLAG, of_sources.filter(_HAS_STATISTICS), flags, totals)
    if _is_delta(connection):
        return rows
    outcomes = connection.table(_BY_ROW).aggregate("outcome, count(*)").order("outcome").fetchall()
    return rows + [_difference_row(_BY_ROW, metric, value, totals) for metric, value in outcomes]


def _differences(
    table: str,
    relation: duckdb.DuckDBPyRelation,
    measures: dict[str, str],
    totals: dict[str, float | None],
) -> list[Row]:
    if not measures:
        return []
    summed = relation.aggregate(_sum_each(measures.values())).fetchall()[0]
    return [
        _difference_row(table, metric, value, totals)
        for metric, value in zip(measures, summed, strict=True)
    ]


def _difference_row(
    table: str, metric: str, value: float | None, totals: dict[str, float | None]
) -> Row:
    return {
        "subject": f"{metric} of {table} and of marts.email_performance_daily",
        "difference": round((value or 0) - (totals[metric] or 0), 2),
    }


def _sum_each(measures: Iterable[str]) -> str:
    return ", ".join(f"cast(sum({measure}) as double)" for measure in measures)


def _changes(building: WarehouseTotals, published: WarehouseTotals) -> list[Row]:
    """Return a row per total and overall rate of enough messages, and one for the latest event."""
    blank: Row = dict.fromkeys(("change", "unexplained_growth", "rate_change", "days_back"))
    days_back = _difference(published.data_through, building.data_through)
    rows: list[Row] = [
        {
            **blank,
            "subject": "data_through_at, the latest event,",
            "days_back": None if days_back is None else days_back / _SECONDS_A_DAY,
        }
    ]
    if (published.totals.get("recipients") or 0) < COMPARE_FROM:
        return rows
    raw_growth = _ratio(building.raw_rows, published.raw_rows)
    for metric in _GROWING:
        growth = _ratio(building.totals.get(metric), published.totals.get(metric))
        rows.append(
            {
                **blank,
                "subject": metric,
                "change": None if growth is None else growth - 1,
                "unexplained_growth": _ratio(growth, raw_growth),
            }
        )
    for rate, value in building.rates.items():
        change = _difference(value, published.rates.get(rate))
        rows.append({**blank, "subject": rate, "rate_change": change})
    return rows


def _ratio(numerator: float | None, denominator: float | None) -> float | None:
    return numerator / denominator if numerator is not None and denominator else None


def _difference(new: float | None, old: float | None) -> float | None:
    return new - old if new is not None and old is not None else None
