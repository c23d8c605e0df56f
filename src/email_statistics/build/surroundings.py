"""What a build finds around it: the files of the lake, the seeds, the models, the machine."""

import hashlib
from functools import cache
from pathlib import Path

import duckdb

from email_statistics.build.memory import (
    BUILDING,
    INCREMENT,
    INCREMENT_A_MILLION_ROWS,
    available_megabytes,
)
from email_statistics.gate.lake import lake_files

_SEEDS = ("seeds/*.csv",)
_SEED_TYPES = ("seeds/*.yml",)
_MODELS = ("dbt_project.yml", "models/**/*.sql", "models/**/*.yml", "macros/**/*.sql")


def seeds_fingerprint(project: Path) -> str:
    """Return a digest of a project's seeds as they are now, for every build loads them anew."""
    types = _fingerprint_read_once(project, _SEED_TYPES)
    return hashlib.sha256(f"{types} {_digest(project, _SEEDS)}".encode()).hexdigest()


def models_fingerprint(project: Path) -> str:
    """Return a digest of a project's models and of DuckDB's version."""
    models = _fingerprint_read_once(project, _MODELS)
    return hashlib.sha256(f"{duckdb.__version__} {models}".encode()).hexdigest()


@cache
def _fingerprint_read_once(project: Path, patterns: tuple[str, ...]) -> str:
    """Return the digest of what dbt reads once a process, as it was then."""
    return _digest(project, patterns)


def _digest(project: Path, patterns: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for path in sorted(file for pattern in patterns for file in project.glob(pattern)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(project)} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def note_surroundings(connection: duckdb.DuckDBPyConnection, lake: Path, project: Path) -> None:
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
