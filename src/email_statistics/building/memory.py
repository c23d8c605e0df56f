"""How much memory a build may take: DuckDB spills to disk what doesn't fit."""

import os

import duckdb

# Left to itself DuckDB takes 80 % of the machine, of which most is a cache of what the disk holds.
BUILDING = 7_000
# The next two are open at the same time.
COPYING = 2_500
READING = 1_000


def limit_memory(connection: duckdb.DuckDBPyConnection, megabytes: int) -> None:
    """Let DuckDB take so many megabytes, or half of a smaller machine's memory."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1_000_000
    connection.execute(f"set memory_limit = '{min(megabytes, machine // 2)}MB'")
