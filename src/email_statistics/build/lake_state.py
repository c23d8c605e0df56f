"""Writes the lake's files, the project's fingerprints and the memory limits for dbt to read."""

from pathlib import Path

import duckdb

from email_statistics.build.build_input import models_fingerprint, seeds_fingerprint
from email_statistics.lake import lake_files
from email_statistics.storage import available_megabytes

# Megabytes that a full build may take, and an increment with so many rows.
BUILDING = 7_000
INCREMENT = 1_000
INCREMENT_A_MILLION_ROWS = 200


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
