"""What is built, and the engine that builds it: DuckDB here, or one that speaks Spark's SQL."""

from dataclasses import dataclass
from typing import Protocol

from email_statistics.build.build_input import BuildInput
from email_statistics.build.database import shrink
from email_statistics.build.dbt import Dbt, DbtBuild
from email_statistics.build.files import BuildFiles
from email_statistics.build.progress import Progress
from email_statistics.spark.target import Target
from email_statistics.storage import make_private


@dataclass(frozen=True)
class BuildOptions:
    """What of the project is built, how, and where."""

    variables: str | None = None
    select: tuple[str, ...] = ()
    is_full_refresh: bool = False
    target: Target = "local"


class Engine(Protocol):
    """Builds the models; leaves ``core`` and ``marts`` in the build database of ``files``."""

    def start(self) -> None:
        """Read the project. Raises ``BuildError`` where it can't be read."""

    def build(self, found: BuildInput, files: BuildFiles, progress: Progress) -> DbtBuild:
        """Build what was found; raises ``EmailStatsError`` where a part fails."""


class OnDuckDB:
    """dbt builds in the build database itself, by increments where it can."""

    def __init__(self, options: BuildOptions) -> None:
        """Nothing is started yet."""
        self._options = options
        self._dbt = Dbt(options.variables)

    def start(self) -> None:
        """Read the project."""
        self._dbt.start()

    def build(self, found: BuildInput, files: BuildFiles, progress: Progress) -> DbtBuild:
        """Build; what ``found`` says, dbt sees for itself as it opens the database."""
        built = self._dbt.build(self._options.select, self._options.is_full_refresh, progress)
        shrink(files.batch)
        for database in (files.database, files.steps, files.batch):
            make_private(database)
        return built


def engine_of(options: BuildOptions) -> Engine:
    """Return the engine of a target.

    Raises ``UsageError`` where something of it is missing, such as its packages.
    """
    if options.target == "local":
        return OnDuckDB(options)
    from email_statistics.spark.engine import OnSpark

    return OnSpark(options)
