"""Where a build keeps its files: beside the published warehouse or in ``build/`` below it."""

import os
from dataclasses import dataclass
from pathlib import Path

from email_statistics import paths
from email_statistics.errors import UsageError
from email_statistics.storage import UNFINISHED, make_private_folder

# DuckDB calls a database by its file's name: `core.build` would be a table of either.
_OWN_NAMES = frozenset(
    (
        "batch",
        "core",
        "earlier",
        "intermediate",
        "main",
        "marts",
        "raw",
        "seeds",
        "staging",
        "steps",
        "system",
        "temp",
    )
)


@dataclass(frozen=True)
class BuildFiles:
    """The files of one warehouse."""

    published: Path
    database: Path

    @property
    def steps(self) -> Path:
        """What of the build database isn't published: its steps, a file of their own."""
        return self.database.with_name(f"{self.database.name}.steps")

    @property
    def batch(self) -> Path:
        """What only the build at work needs; emptied once it has passed."""
        return self.database.with_name(f"{self.database.name}.batch")

    @property
    def lock(self) -> Path:
        """Locked by the process that builds or publishes; says which."""
        return self.database.with_name(f"{self.database.name}.lock")

    @property
    def last_build(self) -> Path:
        """What the published version was built from (``last_build.LastBuild``)."""
        return self.database.with_name(f"{self.database.stem}.last_build.json")

    @property
    def checks_page(self) -> Path:
        """The results of the latest checks, for people."""
        return self.published.with_name(f"{self.published.stem}.checks.html")

    @property
    def unfinished(self) -> Path:
        """What this process writes before it takes the published file's place."""
        return self.published.with_name(f".{self.published.name}.{os.getpid()}")

    def leftovers(self) -> list[Path]:
        """List what killed processes left behind; only the holder of the lock may ask.

        Unfinished files of other processes, with DuckDB's logs and spill folders of them, and the
        spill folder of the build database. Its write-ahead log isn't one: DuckDB replays it.
        """
        prefix = f".{self.published.name}."
        beside = [*self.published.parent.iterdir(), *self.database.parent.iterdir()]
        return sorted(
            path
            for path in beside
            if path.name.startswith(UNFINISHED)
            or path.name == f"{self.database.name}.tmp"
            or (
                path.name.startswith(prefix)
                and path.name.removeprefix(prefix).partition(".")[0].isdigit()
            )
        )


def build_files(target: str = "local") -> BuildFiles:
    """Return the files of the warehouse that ``EMAIL_STATS_WAREHOUSE`` names."""
    return BuildFiles(paths.published_warehouse(), paths.build_database(target))


def refuse_bad_name(warehouse: Path) -> None:
    """Raise ``UsageError`` where DuckDB or dbt couldn't address tables by a warehouse's name."""
    name = warehouse.name.lstrip(".").partition(".")[0].lower()
    if name in _OWN_NAMES or {"'", '"'} & set(name):
        raise UsageError(
            f"A warehouse can't be called {warehouse.name}: to DuckDB it is {name}, which has a "
            "quote in it, or is the name of a part of it or of DuckDB. Point EMAIL_STATS_WAREHOUSE "
            "to another file, such as email_stats.duckdb."
        )


def prepare_folders(files: BuildFiles) -> None:
    """Make the folders of the warehouse and see that they can be written.

    Raises ``UsageError`` where one can't be, or the file has a name that it can't have.
    """
    refuse_bad_name(files.published)
    for folder in (files.published.parent, files.database.parent):
        try:
            make_private_folder(folder)
        except OSError as error:
            raise _unwritable(folder, error.strerror or str(error)) from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise _unwritable(folder, "Permission denied")
    if files.published.is_dir():
        raise _unwritable(files.published, "it is a folder, and must be a file")


def _unwritable(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} can't be written ({why}): make it writable, or point EMAIL_STATS_WAREHOUSE to a "
        "file in a folder that is."
    )
