"""How the raw lake is opened on Spark: by what the footers of its files say."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from email_statistics.contract import raw_tables
from email_statistics.lake import lake_files
from email_statistics.spark.lake import (
    LakeError,
    columns_of,
    load_outcomes,
    opening_statements,
    read_footers,
    united,
)


def _write(lake: Path, name: str, **columns: pa.Array) -> None:
    (table,) = (each for each in raw_tables() if each.name == "contacts")
    required = {each.name: pa.array(["x"]) for each in table.columns if each.is_required}
    path = lake / "contacts" / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(required | columns), path)


def _statements(lake: Path) -> list[str]:
    footers = read_footers(lake, lake_files(lake))
    return list(opening_statements(footers, columns_of(footers), is_delta=False))


@pytest.fixture
def required_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only contacts are looked at."""
    contacts = tuple(each for each in raw_tables() if each.name == "contacts")
    monkeypatch.setattr("email_statistics.spark.lake.raw_tables", lambda: contacts)


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("string", "string", "string"),
        ("int", "bigint", "bigint"),
        ("bigint", "double", "double"),
        ("date", "timestamp_ntz", "timestamp_ntz"),
        ("timestamp_ltz", "timestamp_ntz", "timestamp_ltz"),
        ("boolean", "int", "string"),
        ("decimal(18,2)", "double", "string"),
    ],
)
def test_a_column_of_two_types_has_the_type_that_holds_both(
    one: str, other: str, both: str
) -> None:
    assert united(one, other) == united(other, one) == both


@pytest.mark.usefixtures("required_elsewhere")
def test_a_view_has_the_columns_of_the_contract_and_what_else_a_file_has(tmp_path: Path) -> None:
    _write(tmp_path, "one", is_do_not_disturb=pa.array([True]), note=pa.array([1]))
    _write(tmp_path, "two")

    *_, view = _statements(tmp_path)

    assert view.startswith("create or replace view raw.contacts as select ")
    assert "cast(`is_do_not_disturb` as boolean) as `is_do_not_disturb`" in view
    assert "cast(null as boolean) as `is_do_not_disturb`" in view
    assert view.index("`loaded_at`") < view.index("`note`")
    assert view.count("union all") == 1


@pytest.mark.usefixtures("required_elsewhere")
def test_a_time_of_another_zone_is_read_as_a_point_in_time(tmp_path: Path) -> None:
    when = pa.array([datetime(2026, 1, 1, tzinfo=UTC)], pa.timestamp("us", tz="Asia/Tokyo"))
    _write(tmp_path, "one", created_at=when)

    *_, view = _statements(tmp_path)

    assert "timestamp_micros(unix_micros(`created_at`))" in view


LOAD = {
    "load_id": "l1",
    "sender": "sendgrid",
    "loaded_at": "2026-01-01T01:00:00+01:00",
    "records_with_rows": 3,
    "ignored": {"test": 2},
    "rejected": {},
}


def test_a_load_has_a_row_per_outcome_of_its_records(tmp_path: Path) -> None:
    (tmp_path / "_loads").mkdir()
    (tmp_path / "_loads" / "l1.json").write_text(json.dumps([LOAD]), encoding="utf-8")

    rows = load_outcomes(tmp_path).to_pylist()

    assert [(row["outcome"], row["reason"], row["records"]) for row in rows] == [
        ("with_rows", None, 3),
        ("ignored", "test", 2),
    ]
    assert rows[0]["loaded_at"] == datetime(2026, 1, 1)  # UTC, as in every table


@pytest.mark.parametrize("text", ["{", "[1]", '{"sender": "x"}'])
def test_what_isn_t_the_record_of_a_load_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "_loads").mkdir()
    (tmp_path / "_loads" / "l1.json").write_text(text, encoding="utf-8")

    with pytest.raises(LakeError, match="A record of a load in"):
        load_outcomes(tmp_path)


@pytest.mark.usefixtures("required_elsewhere")
def test_a_quote_in_a_path_stays_in_the_path(tmp_path: Path) -> None:
    _write(tmp_path / "it's", "one")

    (opened,) = (each for each in _statements(tmp_path / "it's") if "location" in each)

    assert "it\\'s/contacts/one.parquet'" in opened


def test_a_lake_without_a_required_table_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, "one")

    with pytest.raises(LakeError, match=r"Raw table '\w+' is missing"):
        _statements(tmp_path)


def test_a_file_without_a_required_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "contacts" / "one.parquet"
    path.parent.mkdir()
    pq.write_table(pa.table({"contact_id": ["c1"]}), path)

    with pytest.raises(LakeError, match="lacks the required column email"):
        _statements(tmp_path)


def test_a_time_in_nanoseconds_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, "one", created_at=pa.array([0], pa.timestamp("ns")))

    with pytest.raises(LakeError, match="created_at in nanoseconds"):
        _statements(tmp_path)
