"""``email-stats doctor``: looks at the set-up, changes nothing, says what to do."""

import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

import duckdb
from packaging.requirements import Requirement

from email_statistics import paths
from email_statistics.build.database import reading, reading_passed
from email_statistics.build.environment import refuse_unknown_variables, settings_in_force
from email_statistics.build.files import build_files, refuse_bad_name
from email_statistics.contract import raw_tables
from email_statistics.errors import EmailStatsError
from email_statistics.lake import raw_files, require_lake
from email_statistics.spark.target import Target, package_version, require_java
from email_statistics.spark.watch import answers, places_of
from email_statistics.storage import lock_holder, write_log

# A build may spill to the disk what its tables take, and publishes beside the old file.
_ROOM_FOR_BUILDS = 2


@dataclass(frozen=True)
class Diagnosis:
    """What was found out about one part of the set-up, and what to do where it isn't well."""

    state: Literal["ok", "note", "fail"]
    part: str
    sentence: str


def examine() -> Iterator[Diagnosis]:
    """Look at every part of the set-up, one after the other."""
    for part, look in _LOOKS.items():
        try:
            yield from look(part)
        except (EmailStatsError, OSError) as error:
            yield Diagnosis("fail", part, str(error))


def _versions(part: str) -> Iterator[Diagnosis]:
    wrong = []
    for text in requires("email-statistics") or ():
        wanted = Requirement(text)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(wanted.name)
        except PackageNotFoundError:
            wrong.append(f"{wanted.name} is missing")
            continue
        if found not in wanted.specifier:
            wrong.append(f"{wanted.name} is {found} and must be {wanted.specifier}")
    if wrong:
        yield Diagnosis(
            "fail", part, f"{'; '.join(wrong)}: install requirements.lock again (`make setup`)."
        )
        return
    python = ".".join(str(number) for number in sys.version_info[:3])
    yield Diagnosis(
        "ok",
        part,
        f"Python {python}, dbt-core {version('dbt-core')}, dbt-duckdb {version('dbt-duckdb')}, "
        f"DuckDB {version('duckdb')}.",
    )


def _engines(part: str) -> Iterator[Diagnosis]:
    found = [
        f"{name} {installed}"
        for name, target, package in _ENGINES
        if (installed := package_version(target, package))
    ]
    if not found:
        yield Diagnosis(
            "ok", part, "DuckDB alone; `make setup-sail` and `make setup-spark` add others."
        )
        return
    if package_version("spark", "pyspark"):
        found.append(f"Java {require_java()}")
    yield Diagnosis("ok", part, f"DuckDB, {', '.join(found)}.")
    folder = paths.spark_warehouse()
    if not _is_writable(folder):
        yield Diagnosis(
            "fail",
            "tables",
            f"{folder} can't be written: make it writable, or point EMAIL_STATS_SPARK_WAREHOUSE "
            "to a folder that is.",
        )
    else:
        yield Diagnosis("ok", "tables", f"Sail and Spark write theirs to {folder}.")


def _cluster(part: str) -> Iterator[Diagnosis]:
    address = os.environ.get("EMAIL_STATS_SPARK")
    places = places_of(address or "")
    if places and not answers(places):
        yield Diagnosis(
            "fail",
            part,
            f"Nobody answers at {address}: see that Spark runs there, and EMAIL_STATS_SPARK.",
        )
    elif places:
        yield Diagnosis("ok", part, f"Somebody answers at {address}.")
    elif address:
        yield Diagnosis("ok", part, f"Spark's master is {address}; it wasn't asked.")


def _settings(part: str) -> Iterator[Diagnosis]:
    refuse_unknown_variables()
    settings = settings_in_force(None)
    yield Diagnosis(
        "ok", part, f"{len(settings.model_dump())} settings of dbt_project.yml, all valid."
    )


def _lake(part: str) -> Iterator[Diagnosis]:
    lake = paths.raw_lake()
    require_lake(lake)
    missing = []
    files = 0
    for table in raw_tables():
        found = len(raw_files(lake, table.name))
        files += found
        if table.is_required and not found:
            missing.append(table.name)
    if missing:
        yield Diagnosis(
            "fail",
            part,
            f"{lake} has no Parquet file of {', '.join(missing)}: deliver them, or point "
            "EMAIL_STATS_RAW to the raw lake.",
        )
    else:
        yield Diagnosis("ok", part, f"{lake}, {files} Parquet files.")


