"""A raw lake's tables in polars: cast, judged and de-duplicated by the raw contract."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl
from raw_contract import WHITE_SPACE, Column, RawTable, files_of

TRUE, FALSE = ["true", "t", "1", "yes", "y"], ["false", "f", "0", "no", "n"]
TYPES: dict[str, pl.DataType] = {
    "varchar": pl.String(),
    "timestamp": pl.Datetime("us"),
    "boolean": pl.Boolean(),
    "decimal(18,2)": pl.Decimal(18, 2),
    "decimal(20,12)": pl.Decimal(20, 12),
}
REASON = "quarantine_reason"


@dataclass(frozen=True)
class Events:
    """An event table: its accepted rows, those judged otherwise, and how many rows it has raw."""

    accepted: pl.LazyFrame
    duplicates: pl.DataFrame
    quarantined: pl.DataFrame
    raw_rows: int


@dataclass(frozen=True)
class Entities:
    """An entity table: its rows but quarantined ones, the latest of an identity ranked 1."""

    history: pl.DataFrame
    quarantined: pl.DataFrame
    raw_rows: int

    @property
    def latest(self) -> pl.DataFrame:
        """One row an identity."""
        return self.history.filter(pl.col("rank") == 1).drop("rank")


def read_events(lake: Path, table: RawTable) -> Events:
    """Judge an event table.

    Few rows are looked at twice: those to be quarantined, and those whose id may come twice, which
    a hash tells cheaply; they alone are ordered.
    """
    judged, raw_rows = _judged(lake, table)
    identity = pl.col("event_id").hash()
    twice = (
        judged.select(hash=identity)
        .group_by("hash")
        .len()
        .filter(pl.col("len") > 1)
        .select("hash")
        .collect(engine="streaming")
        .to_series()
    )
    may_come_twice = identity.is_in(twice.implode())
    is_accepted = pl.col(REASON).is_null()
    suspects = judged.filter(~is_accepted | may_come_twice).collect(engine="streaming")
    competing = suspects.filter(is_accepted).drop(REASON).sort(table.order, nulls_last=True)
    is_first = pl.col("event_id").is_first_distinct()
    accepted = judged.filter(is_accepted & ~may_come_twice).drop(REASON)
    return Events(
        pl.concat([accepted, competing.filter(is_first).lazy()]),
        competing.filter(~is_first),
        suspects.filter(~is_accepted),
        raw_rows,
    )


def read_entities(lake: Path, table: RawTable) -> Entities:
    """Judge an entity table, which is much smaller than those of events."""
    lazy, raw_rows = _judged(lake, table)
    judged = lazy.collect(engine="streaming")
    history = (
        judged.filter(pl.col(REASON).is_null())
        .drop(REASON)
        .sort(table.order, descending=True, nulls_last=True)
        .with_columns(rank=pl.int_range(pl.len()).over(table.identity) + 1)
    )
    return Entities(history, judged.filter(pl.col(REASON).is_not_null()), raw_rows)


def _judged(lake: Path, table: RawTable) -> tuple[pl.LazyFrame, int]:
    """Return a table's raw rows, cast, with the reason to quarantine each; and their number.

    Files of other types are read by themselves: one of text doesn't make text of all others.
    """
    kinds: dict[tuple[tuple[str, pl.DataType], ...], list[Path]] = {}
    for file in files_of(lake, table.name):
        schema = {name.lower(): dtype for name, dtype in pl.read_parquet_schema(file).items()}
        kinds.setdefault(tuple(sorted(schema.items())), []).append(file)
    empty = pl.DataFrame(schema={each.name: TYPES[each.type] for each in table.columns})
    frames = [empty.lazy().with_columns(pl.lit(None, pl.String).alias(REASON))]
    raw_rows = 0
    for kind, files in kinds.items():
        raw = pl.scan_parquet(files, hive_partitioning=False)
        raw_rows += raw.select(pl.len()).collect().item()
        schema = dict(kind)
        typed = [_typed(each, schema).alias(each.name) for each in table.columns]
        # What a cast may have lost is looked at beside it.
        texts = [
            _text(each.name, schema).alias(f"{each.name}_text")
            for each in table.columns
            if _may_be_lost(each, schema)
        ]
        names = [each.name for each in table.columns]
        reason = _reason(table, schema).alias(REASON)
        frames.append(raw.select(*typed, *texts).select(*names, reason))
    return pl.concat(frames), raw_rows


def _text(name: str, schema: dict[str, pl.DataType]) -> pl.Expr:
    value = pl.col(name)
    if schema[name] != pl.String():
        value = value.cast(pl.String)
    trimmed = value.str.strip_chars(WHITE_SPACE)
    return pl.when(trimmed != "").then(trimmed)


def _is_native(column: Column, schema: dict[str, pl.DataType]) -> bool:
    # Not every datetime: one with a zone is another class of values, not another type.
    return type(schema[column.name]) is type(TYPES[column.type])


def _may_be_lost(column: Column, schema: dict[str, pl.DataType]) -> bool:
    return column.type != "varchar" and column.name in schema and not _is_native(column, schema)


def _typed(column: Column, schema: dict[str, pl.DataType]) -> pl.Expr:
    dtype = TYPES[column.type]
    if column.name not in schema:
        return pl.lit(None, dtype)
    if column.type != "varchar" and _is_native(column, schema):
        return pl.col(column.name).cast(dtype)
    text = _text(column.name, schema)
    if column.type == "varchar":
        return text.str.to_lowercase() if column.accepted else text
    if column.type == "timestamp":
        return _time(text)
    if column.type == "boolean":
        word = text.str.to_lowercase()
        return pl.when(word.is_in(TRUE)).then(True).when(word.is_in(FALSE)).then(False)
    return text.cast(dtype, strict=False)


def _time(text: pl.Expr) -> pl.Expr:
    """ISO-8601's extended format: a day, or a time with or without an offset."""
    iso = text.str.replace(" ", "T", literal=True).str.replace("Z$", "+00:00")
    iso = pl.when(iso.str.len_chars() == len("2026-01-01")).then(iso + "T00:00:00").otherwise(iso)
    has_offset = iso.str.contains(r"T.*[+-]\d{2}:?\d{2}$")
    iso = pl.when(has_offset).then(iso).otherwise(iso + "+00:00")
    moment = iso.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us", strict=False)
    return moment.dt.replace_time_zone(None)


