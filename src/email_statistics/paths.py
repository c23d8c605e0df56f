"""Where things lie. Relative paths count from the project's root, wherever a process runs."""

import os
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]


def _path(variable: str, default: str) -> Path:
    path = PROJECT_ROOT / Path(os.environ.get(variable) or default).expanduser()
    # DuckDB gives the files that it finds without "..", by which we wouldn't know them again.
    return path.resolve() if ".." in path.parts else path


def raw_lake() -> Path:
    """The folder of raw Parquet files (``EMAIL_STATS_RAW``), by default the committed sample."""
    return _path("EMAIL_STATS_RAW", "seeds/sample_lake")


def published_warehouse() -> Path:
    """The published DuckDB file (``EMAIL_STATS_WAREHOUSE``), which every reader opens."""
    return _path("EMAIL_STATS_WAREHOUSE", "var/warehouse/email_stats.duckdb")


def build_database() -> Path:
    """The database that ``dbt build`` writes: ``build/<file name>`` beside the published one."""
    published = published_warehouse()
    return published.parent / "build" / published.name
