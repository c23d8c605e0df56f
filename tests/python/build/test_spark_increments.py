"""When an engine's build goes on top of the last one, and which files hold a Delta table's rows."""

import json
from pathlib import Path
from typing import Any

import pytest

from email_statistics.build.build_input import BuildInput
from email_statistics.lake import LakeFile
from email_statistics.spark.increments import (
    Plan,
    files_read_before,
    parquet_files,
    plan_of,
    record_build,
)
from email_statistics.spark.target import TableFormat

ONE = LakeFile("contacts", "contacts/one.parquet", 10, 1)
TWO = LakeFile("contacts", "contacts/two.parquet", 10, 2)
COLUMNS = {"contacts": {"contact_id": "string"}}


def _found(*files: LakeFile, **changes: Any) -> BuildInput:
    found = BuildInput(
        lake="lake", files=list(files), loads=[], settings={}, project="p", engine="sail"
    )
    return found.model_copy(update=changes)


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """Holds the second build of one file."""
    folder = tmp_path / "20260101T000000000000"
    folder.mkdir()
    record_build(folder, Plan(2, None, None), _found(ONE), COLUMNS)
    return tmp_path


def _plan(
    warehouse: Path, found: BuildInput, format_: TableFormat = "delta", asked: str | None = None
) -> Plan:
    return plan_of(warehouse, found, COLUMNS, format_, asked)


def test_new_files_go_on_top_of_the_last_build(warehouse: Path) -> None:
    plan = _plan(warehouse, _found(ONE, TWO))

    assert plan == Plan(3, None, warehouse / "20260101T000000000000")
    assert files_read_before(plan) == {ONE.path}


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (_found(TWO), "the file contacts/one.parquet is gone"),
        (_found(ONE._replace(size=11)), "the file contacts/one.parquet changed"),
        (_found(ONE, settings={"engaged_days": 1}), "a setting changed"),
        (_found(ONE, project="other"), "the project, or the engine, changed"),
        (_found(ONE, engine="spark"), "the project, or the engine, changed"),
    ],
)
def test_everything_is_built_again_where_something_else_is_new(
    found: BuildInput, reason: str, warehouse: Path
) -> None:
    plan = _plan(warehouse, found)

    assert plan == Plan(3, reason, None)
    assert files_read_before(plan) == set()


def test_a_column_of_another_type_changes_what_was_built(warehouse: Path) -> None:
    columns = {"contacts": {"contact_id": "bigint"}}
    plan = plan_of(warehouse, _found(ONE), columns, "delta", None)

    assert plan.reason == "the columns of the raw table contacts changed"


def test_without_a_last_build_in_parquet_or_where_it_is_asked_for_all_is_built(
    warehouse: Path,
) -> None:
    assert _plan(warehouse, _found(ONE), asked="asked for").reason == "asked for"
    assert _plan(warehouse, _found(ONE), "parquet").reason == "tables in Parquet are built whole"
    assert _plan(warehouse / "none", _found(ONE)).reason == "nothing was built before"


def test_the_record_of_another_version_counts_as_none(warehouse: Path) -> None:
    (record,) = warehouse.glob("*/build.json")
    record.write_text("{}", encoding="utf-8")

    assert _plan(warehouse, _found(ONE)).reason == "nothing was built before"


def test_a_delta_table_has_the_files_that_were_added_and_not_removed(tmp_path: Path) -> None:
    log = tmp_path / "_delta_log"
    log.mkdir()
    commits: list[list[dict[str, Any]]] = [
        [{"add": {"path": "a.parquet"}}, {"add": {"path": "b%20c.parquet"}}, {"metaData": {}}],
        [{"remove": {"path": "a.parquet"}}, {"add": {"path": "d.parquet"}}],
    ]
    for number, actions in enumerate(commits):
        text = "\n".join(json.dumps(action) for action in actions)
        (log / f"{number:020}.json").write_text(text, encoding="utf-8")

    assert [each.name for each in parquet_files(tmp_path)] == ["b c.parquet", "d.parquet"]