def _loads(part: str) -> Iterator[Diagnosis]:
    from email_statistics.senders.loading.accounting import REJECTIONS
    from email_statistics.senders.loading.register import LOADS, read_loads

    lake = paths.raw_lake()
    loads = records = 0
    rejected: Counter[str] = Counter()
    latest: dict[str, str] = {}
    for entry in read_loads(lake):
        loads += 1
        records += entry["records"]
        rejected.update(entry["rejected"])
        latest |= dict.fromkeys(entry["rejected"], entry["load_id"])
    if not loads:
        return
    line = f"{loads:,} loads read {records:,} records"
    if not rejected:
        yield Diagnosis("ok", part, f"{line}; none was rejected.")
        return
    reasons = "; ".join(
        f"{why} {count:,} ({REJECTIONS[why]}), last in {latest[why]}"
        for why, count in rejected.most_common()
    )
    yield Diagnosis(
        "note",
        part,
        f"{line} and rejected {rejected.total():,}: {reasons}. They stand whole in "
        f"{lake / LOADS}/<load>.rejected.jsonl: mend what is wrong and load that file again.",
    )


def _folders(part: str) -> Iterator[Diagnosis]:
    files = build_files()
    refuse_bad_name(files.published)
    unwritable = [
        folder
        for folder in (files.published.parent, files.database.parent, paths.PROJECT_ROOT / "var")
        if not _is_writable(folder)
    ]
    if unwritable:
        yield Diagnosis(
            "fail",
            part,
            f"{', '.join(str(folder) for folder in unwritable)} can't be written: make it "
            "writable, or point EMAIL_STATS_WAREHOUSE to a file in a folder that is.",
        )
        return
    existing = next(each for each in files.published.parents if each.exists())
    free = shutil.disk_usage(existing).free
    needed = _ROOM_FOR_BUILDS * sum(
        each.stat().st_size
        for each in (files.database, files.steps, files.batch, files.published)
        if each.exists()
    )
    if free < needed:
        yield Diagnosis(
            "fail",
            part,
            f"{existing} has {free / 1e6:,.0f} MB left and a build may need "
            f"{needed / 1e6:,.0f} MB: free some space.",
        )
    else:
        yield Diagnosis(
            "ok", part, f"{files.published.parent} can be written, {free / 1e9:,.1f} GB free."
        )


def _is_writable(folder: Path) -> bool:
    """Whether a folder, or the nearest above it that exists, can be written into."""
    nearest = next(each for each in (folder, *folder.parents) if each.exists())
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


def _lock(part: str) -> Iterator[Diagnosis]:
    held = lock_holder(build_files().lock)
    if held is not None:
        yield Diagnosis("note", part, f"{held}, is writing the warehouse: wait for it to end.")
        return
    yield Diagnosis("ok", part, "Nobody is writing the warehouse.")


def _last_build(part: str) -> Iterator[Diagnosis]:
    files = build_files()
    if lock_holder(files.lock) is not None:
        yield Diagnosis("note", part, "A build is at work; what it builds can't be looked at.")
        return
    if not files.database.exists():
        yield Diagnosis("note", part, "There was none yet: run `email-stats build`.")
        return
    with reading_passed(files.database) as connection:
        line = _build_line(connection)
    yield Diagnosis("ok", part, f"{files.database} is whole and passed, {line}.")


def _published(part: str) -> Iterator[Diagnosis]:
    files = build_files()
    if not files.published.exists():
        yield Diagnosis("note", part, f"No {files.published} yet: run `email-stats build`.")
        return
    if write_log(files.published).exists():
        yield Diagnosis(
            "fail",
            part,
            f"{write_log(files.published)} is of a program that opened the published file for "
            "writing: close that program, then run `email-stats publish`, which writes it again.",
        )
        return
    try:
        with reading(files.published) as connection:
            line = _build_line(connection)
    except (EmailStatsError, duckdb.Error) as error:
        yield Diagnosis(
            "fail",
            part,
            f"{files.published} can't be read ({str(error).splitlines()[0]}): run `email-stats "
            "publish`, which writes it again.",
        )
        return
    yield Diagnosis("ok", part, f"{files.published}, {line}.")


def _build_line(connection: duckdb.DuckDBPyConnection) -> str:
    ((lake, built_at, through),) = connection.sql(
        "select raw_lake, built_at, data_through_at from core.build"
    ).fetchall()
    data = f"data through {through:%Y-%m-%d %H:%M} UTC" if through else "without events"
    return f"built {built_at:%Y-%m-%d %H:%M} UTC from {lake}, {data}"


_ENGINES: tuple[tuple[str, Target, str], ...] = (
    ("Sail", "sail", "pysail"),
    ("Spark", "spark", "pyspark"),
)
_LOOKS: dict[str, Callable[[str], Iterator[Diagnosis]]] = {
    "versions": _versions,
    "engines": _engines,
    "cluster": _cluster,
    "settings": _settings,
    "raw lake": _lake,
    "loads": _loads,
    "folders": _folders,
    "lock": _lock,
    "last build": _last_build,
    "published": _published,
}
