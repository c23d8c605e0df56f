"""What several tests need: builds of a lake, as a data team would run them."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PROJECT_ROOT = Path(__file__).parents[3]


class BuildError(AssertionError):
    """The build failed; the text is the end of what it said."""


def parsed() -> dict[str, str]:
    """The variable by which dbt begins with what `make setup` has read of the project."""
    file = PROJECT_ROOT / "var" / "dbt" / "target" / "partial_parse.msgpack"
    return {"DBT_PARTIAL_PARSE_FILE_PATH": str(file)} if file.exists() else {}


def environment(lake: Path, warehouse: Path) -> dict[str, str]:
    """The environment of a command that reads ``lake`` and keeps all that it writes beside
    ``warehouse``."""
    return {
        **os.environ,
        **parsed(),
        "EMAIL_STATS_RAW": str(lake),
        "EMAIL_STATS_WAREHOUSE": str(warehouse),
        "DBT_TARGET_PATH": str(warehouse.parent / "target"),
        "DBT_LOG_PATH": str(warehouse.parent / "logs"),
    }


def build_database(warehouse: Path) -> Path:
    """The database that dbt writes: ``build/<same file name>`` beside the published one."""
    return warehouse.parent / "build" / warehouse.name


def steps_of(database: Path) -> Path:
    """The other file of a build database: staging, intermediate and seeds."""
    return database.with_name(f"{database.name}.steps")


def copy_database(database: Path, copy: Path) -> None:
    """Copy a build database, both files of it."""
    shutil.copy(database, copy)
    shutil.copy(steps_of(database), steps_of(copy))


def dbt(*arguments: str, lake: Path, warehouse: Path) -> subprocess.CompletedProcess[str]:
    """Runs dbt in a process of its own, with its output captured."""
    return subprocess.run(
        [Path(sys.executable).with_name("dbt"), "--no-use-colors", *arguments],
        cwd=PROJECT_ROOT,
        env=environment(lake, warehouse),
        capture_output=True,
        text=True,
        check=False,
    )


def staging_project(folder: Path) -> Path:
    """A copy of the project as far as its staging, with all its seeds and macros: dbt's own ways
    are tried on a tenth of the models."""
    for part in (
        *("dbt_project.yml", "profiles.yml", "macros", "tests/dbt/generic"),
        *("models/columns.md", "models/staging"),
        *(f"seeds/{path.name}" for path in (PROJECT_ROOT / "seeds").glob("*.csv")),
    ):
        source, target = PROJECT_ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    return folder


@dataclass(frozen=True)
class SampleBuild:
    """A build of the sample: where it would be published, and what dbt said."""

    folder: Path

    def write(self, run: subprocess.CompletedProcess[str]) -> None:
        """Keep what dbt said, for whoever comes to read it."""
        self._told.write_text(json.dumps([run.returncode, run.stdout]), encoding="utf-8")

    @property
    def returncode(self) -> int:
        """How dbt ended."""
        return int(self._read()[0])

    @property
    def output(self) -> str:
        """What dbt said."""
        return str(self._read()[1])

    @property
    def warehouse(self) -> Path:
        """Where it would be published."""
        return self.folder / "email_stats.duckdb"

    @property
    def database(self) -> Path:
        """The build database."""
        return build_database(self.warehouse)

    @property
    def manifest(self) -> dict[str, Any]:
        """dbt's manifest of the build."""
        path = self.folder / "target" / "manifest.json"
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content

    @property
    def _told(self) -> Path:
        return self.folder / "told.json"

    def _read(self) -> tuple[int, str]:
        returncode, output = json.loads(self._told.read_text(encoding="utf-8"))
        return returncode, output


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first worker fills while the others wait for it."""
    own = factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / name
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        is_made = folder / ".made"
        if not is_made.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of one that failed to
            folder.mkdir()
            make(folder)
            is_made.touch()
    return folder
