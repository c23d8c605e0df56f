"""Where things lie. Relative paths count from the project's root, wherever a process runs."""

import os
from pathlib import Path

from email_statistics.errors import UsageError

PROJECT_ROOT = Path(__file__).resolve().parents[2]


def _path(variable: str, default: str) -> Path:
    path = PROJECT_ROOT / Path(os.environ.get(variable) or default).expanduser()
    # DuckDB gives the files that it finds without "..", by which we wouldn't know them again.
    return path.resolve() if ".." in path.parts else path


def raw_lake() -> Path:
    """The folder of raw Parquet files (``EMAIL_STATS_RAW``), by default the committed sample."""
    return _path("EMAIL_STATS_RAW", "seeds/sample_lake")


def lake_to_write(given: Path | None) -> Path:
    """Return the lake that a command writes to: ``given`` (``--lake``), else ``EMAIL_STATS_RAW``.

    Raises ``UsageError`` where neither is given, or it is the committed sample or no folder.
    """
    if given is None and not os.environ.get("EMAIL_STATS_RAW"):
        raise UsageError("Which lake? Give --lake, or set EMAIL_STATS_RAW to its folder.")
    lake = given.expanduser().absolute() if given else raw_lake()
    refuse_the_sample(lake)
    if lake.exists() and not lake.is_dir():
        raise UsageError(f"{lake} is a file: name a lake's folder.")
    return lake


def refuse_the_sample(lake: Path) -> None:
    """Raise ``UsageError`` for the committed sample, which nothing writes to."""
    if lake.resolve() == PROJECT_ROOT / "seeds" / "sample_lake":
        raise UsageError(
            f"{lake} is the sample that comes with the project: give --lake, or set "
            "EMAIL_STATS_RAW, to the folder of a lake of your own."
        )


def published_warehouse() -> Path:
    """The published DuckDB file (``EMAIL_STATS_WAREHOUSE``), which every reader opens."""
    return _path("EMAIL_STATS_WAREHOUSE", "var/warehouse/email_stats.duckdb")


def reports_folder() -> Path:
    """The folder of the site and of all renderings (``EMAIL_STATS_REPORTS``)."""
    return _path("EMAIL_STATS_REPORTS", "var/reports")


def exports_folder() -> Path:
    """The folder of exports and of their register (``EMAIL_STATS_EXPORTS``)."""
    return _path("EMAIL_STATS_EXPORTS", "var/exports")


def build_database(target: str = "local") -> Path:
    """The database that a build writes: ``build/<file name>`` beside the published one.

    That of another target than ``local`` is in a folder of its own.
    """
    published = published_warehouse()
    folder = published.parent / "build"
    return (folder if target == "local" else folder / target) / published.name


def spark_warehouse() -> Path:
    """The folder of the tables that Spark or Sail builds (``EMAIL_STATS_SPARK_WAREHOUSE``)."""
    return _path("EMAIL_STATS_SPARK_WAREHOUSE", "var/spark")
