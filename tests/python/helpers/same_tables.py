"""Whether two published warehouses hold the same rows, whichever engine built them."""

from pathlib import Path

from email_statistics.storage import open_duckdb

# When a build ran, and what it calls its lake, isn't what it built.
_NOT_COMPARED = frozenset({"built_at", "raw_lake"})


def differences(
    one: Path, other: Path, not_compared: frozenset[str] = frozenset(), *, is_part: bool = False
) -> list[str]:
    """Return a sentence per public table or view that isn't the same in both, by all its rows.

    Doubles are compared to 12 digits after the point, lists and structs as texts. ``not_compared``
    are columns, such as ``raw_row``, in which engines may differ. ``is_part``: the other holds
    some of the tables, and at least one.
    """
    with open_duckdb() as connection:
        for name, path in (("one", one), ("other", other)):
            connection.execute(f"attach '{path}' as {name} (read_only)")
        found = []
        tables: dict[str, dict[str, dict[str, str]]] = {"one": {}, "other": {}}
        for database, table, column, kind in connection.sql(
            "select database_name, schema_name || '.' || table_name, column_name, data_type"
            " from duckdb_columns() where database_name in ('one', 'other')"
            " and schema_name in ('core', 'marts') order by column_index"
        ).fetchall():
            tables[database].setdefault(table, {})[column] = kind
        compared = tables["other"] if is_part else {*tables["one"], *tables["other"]}
        assert compared
        for table in sorted(compared):
            columns, others = tables["one"].get(table), tables["other"].get(table)
            if columns != others:
                found.append(f"{table} has the columns {columns} and {others}")
                continue
            assert columns is not None
            values = ", ".join(
                _comparable(column, kind)
                for column, kind in columns.items()
                if column not in _NOT_COMPARED | not_compared
            )
            rows = [f"select {values} from {name}.{table}" for name in ("one", "other")]
            for first, second, where in (
                (rows[0], rows[1], "first"),
                (rows[1], rows[0], "second"),
            ):
                alone = connection.sql(f"({first}) except all ({second})").fetchall()
                if alone:
                    found.append(f"{table}: {len(alone)} rows only in the {where}: {alone[0]}")
        return found


def _comparable(column: str, kind: str) -> str:
    if kind == "DOUBLE":
        return f'round("{column}", 12) as "{column}"'
    return f'"{column}"' if "[]" not in kind else f'cast("{column}" as varchar) as "{column}"'
