"""The raw contract, read once: what is in it, beside what dbt and the reference know."""

from reference import contract as reference

from email_statistics.contract import raw_tables


def test_it_has_the_tables_and_columns_of_the_reference() -> None:
    expected = {table.name: table for table in (*reference.ENTITIES, *reference.EVENTS)}
    assert {table.name for table in raw_tables()} == set(expected)
    for table in raw_tables():
        known = expected[table.name]
        assert table.is_event == (known in reference.EVENTS)
        assert {column.name for column in table.columns} == set(known.columns)
        assert {each.name for each in table.columns if each.is_key} == set(known.not_blank)
        assert table.one_of == known.one_of
        accepted = {each.name: set(each.accepted_values) for each in table.columns}
        assert {name: words for name, words in accepted.items() if words} == known.words
        assert {each.name for each in table.columns if each.is_nullable} == known.nullable


def test_every_column_decides_between_rows_of_one_identity() -> None:
    tables = {table.name: table for table in raw_tables()}
    for table in tables.values():
        assert sorted(table.order) == sorted(column.name for column in table.columns)
        assert set(table.identity) <= set(table.order)
    assert tables["send_events"].order[0] == "loaded_at"
    assert tables["contacts"].order[:2] == ("updated_at", "loaded_at")


def test_a_column_has_its_type() -> None:
    types = {(table.name, each.name): each.type for table in raw_tables() for each in table.columns}
    assert types["order_events", "amount"] == "decimal(18,2)"
