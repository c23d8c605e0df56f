"""A whole build on an engine that speaks Spark's SQL, from the lake to the build database."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from email_statistics import paths
from email_statistics.build.dbt import Dbt, DbtBuild
from email_statistics.build.files import BuildFiles
from email_statistics.build.lake_state import BuildInput
from email_statistics.build.progress import Progress
from email_statistics.spark.lake import (
    FileOnSpark,
    load_outcomes,
    opening_statements,
    quoted,
    read_footers,
)
from email_statistics.spark.results import Reading, write_build_database
from email_statistics.spark.session import running_engine
from email_statistics.spark.target import Target, require_engine
from email_statistics.storage import make_private_folder


class OnSpark:
    """dbt builds every table on the engine, as Parquet files in a folder of the build's own."""

    def __init__(self, target: Target, variables: str | None, select: Sequence[str]) -> None:
        """Raise ``UsageError`` where something of the target's is missing."""
        require_engine(target)
        self._target = target
        self._select = select
        self._dbt = Dbt(variables, target)

    def start(self) -> None:
        """Read the project."""
        self._dbt.start()

    def build(self, found: BuildInput, files: BuildFiles, progress: Progress) -> DbtBuild:
        """Build what is selected, then write its public tables into the build database.

        Raises ``EmailStatsError`` where a model, a test or a table's contract fails; what an
        earlier build left is then as it was.
        """
        lake = Path(found.lake)
        footers = read_footers(lake, found.files)
        with _folder_of_a_build(paths.spark_warehouse() / self._target) as folder:
            _write_opening(folder, footers, load_outcomes(lake))
            build = {"number": 1, "is_delta": False, "folder": str(folder), "format": "parquet"}
            with running_engine(self._target) as variables:
                built = self._dbt.build(
                    self._select,
                    True,
                    progress,
                    {"EMAIL_STATS_SPARK_BUILD": json.dumps(build), **variables},
                )
            progress.step("public tables")
            reading = Reading(
                len(footers), sum(each.rows for each in footers), "on Spark every build is whole"
            )
            write_build_database(built.nodes, folder, files.database, reading)
        return built


@contextmanager
def _folder_of_a_build(warehouse: Path) -> Iterator[Path]:
    """Yield a new folder of the warehouse; it stays, and replaces all others, if the build does."""
    earlier = [each for each in warehouse.glob("*") if each.is_dir()]
    folder = warehouse / datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    make_private_folder(folder)
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    for each in earlier:
        shutil.rmtree(each)


def _write_opening(folder: Path, files: Sequence[FileOnSpark], loads: pa.Table) -> None:
    """Write what the lake consists of, and the statements that open it on the engine."""
    manifest = pa.table(
        {
            "raw_table": [each.file.table for each in files],
            "path": [each.file.path for each in files],
            "raw_rows": [each.rows for each in files],
        }
    )
    statements = list(opening_statements(files))
    for name, table in (("files", manifest), ("loads", loads)):
        path = folder / "raw" / name
        _write_parquet(path, table)
        statements += [
            f"drop table if exists raw.{name}",
            f"create table raw.{name} using parquet location {quoted(str(path))}",
        ]
    numbered = pa.table({"number": range(len(statements)), "statement": statements})
    _write_parquet(folder / "raw" / "opening", numbered)


def _write_parquet(folder: Path, table: pa.Table) -> None:
    make_private_folder(folder)
    pq.write_table(table, folder / "part.parquet")
