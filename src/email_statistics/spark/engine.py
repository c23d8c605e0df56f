"""A build on an engine that speaks Spark's SQL, from the lake to the build database."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from email_statistics import paths
from email_statistics.build.build_input import BuildInput
from email_statistics.build.dbt import Dbt, DbtBuild
from email_statistics.build.engine import BuildOptions
from email_statistics.build.files import BuildFiles
from email_statistics.build.progress import Progress
from email_statistics.spark.increments import (
    files_read_before,
    go_on,
    plan_of,
    record_build,
)
from email_statistics.spark.lake import (
    FileOnSpark,
    columns_of,
    load_outcomes,
    opening_statements,
    quoted,
    read_footers,
)
from email_statistics.spark.results import Reading, write_build_database
from email_statistics.spark.session import running_engine
from email_statistics.spark.target import require_engine, table_format
from email_statistics.storage import make_private_folder


class OnSpark:
    """dbt builds on the engine, in a folder of the build's own."""

    def __init__(self, options: BuildOptions) -> None:
        """Raise ``UsageError`` where something of the target's is missing."""
        require_engine(options.target)
        self._options = options
        self._format = table_format()
        self._dbt = Dbt(options.variables, options.target)

    def start(self) -> None:
        """Read the project."""
        self._dbt.start()

    def build(self, found: BuildInput, files: BuildFiles, progress: Progress) -> DbtBuild:
        """Build what is selected, then write its public tables into the build database.

        Raises ``EmailStatsError`` where a model, a test or a table's contract fails; what an
        earlier build left is then as it was.
        """
        lake = Path(found.lake)
        target = self._options.target
        warehouse = paths.spark_warehouse() / target
        footers = read_footers(lake, found.files)
        columns = columns_of(footers)
        plan = plan_of(warehouse, found, columns, self._format, self._asked())
        read = files_read_before(plan)
        new = [each for each in footers if each.file.path not in read]
        with _folder_of_a_build(warehouse) as folder:
            statements = list(opening_statements(new, columns, is_delta=plan.last is not None))
            if plan.last:
                statements += go_on(plan.last, folder, self._dbt.models())
            _write_opening(folder, footers, statements, load_outcomes(lake))
            build = {
                "number": plan.number,
                "is_delta": plan.last is not None,
                "folder": str(folder),
                "format": self._format,
            }
            with running_engine(target) as variables:
                built = self._dbt.build(
                    self._options.select,
                    True,
                    progress,
                    {"EMAIL_STATS_SPARK_BUILD": json.dumps(build), **variables},
                )
            progress.step("public tables")
            reading = Reading(len(new), sum(each.rows for each in new), plan.reason)
            write_build_database(built.nodes, folder, files.database, reading)
            record_build(folder, plan, found, columns)
        return built

    def _asked(self) -> str | None:
        """Say why everything is to be built again, where the command says so."""
        if self._options.select:
            return "only a part is built"
        return "asked for" if self._options.is_full_refresh else None


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


def _write_opening(
    folder: Path, files: Sequence[FileOnSpark], opening: Sequence[str], loads: pa.Table
) -> None:
    """Write what the lake consists of, and the statements that open it on the engine."""
    manifest = pa.table(
        {
            "raw_table": [each.file.table for each in files],
            "path": [each.file.path for each in files],
            "raw_rows": [each.rows for each in files],
        }
    )
    statements = list(opening)
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
