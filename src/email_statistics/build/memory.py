"""How much memory a build may take: DuckDB spills to disk what doesn't fit."""

import os

import duckdb

# Left to itself DuckDB takes 80 % of the machine, of which most is a cache of what the disk holds.
BUILDING = 7_000
# A batch on top of what was built takes as much as its own rows need, however much that is.
INCREMENT = 1_000
INCREMENT_A_MILLION_ROWS = 200
READING = 1_000


def limit_memory(connection: duckdb.DuckDBPyConnection, megabytes: int) -> None:
    """Let DuckDB take so many megabytes, or half of a smaller machine's memory."""
    connection.execute(f"set memory_limit = '{available_megabytes(megabytes)}MB'")


def available_megabytes(megabytes: int) -> int:
    """Return so many megabytes, or half of a smaller machine's memory."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1_000_000
    return min(megabytes, machine // 2)
