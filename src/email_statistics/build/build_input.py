"""All that the result of a build depends on, as it is now."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
from pydantic import BaseModel, ConfigDict

from email_statistics.lake import LakeFile, lake_files, load_records

_PACKAGE = Path(__file__).parents[1]
_SEEDS = ("seeds/*.csv",)
_SEED_TYPES = ("seeds/*.yml",)
_MODELS = (
    "dbt_project.yml",
    *(f"models/**/*.{ending}" for ending in ("sql", "yml", "md")),
    "macros/**/*.sql",
)
_TESTS_AND_SETTINGS = (
    "tests/dbt/**/*.sql",
    "tests/dbt/**/*.yml",
    "profiles.yml",
)
_CODE = ("*.py", "build/*.py", "experiments/*.py", "spark/*.py", "gate/**/*.py", "gate/**/*.yml")


class BuildInput(BaseModel):
    """All that the result of a build depends on: two builds of equal inputs are equal."""

    model_config = ConfigDict(frozen=True)

    lake: str
    files: list[LakeFile]
    loads: list[LakeFile]
    settings: dict[str, Any]
    project: str
    engine: str


def read_build_input(
    lake: Path, settings: dict[str, Any], project: Path, engine: str
) -> BuildInput:
    """Look at the lake, the project's seeds and, once in a process, all else in the project.

    ``engine`` says on what is built, and where its tables are.
    """
    parts = (
        seeds_fingerprint(project),
        models_fingerprint(project),
        _fingerprint_read_once(project, _TESTS_AND_SETTINGS),
        _fingerprint_read_once(_PACKAGE, _CODE),
        version("dbt-core"),
        version("dbt-duckdb"),
        version("great-expectations"),
    )
    return BuildInput(
        lake=str(lake),
        files=lake_files(lake),
        loads=load_records(lake),
        settings=settings,
        project=hashlib.sha256(" ".join(parts).encode()).hexdigest(),
        engine=engine,
    )


def seeds_fingerprint(project: Path) -> str:
    """Return a digest of a project's seeds as they are now: every build loads them again."""
    types = _fingerprint_read_once(project, _SEED_TYPES)
    return hashlib.sha256(f"{types} {_digest(project, _SEEDS)}".encode()).hexdigest()


def models_fingerprint(project: Path) -> str:
    """Return a digest of a project's models and of DuckDB's version."""
    models = _fingerprint_read_once(project, _MODELS)
    return hashlib.sha256(f"{duckdb.__version__} {models}".encode()).hexdigest()


@cache
def _fingerprint_read_once(folder: Path, patterns: tuple[str, ...]) -> str:
    """Return the digest of what a process reads once, as it was then."""
    return _digest(folder, patterns)


def _digest(folder: Path, patterns: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for path in sorted(file for pattern in patterns for file in folder.glob(pattern)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder)} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
