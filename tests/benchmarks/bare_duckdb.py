"""The core tables of a raw lake with one DuckDB process and plain SQL, to compare a build with.

    python tests/benchmarks/bare_duckdb.py LAKE FOLDER

Writes ``FOLDER/bare.duckdb``, with the rows and values of ``email-stats build`` and the default
settings: ``core.fct_messages``, ``fct_engagement_events``, ``fct_conversions`` (the default
policy), ``fct_order_events``, ``fct_orphans``, ``fct_raw_tables``, ``dim_contacts``,
``dim_email_sources``, ``dim_sending_domains`` whole; ``fct_quarantined_events`` without
``raw_row``, ``dim_links`` without ``tagged_url``. Every raw row is cast, trimmed and judged, every
duplicate found.

It leaves out all else that the project does: other attribution policies, tables of touches, marts,
tests, experiments, a manifest of files, increments, publishing, reports. Times written as text must
be in ISO-8601's extended format, whole numbers without a point, planned shares readable.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import duckdb

from email_statistics.contract import RawColumn, RawTable, raw_tables
from email_statistics.lake import raw_files
from email_statistics.paths import PROJECT_ROOT

STEPS = Path(__file__).with_suffix(".sql")

# Unicode's white space and the byte order mark.
WHITE_SPACE = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
)

NATIVE = {
    "timestamp": ("TIMESTAMP",),
    "boolean": ("BOOLEAN",),
    "decimal": ("DECIMAL",),
    "bigint": ("BIGINT", "INTEGER"),
}


def build(lake: Path, folder: Path) -> None:
    """Write the core tables of ``lake`` into ``folder/bare.duckdb``, which is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "bare.duckdb"
    database.unlink(missing_ok=True)
    with duckdb.connect(database) as connection:
        connection.execute("set timezone = 'UTC'; set preserve_insertion_order = false")
        seed = _quoted(str(PROJECT_ROOT / "seeds" / "user_agents.csv"))
        connection.execute(f"create temp view user_agents as from read_csv({seed}, header = true)")
        for table in raw_tables():
            connection.execute(_judged(connection, table, raw_files(lake, table.name)))
            connection.execute(_accepted(table) if table.is_event else _ranked(table))
        connection.execute(_counted(raw_tables()))
        connection.execute(STEPS.read_text(encoding="utf-8"))


def _judged(connection: duckdb.DuckDBPyConnection, table: RawTable, files: list[Path]) -> str:
    """Return the view of a table's raw rows, cast, with the reason of those to be quarantined.

    Files of other types are read by themselves: one of text doesn't make text of all others.
    """
    kinds: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for file in files:
        columns = connection.execute(
            "select column_name, column_type from (describe from read_parquet(?))", [str(file)]
        ).fetchall()
        kind = tuple(sorted((name.lower(), data_type) for name, data_type in columns))
        kinds.setdefault(kind, []).append(str(file))
    selects = [_cast(table, dict(kind), paths) for kind, paths in kinds.items()]
    if not selects:
        nulls = [f"cast(null as {each.type}) as {each.name}" for each in table.columns]
        nulls.append("cast(null as varchar) as quarantine_reason")
        selects = [f"select {', '.join(nulls)} where false"]
    rows = f"select coalesce(sum(num_rows), 0) from parquet_file_metadata({_list(map(str, files))})"
    return (
        f"create temp view judged_{table.name} as {' union all '.join(selects)};"
        f"create temp view raw_{table.name} as {rows if files else 'select 0'};"
    )


def _cast(table: RawTable, types: dict[str, str], files: Iterable[str]) -> str:
    typed = ", ".join(f"{_typed(each, types)} as {each.name}" for each in table.columns)
    # What a cast may have lost is looked at beside it.
    texts = "".join(
        f", {_text(each.name, types)} as {each.name}_text"
        for each in table.columns
        if _may_be_lost(each, types)
    )
    names = ", ".join(each.name for each in table.columns)
    return (
        f"select {names}, {_reason(table, types)} as quarantine_reason from"
        f" (select {typed}{texts} from read_parquet({_list(files)}, union_by_name = true,"
        " hive_partitioning = false))"
    )


def _text(name: str, types: dict[str, str]) -> str:
    """A raw column trimmed, blank is null; what begins and ends in visible ASCII is as it is."""
    value = f'"{name}"' if types[name] == "VARCHAR" else f'cast("{name}" as varchar)'
    return (
        f"case when {value}[1] between '!' and '~' and {value}[-1] between '!' and '~' then {value}"
        f" else nullif(trim({value}, {_quoted(WHITE_SPACE)}), '') end"
    )


def _is_native(column: RawColumn, types: dict[str, str]) -> bool:
    family = column.type.split("(")[0]
    return types[column.name].startswith(NATIVE.get(family, ()))


def _may_be_lost(column: RawColumn, types: dict[str, str]) -> bool:
    return column.type != "varchar" and column.name in types and not _is_native(column, types)


def _typed(column: RawColumn, types: dict[str, str]) -> str:
    if column.name not in types:
        return f"cast(null as {column.type})"
    if column.type == "varchar":
        text = _text(column.name, types)
        return f"lower({text})" if column.accepted_values else text
    if _is_native(column, types):
        return f'cast("{column.name}" as {column.type})'
    text = _text(column.name, types)
    if column.type == "timestamp":
        return f"cast(try_cast({text} as timestamp with time zone) as timestamp)"
    return f"try_cast({text} as {column.type})"


