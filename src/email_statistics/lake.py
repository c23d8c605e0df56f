"""The files of a raw lake: Parquet below ``<lake>/<table>/``, at any depth."""

from pathlib import Path
from typing import NamedTuple

from email_statistics.contract import raw_tables
from email_statistics.errors import UsageError


class LakeFile(NamedTuple):
    """A file of a lake, by what tells whether it is still the same.

    Its raw table, its path from the lake on, its bytes, the time of its last change in nanoseconds.
    """

    table: str
    path: str
    size: int
    modified_at_ns: int


def raw_files(lake: Path, table: str) -> list[Path]:
    """List the files of a raw table; what starts with ``_`` or ``.`` is a writer's at work."""
    folder = lake / table
    return sorted(
        path
        for path in folder.rglob("*.parquet")
        if path.is_file() and not any(part[0] in "_." for part in path.relative_to(folder).parts)
    )


def lake_files(lake: Path) -> list[LakeFile]:
    """List every file of a lake that a build reads."""
    found = []
    for table in raw_tables():
        for path in raw_files(lake, table.name):
            status = path.stat()
            inside = str(path.relative_to(lake))
            found.append(LakeFile(table.name, inside, status.st_size, status.st_mtime_ns))
    return found


def load_records(lake: Path) -> list[LakeFile]:
    """List the records of loads, which a build shows in ``marts.loads``."""
    return [
        LakeFile("_loads", path.name, status.st_size, status.st_mtime_ns)
        for path in sorted((lake / "_loads").glob("[!_]*.json"))
        for status in [path.stat()]
    ]


def require_lake(lake: Path) -> None:
    """Raise ``UsageError`` where there is no such folder."""
    if not lake.is_dir():
        raise UsageError(
            f"There is no raw lake at {lake}: point EMAIL_STATS_RAW to the folder that holds it "
            "(or write a sample with `email-stats sample`)."
        )
