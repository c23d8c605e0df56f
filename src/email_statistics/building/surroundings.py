"""What a build is compared with the one before by: the files of the lake, the seeds, the models."""

import hashlib
from functools import cache
from pathlib import Path

import duckdb

from email_statistics.checks.lake import lake_files

_SEEDS = ("seeds/*.csv", "seeds/*.yml")
_MODELS = ("models/**/*.sql", "models/**/*.yml", "macros/**/*.sql")


@cache
def fingerprint(project: Path, kind: str) -> str:
    """Return a digest of the files that make the ``seeds`` or the ``models`` of a project.

    Taken once a process, as dbt reads the project once. That of the models covers DuckDB's version.
    """
    patterns = {"seeds": _SEEDS, "models": _MODELS}[kind]
    digest = hashlib.sha256(duckdb.__version__.encode() if kind == "models" else b"")
    for path in sorted(file for pattern in patterns for file in project.glob(pattern)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(project)} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def note_surroundings(connection: duckdb.DuckDBPyConnection, lake: Path, project: Path) -> None:
    """Write ``raw.lake_files`` and ``raw.project`` into the build database."""
    files = lake_files(lake)
    connection.execute(
        """
        create schema if not exists raw;
        create or replace table raw.project (lake_folder varchar, seeds varchar, models varchar);
        create or replace table raw.lake_files (
            raw_table varchar, path varchar, file_bytes bigint, modified_at_ns bigint
        )
        """
    )
    connection.execute(
        "insert into raw.project values (?, ?, ?)",
        [f"{lake}/", fingerprint(project, "seeds"), fingerprint(project, "models")],
    )
    columns = [list(column) for column in zip(*files, strict=True)] if files else [[]] * 4
    connection.execute(
        "insert into raw.lake_files select unnest(?::varchar[]), unnest(?::varchar[]), "
        "unnest(?::bigint[]), unnest(?::bigint[])",
        columns,
    )