def _reason(table: RawTable, types: dict[str, str]) -> str:
    """The first reason that applies to a cast row."""
    blank, unknown, lost = ["false"], ["false"], ["false"]
    for each in table.columns:
        raw_text = f"{each.name}_text" if _may_be_lost(each, types) else "null"
        if each.is_key:
            blank.append(f"{each.name} is null and {raw_text} is null")
        if each.accepted_values:
            words = ", ".join(map(_quoted, each.accepted_values))
            wrong = f"{each.name} not in ({words})"
            unknown.append(wrong if each.is_nullable else f"{each.name} is null or {wrong}")
        elif each.reserved_prefix:
            lost.append(f"starts_with({each.name}, {_quoted(each.reserved_prefix)})")
        elif each.type != "varchar":
            lost.append(f"{each.name} is null and {raw_text} is not null")
        if each.at_least is not None:
            lost.append(f"{each.name} < {each.at_least}")
        if each.at_most is not None:
            lost.append(f"{each.name} > {each.at_most}")
    if table.one_of:
        blank.append(f"coalesce({', '.join(table.one_of)}) is null")
    cases = [
        (" or ".join(blank), "missing_key"),
        (" or ".join(unknown), "unknown_event_type" if table.is_event else "unknown_value"),
    ]
    if table.is_event:
        early = "event_at is null or loaded_at is null or event_at < timestamp '2000-01-01'"
        cases.append((f"{early} or event_at - interval 1 day > loaded_at", "invalid_timestamp"))
    if table.paying_event_types:
        pays = f"event_type in ({', '.join(map(_quoted, table.paying_event_types))})"
        amount = "amount_text" if "amount_text" in _lost_names(table, types) else "amount"
        exact = f"try_cast({amount} as decimal(38, 18))"
        cases.append(
            (f"{pays} and not coalesce({exact} >= 0 and {exact} = amount, false)", "invalid_amount")
        )
        letters = "regexp_full_match(currency, '[A-Za-z]{3}')"
        cases.append((f"{pays} and not coalesce({letters}, false)", "invalid_currency"))
    cases.append((" or ".join(lost), "invalid_value"))
    return f"case {' '.join(f'when {test} then {_quoted(name)}' for test, name in cases)} end"


def _lost_names(table: RawTable, types: dict[str, str]) -> set[str]:
    return {f"{each.name}_text" for each in table.columns if _may_be_lost(each, types)}


def _accepted(table: RawTable) -> str:
    """The accepted events.

    Few rows are looked at twice: those to be quarantined, and those whose id may come twice, which
    a hash tells cheaply; they alone are ranked.
    """
    name = table.name
    twice = f"hash(event_id) in (from {name}_twice)"
    return f"""
        create temp table {name}_twice as
        select hash(event_id) from judged_{name} group by all having count(*) > 1;
        create temp table {name}_suspects as
        select *, row_number() over ({_first(table, "asc")}) as rank
        from judged_{name} where quarantine_reason is not null or {twice};
        create temp view accepted_{name} as
        select * exclude (quarantine_reason) from judged_{name}
        where quarantine_reason is null and not {twice}
        union all
        select * exclude (quarantine_reason, rank) from {name}_suspects
        where quarantine_reason is null and rank = 1
    """


def _ranked(table: RawTable) -> str:
    """All rows of an entity, the latest first."""
    return (
        f"create temp table ranked_{table.name} as"
        f" select *, row_number() over ({_first(table, 'desc')}) as rank from judged_{table.name}"
    )


def _counted(tables: Iterable[RawTable]) -> str:
    """The quarantined rows of all tables, and how many rows of each there are of which verdict."""
    rows, counts = [], []
    for table in tables:
        judged = f"{table.name}_suspects" if table.is_event else f"ranked_{table.name}"
        named = ("event_id", "email_source_id", "message_id")
        names = [each.name for each in table.columns if each.name in named]
        names += ["quarantine_reason", "loaded_at", f"{_quoted(table.name)} as raw_table"]
        is_quarantined = "quarantine_reason is not null"
        rows.append(f"select {', '.join(names)} from {judged} where {is_quarantined}")
        kind, duplicates = ("event", "rank > 1") if table.is_event else ("entity", "false")
        counts.append(
            f"select {_quoted(table.name)} as raw_table, {_quoted(kind)} as kind,"
            f" cast((from raw_{table.name}) as bigint) as raw_rows,"
            f" count(*) filter (where not ({is_quarantined}) and {duplicates}) as duplicate_rows,"
            f" count(*) filter (where {is_quarantined}) as quarantined_rows from {judged}"
        )
    return (
        f"create temp view quarantined as {' union all by name '.join(rows)};"
        f"create temp view counted as {' union all '.join(counts)}"
    )


def _first(table: RawTable, direction: str) -> str:
    order = ", ".join(f"{name} {direction} nulls last" for name in table.order)
    return f"partition by {', '.join(table.identity)}, quarantine_reason is null order by {order}"


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
