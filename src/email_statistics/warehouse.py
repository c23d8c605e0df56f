"""The published tables as polars frames: what notebooks and analysts read with.

>>> from email_statistics import warehouse
>>> warehouse.table("marts.email_performance")
>>> warehouse.sql("select * from marts.link_performance where email_source_id = $id", id="src_1")

Each call opens the warehouse read-only, reads and closes it, so that it can be replaced at any time
and nobody waits.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from polars.exceptions import ColumnNotFoundError

from email_statistics import paths
from email_statistics.errors import EmailStatsError
from email_statistics.storage import open_duckdb

# A whole table of messages may be sorted for one frame.
_MEGABYTES = 4_000

_TABLE = re.compile(r"(core|marts)\.[a-z][a-z0-9_]*")


class WarehouseError(EmailStatsError):
    """There is no warehouse to read, or it can't be opened; the text says what to do."""


def another_version(missing: str) -> WarehouseError:
    """The error where the warehouse lacks what this version of the project publishes."""
    return WarehouseError(
        f"The warehouse {paths.published_warehouse()} was built by another version of the project "
        f"(missing: {missing}): run `email-stats build`."
    )


@contextmanager
def of_this_version() -> Iterator[None]:
    """Take what the project's own queries don't find as what another version didn't publish.

    Raises ``WarehouseError``, one sentence.
    """
    try:
        yield
    except (duckdb.CatalogException, duckdb.BinderException, ColumnNotFoundError) as error:
        raise another_version(str(error).splitlines()[0]) from error


def connect(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file read-only, with the clock on UTC and nothing fetched from anywhere.

    Raises ``WarehouseError`` where it can't be opened. The caller closes it.
    """
    try:
        return open_duckdb(path, read_only=True, megabytes=_MEGABYTES)
    except duckdb.Error as error:
        raise WarehouseError(
            f"The warehouse {path} can't be opened ({str(error).splitlines()[0]}); "
            "wait for a running build to end, or run `email-stats doctor`."
        ) from error


def location() -> Path:
    """The file that readers open: the published warehouse.

    Before anything was published it is the build database, if a whole build passed there (a fresh
    clone after its first ``dbt build``). Raises ``WarehouseError`` where there is neither.
    """
    published = paths.published_warehouse()
    if published.exists():
        return published
    build = paths.build_database()
    if build.exists():
        with connect(build) as connection, of_this_version():
            outcome = connection.sql("select is_passed, reason from raw.build_outcome").fetchall()
        if outcome and outcome[0][0]:
            return build
    raise WarehouseError(
        f"There is no published warehouse at {published}: run `email-stats build` (or `dbt build`)."
    )


def sql(query: str, **parameters: Any) -> pl.DataFrame:
    """The answer to one query over ``core`` and ``marts``, with ``$name`` bound to ``parameters``.

    Raises ``WarehouseError`` where there is no warehouse, ``duckdb.Error`` where the query is bad.
    """
    with connect(location()) as connection:
        frame: pl.DataFrame = connection.sql(query, params=parameters).pl()
        return frame


def table(name: str) -> pl.DataFrame:
    """A whole public table, such as ``marts.email_performance``.

    Raises ``ValueError`` where the name isn't that of a table of ``core`` or ``marts``,
    ``WarehouseError`` where the warehouse has no such table.
    """
    if not _TABLE.fullmatch(name):
        raise ValueError(
            f"{name!r} is not a table of core or marts, such as 'marts.email_performance'."
        )
    try:
        with connect(location()) as connection:
            frame: pl.DataFrame = connection.table(name).pl()
            return frame
    except duckdb.CatalogException as error:
        raise WarehouseError(
            f"The warehouse {paths.published_warehouse()} has no table {name}: check the name; if "
            "it is right, another version of the project built it: run `email-stats build`."
        ) from error
