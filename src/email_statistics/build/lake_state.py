"""What a build finds around it, and whether anything of that is new since the last one."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
from pydantic import BaseModel, ConfigDict, ValidationError

from email_statistics.build.files import BuildFiles
from email_statistics.gate.raw_counts import RawCounts, TableCounts
from email_statistics.lake import LakeFile, lake_files, load_records
from email_statistics.storage import available_megabytes, write_log, write_private

# Megabytes that a full build may take, and an increment with so many rows.
BUILDING = 7_000
INCREMENT = 1_000
INCREMENT_A_MILLION_ROWS = 200

_PACKAGE = Path(__file__).parents[1]
_SEEDS = ("seeds/*.csv",)
_SEED_TYPES = ("seeds/*.yml",)
_MODELS = (
    "dbt_project.yml",
    *(f"models/**/*.{ending}" for ending in ("sql", "yml", "md")),
    "macros/**/*.sql",
)
_TESTS_AND_SETTINGS = (
    "tests/dbt/**/*.sql",
    "tests/dbt/**/*.yml",
    "profiles.yml",
)
_CODE = ("*.py", "build/*.py", "experiments/*.py", "spark/*.py", "gate/**/*.py", "gate/**/*.yml")


class BuildInput(BaseModel):
    """All that the result of a build depends on: two builds of equal inputs are equal."""

    model_config = ConfigDict(frozen=True)

    lake: str
    files: list[LakeFile]
    loads: list[LakeFile]
    settings: dict[str, Any]
    project: str
    engine: str


class LastBuild(BaseModel):
    """The last build that was published: what went in, the counts of its lake, what came out."""

    model_config = ConfigDict(frozen=True)

    build_input: BuildInput
    tables: dict[str, TableCounts]
    is_strict: bool
    written: list[tuple[int, int, int]]

    @property
    def counts(self) -> RawCounts:
        """What was counted in its lake."""
        return RawCounts(self.build_input.lake, self.build_input.files, self.tables)

    def is_current(self, build_input: BuildInput, files: BuildFiles, is_strict: bool) -> bool:
        """Whether a build would give what is published now, with nobody having touched it since.

        A build that lets warnings pass doesn't stand for one that doesn't.
        """
        return (
            self.build_input == build_input
            and self.written == _marks(files)
            and (self.is_strict or not is_strict)
        )


def read_build_input(
    lake: Path, settings: dict[str, Any], project: Path, engine: str
) -> BuildInput:
    """Look at the lake, the project's seeds and, once in a process, all else in the project.

    ``engine`` says on what is built, and where its tables are.
    """
    parts = (
        seeds_fingerprint(project),
        models_fingerprint(project),
        _fingerprint_read_once(project, _TESTS_AND_SETTINGS),
        _fingerprint_read_once(_PACKAGE, _CODE),
        version("dbt-core"),
        version("dbt-duckdb"),
        version("great-expectations"),
    )
    return BuildInput(
        lake=str(lake),
        files=lake_files(lake),
        loads=load_records(lake),
        settings=settings,
        project=hashlib.sha256(" ".join(parts).encode()).hexdigest(),
        engine=engine,
    )


def read_last_build(files: BuildFiles) -> LastBuild | None:
    """Read what the last build left; None where there is nothing, or nothing that can be read."""
    try:
        return LastBuild.model_validate_json(files.last_build.read_text(encoding="utf-8"))
    except (FileNotFoundError, UnicodeDecodeError, ValidationError):
        return None


def write_last_build(
    build_input: BuildInput, counts: RawCounts, is_strict: bool, files: BuildFiles
) -> None:
    """Leave what was built and published for the next build to compare with."""
    last = LastBuild(
        build_input=build_input, tables=counts.tables, is_strict=is_strict, written=_marks(files)
    )
    write_private(files.last_build, last.model_dump_json(indent=1))


def _marks(files: BuildFiles) -> list[tuple[int, int, int]]:
    """Tell each file of a warehouse from any other by inode, size and time of its last change."""
    marks = []
    for database in (files.published, files.database, files.steps):
        for path in (database, write_log(database)):
            if path.exists():
                status = path.stat()
                marks.append((status.st_ino, status.st_size, status.st_mtime_ns))
            else:
                marks.append((0, 0, 0))
    return marks


def seeds_fingerprint(project: Path) -> str:
    """Return a digest of a project's seeds as they are now: every build loads them again."""
    types = _fingerprint_read_once(project, _SEED_TYPES)
    return hashlib.sha256(f"{types} {_digest(project, _SEEDS)}".encode()).hexdigest()


def models_fingerprint(project: Path) -> str:
    """Return a digest of a project's models and of DuckDB's version."""
    models = _fingerprint_read_once(project, _MODELS)
    return hashlib.sha256(f"{duckdb.__version__} {models}".encode()).hexdigest()


@cache
def _fingerprint_read_once(folder: Path, patterns: tuple[str, ...]) -> str:
    """Return the digest of what a process reads once, as it was then."""
    return _digest(folder, patterns)


def _digest(folder: Path, patterns: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for path in sorted(file for pattern in patterns for file in folder.glob(pattern)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder)} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def note_lake_state(connection: duckdb.DuckDBPyConnection, lake: Path, project: Path) -> None:
    """Write ``raw.lake_files``, ``raw.project`` and ``raw.memory`` (in megabytes) into it."""
    files = lake_files(lake)
    connection.execute(
        """
        create schema if not exists raw;
        create or replace table raw.project (lake_folder varchar, seeds varchar, models varchar);
        create or replace table raw.memory (
            building bigint, increment bigint, increment_a_million_rows bigint
        );
        create or replace table raw.lake_files (
            raw_table varchar, path varchar, file_bytes bigint, modified_at_ns bigint
        )
        """
    )
    connection.execute(
        "insert into raw.project values (?, ?, ?)",
        [f"{lake}/", seeds_fingerprint(project), models_fingerprint(project)],
    )
    connection.execute(
        "insert into raw.memory values (?, ?, ?)",
        [*map(available_megabytes, (BUILDING, INCREMENT)), INCREMENT_A_MILLION_ROWS],
    )
    columns = [list(column) for column in zip(*files, strict=True)] if files else [[]] * 4
    connection.execute(
        "insert into raw.lake_files select unnest(?::varchar[]), unnest(?::varchar[]), "
        "unnest(?::bigint[]), unnest(?::bigint[])",
        columns,
    )