def _reason(table: RawTable, schema: dict[str, pl.DataType]) -> pl.Expr:
    """The first reason that applies to a cast row."""
    never = pl.lit(value=False)
    blank, unknown, lost = [never], [never], [never]
    for each in table.columns:
        value, may_be_lost = pl.col(each.name), _may_be_lost(each, schema)
        if each.is_key:
            has_no_text = pl.col(f"{each.name}_text").is_null() if may_be_lost else True
            blank.append(value.is_null() & has_no_text)
        if each.accepted:
            is_known = value.is_in(each.accepted)
            unknown.append(~(is_known | value.is_null() if each.is_nullable else is_known))
        elif may_be_lost:
            lost.append(value.is_null() & pl.col(f"{each.name}_text").is_not_null())
    cases = [
        (pl.any_horizontal(blank), "missing_key"),
        (
            pl.any_horizontal(unknown),
            "unknown_event_type" if table.is_event else "unknown_value",
        ),
    ]
    if table.is_event:
        event_at, loaded_at = pl.col("event_at"), pl.col("loaded_at")
        is_early = event_at < pl.datetime(2000, 1, 1)
        is_ahead = event_at - pl.duration(days=1) > loaded_at
        cases.append(((is_early | is_ahead).fill_null(value=True), "invalid_timestamp"))
    if table.paying_types:
        pays = pl.col("event_type").is_in(table.paying_types)
        is_text = any(
            each.name == "amount" and _may_be_lost(each, schema) for each in table.columns
        )
        exact = pl.col("amount_text" if is_text else "amount").cast(
            pl.Decimal(38, 18), strict=False
        )
        is_amount = ((exact >= 0) & (exact == pl.col("amount"))).fill_null(value=False)
        is_currency = pl.col("currency").str.contains("^[A-Za-z]{3}$").fill_null(value=False)
        cases += [(pays & ~is_amount, "invalid_amount"), (pays & ~is_currency, "invalid_currency")]
    cases.append((pl.any_horizontal(lost), "invalid_value"))
    return pl.coalesce([pl.when(test).then(pl.lit(name)) for test, name in cases])
