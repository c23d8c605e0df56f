"""The frames of the raw check: the lake's counts beside those of the last published build."""

from email_statistics.contract import RawColumn, RawTable, raw_tables
from email_statistics.gate.frames import COMPARE_FROM, Profile, Row, share
from email_statistics.gate.raw_counts import RawCounts, TableCounts

_SECONDS_A_DAY = 86_400


def raw_profile(counts: RawCounts, previous: RawCounts | None, accepts_changes: bool) -> Profile:
    """Form the frames ``tables``, ``columns`` and ``event_types`` of stage ``raw``.

    Changes are checked against the last published build of the same lake only, and not where
    they are accepted.
    """
    note = None
    if accepts_changes:
        note = "The raw lake was not compared with the last build: --accept-changes."
    elif previous is None:
        note = "The raw lake was not compared with the last build: none is on record."
    elif previous.lake != counts.lake:
        note = f"The raw lake was not compared with the last build, which read {previous.lake}."
    before = previous.tables if previous is not None and note is None else {}
    newest = max(
        (
            counts.tables[table.name].loaded_through or 0.0
            for table in raw_tables()
            if table.is_event and not table.is_occasional
        ),
        default=0.0,
    )
    tables: list[Row] = []
    columns: list[Row] = []
    event_types: list[Row] = []
    for table in raw_tables():
        now, then = counts.tables[table.name], before.get(table.name)
        tables.append(_table(table, now, then, newest))
        if now.rows == 0:
            continue
        columns.extend(_column(table, column, now, then) for column in table.columns)
        if table.is_event:
            event_types.extend(_event_types(table, now, then))
    frames = {"tables": tables, "columns": columns, "event_types": event_types}
    return Profile("raw", frames, [note] if note else [])


def _table(
    table: RawTable,
    now: TableCounts,
    then: TableCounts | None,
    newest: float,
) -> Row:
    row: Row = {"subject": table.name, "rows": None, "lost_share": None, "growth": None}
    row |= {"days_back": None, "days_behind": None}
    if table.is_required:
        row["rows"] = now.rows
    is_steady = table.is_event and not table.is_occasional
    if is_steady and now.loaded_through is not None:
        row["days_behind"] = (newest - now.loaded_through) / _SECONDS_A_DAY
    if then is not None and then.rows > 0:
        row["lost_share"] = max(0, then.rows - now.rows) / then.rows
        if then.rows >= COMPARE_FROM:
            row["growth"] = now.rows / then.rows
        if then.loaded_through is not None and now.loaded_through is not None:
            row["days_back"] = (then.loaded_through - now.loaded_through) / _SECONDS_A_DAY
    return row


def _column(
    table: RawTable,
    column: RawColumn,
    now: TableCounts,
    then: TableCounts | None,
) -> Row:
    row: Row = {"subject": f"{table.name}.{column.name}", "key_null_share": None}
    row |= {"required_null_share": None, "null_share_change": None}
    nulls = share(now.nulls[column.name], now.rows)
    if column.is_key:
        row["key_null_share"] = nulls
    elif column.is_required:
        row["required_null_share"] = nulls
    if then is not None and min(then.rows, now.rows - then.rows) >= COMPARE_FROM:
        nulls_then = then.nulls.get(column.name, then.rows)
        nulls_since = now.nulls[column.name] - nulls_then
        row["null_share_change"] = nulls_since / (now.rows - then.rows) - nulls_then / then.rows
    return row


def _event_types(table: RawTable, now: TableCounts, then: TableCounts | None) -> list[Row]:
    (type_column,) = (column for column in table.columns if column.name == "event_type")
    known = type_column.accepted_values
    unknown = sum(events for name, events in now.event_types.items() if name not in known)
    rows: list[Row] = [
        {
            "subject": table.name,
            "unknown_share": share(unknown, now.rows),
            "share": None,
            "share_change": None,
        }
    ]
    for name in known:
        events = now.event_types.get(name, 0)
        row: Row = {"subject": f"{table.name}.{name}", "unknown_share": None}
        row |= {"share": events / now.rows, "share_change": None}
        if then is not None and min(then.rows, now.rows - then.rows) >= COMPARE_FROM:
            events_then = then.event_types.get(name, 0)
            events_since = events - events_then
            row["share_change"] = events_since / (now.rows - then.rows) - events_then / then.rows
        rows.append(row)
    return rows
