"""Whether new files can go on top of the tables of the last build on an engine, and these tables.

Delta's files never change: a build that goes on begins with links to those of the last one, in a
folder of its own, so that a build that fails leaves the last one whole.
"""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, ValidationError

from email_statistics.build.build_input import BuildInput
from email_statistics.spark.lake import quoted
from email_statistics.spark.target import TableFormat
from email_statistics.storage import make_private_folder, write_private

_RECORD = "build.json"
_LOG = "_delta_log"
# Materializations whose rows stay, and are replaced where their keys change.
_KEPT = ("by_key", "staged")


class BuiltBefore(BaseModel):
    """What the tables in a folder were built from; its number counts the increments."""

    model_config = ConfigDict(frozen=True)

    number: int
    build_input: BuildInput
    columns: dict[str, dict[str, str]]


@dataclass(frozen=True)
class Plan:
    """What a build reads and goes on top of; all is read where ``last`` is None."""

    number: int
    reason: str | None
    last: Path | None


def plan_of(
    warehouse: Path,
    found: BuildInput,
    columns: Mapping[str, Mapping[str, str]],
    format_: TableFormat,
    asked: str | None,
) -> Plan:
    """Decide whether a build goes on top of the last one in a warehouse.

    ``columns`` are those of the raw tables, ``asked`` says why it must not, if it is known already.
    """
    folder, last = _last_build(warehouse)
    number = last.number + 1 if last else 1
    reason = asked or ("tables in Parquet are built whole" if format_ == "parquet" else None)
    reason = reason or _reason(last, found, columns)
    return Plan(number, reason, None if reason else folder)


def _last_build(warehouse: Path) -> tuple[Path | None, BuiltBefore | None]:
    for record in sorted(warehouse.glob(f"*/{_RECORD}"), reverse=True):
        try:
            built = BuiltBefore.model_validate_json(record.read_text(encoding="utf-8"))
        except ValidationError:  # of another version of this project
            return None, None
        return record.parent, built
    return None, None


def _reason(
    last: BuiltBefore | None, found: BuildInput, columns: Mapping[str, Mapping[str, str]]
) -> str | None:
    if last is None:
        return "nothing was built before"
    before = last.build_input
    if before.settings != found.settings:
        return "a setting changed"
    if (before.project, before.engine) != (found.project, found.engine):
        return "the project, or the engine, changed"
    lost = sorted(set(before.files) - set(found.files))
    if lost:
        is_there = any(each.path == lost[0].path for each in found.files)
        return f"the file {lost[0].path} {'changed' if is_there else 'is gone'}"
    for table, now in columns.items():
        if last.columns.get(table) != now:
            return f"the columns of the raw table {table} changed"
    return None


def record_build(
    folder: Path, plan: Plan, found: BuildInput, columns: Mapping[str, Mapping[str, str]]
) -> None:
    """Write what the tables of a folder were built from."""
    record = BuiltBefore(
        number=plan.number,
        build_input=found,
        columns={name: dict(types) for name, types in columns.items()},
    )
    write_private(folder / _RECORD, record.model_dump_json())


def files_read_before(plan: Plan) -> set[str]:
    """Return the paths of the raw files that are in the tables already."""
    if plan.last is None:
        return set()
    text = (plan.last / _RECORD).read_text(encoding="utf-8")
    return {each.path for each in BuiltBefore.model_validate_json(text).build_input.files}


def go_on(last: Path, folder: Path, models: Iterable[Any]) -> Iterator[str]:
    """Take over the tables that stay; yields the statements that open them on the engine.

    Tables that are compared with what they were are opened in the schema ``earlier`` too, from
    the folder of the last build.
    """
    yield "create schema if not exists earlier"
    for model in models:
        place = Path(model.schema, model.name)
        if model.config.materialized in _KEPT:
            make_private_folder(folder / model.schema)
            shutil.copytree(last / place, folder / place, copy_function=os.link)
            yield f"create schema if not exists {model.schema}"
            yield from _open(f"{model.schema}.{model.name}", folder / place)
        if model.config.meta.get("is_compared"):
            yield from _open(f"earlier.{model.name}", last / place)


def _open(name: str, folder: Path) -> Sequence[str]:
    return (
        f"drop table if exists {name}",
        f"create table {name} using delta location {quoted(str(folder))}",
    )


def parquet_files(table: Path) -> list[Path]:
    """Return the files that hold a table's rows now; a Delta table's log says which."""
    log = sorted((table / _LOG).glob("*.json"))
    if not log:
        return sorted(table.rglob("*.parquet"))
    there: dict[str, None] = {}
    for commit in log:
        for line in commit.read_text(encoding="utf-8").splitlines():
            action = json.loads(line)
            if "add" in action:
                there[unquote(action["add"]["path"])] = None
            if "remove" in action:
                there.pop(unquote(action["remove"]["path"]), None)
    return [table / path for path in there]
