"""Where a build runs: in DuckDB (``local``), or on an engine that speaks Spark's SQL."""

import importlib
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Literal, get_args

from email_statistics.errors import EmailStatsError, UsageError

Target = Literal["local", "sail", "spark", "spark_connect"]

# What Spark 4 needs.
_JAVA = 17

TableFormat = Literal["parquet", "delta"]

TARGETS: tuple[Target, ...] = get_args(Target)
FORMATS: tuple[TableFormat, ...] = get_args(TableFormat)


class EngineError(EmailStatsError):
    """An engine can't be started or reached; the text says what to do."""


def packages_folder(target: Target) -> Path:
    """The folder of a target's packages: engines need different versions of pyspark."""
    return Path(sys.prefix) / "engines" / ("sail" if target == "sail" else "spark")


def package_version(target: Target, package: str) -> str | None:
    """Return the version of one of a target's packages, None where it isn't installed."""
    for found in distributions(name=package, path=[str(packages_folder(target))]):
        return found.version
    return None


def use_packages(target: Target) -> None:
    """Make the packages of a target importable, before dbt is imported.

    Raises ``UsageError`` where they aren't installed.
    """
    folder = packages_folder(target)
    if not (folder / "pyspark").is_dir():
        raise UsageError(
            f"The target {target} needs packages of its own: run `make setup-{folder.name}`."
        )
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
        importlib.invalidate_caches()


def spark_address(target: Target) -> str:
    """Where Spark is, by ``EMAIL_STATS_SPARK``: a master, or for ``spark_connect`` a server.

    Raises ``UsageError`` where it is set to what another target takes.
    """
    default = "sc://localhost:15002" if target == "spark_connect" else "local[*]"
    address = os.environ.get("EMAIL_STATS_SPARK") or default
    if address.startswith("sc://") != (target == "spark_connect"):
        raise UsageError(
            f"EMAIL_STATS_SPARK is {address}, and the target is {target}: sc://host:port goes with "
            "spark_connect; local[*], spark://host:port, yarn and k8s://… go with spark."
        )
    return address


def table_format() -> TableFormat:
    """Return the format of an engine's tables (``EMAIL_STATS_SPARK_FORMAT``).

    Raises ``UsageError`` where it is another than parquet or delta.
    """
    name = os.environ.get("EMAIL_STATS_SPARK_FORMAT") or "parquet"
    for known in FORMATS:
        if name == known:
            return known
    raise UsageError(f"EMAIL_STATS_SPARK_FORMAT is {name}: it can be {' or '.join(FORMATS)}.")


def require_engine(target: Target) -> None:
    """Make a target usable, as far as this machine can tell without starting anything.

    Raises ``UsageError`` where its packages or Java are missing, or the address is another's.
    """
    use_packages(target)
    if target == "spark":
        require_java()
    if target != "sail":
        spark_address(target)


def require_java() -> int:
    """Return the version of the Java that runs Spark.

    Raises ``UsageError`` where there is none, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    java = Path(home, "bin", "java") if home else shutil.which("java")
    advice = (
        "install it (Debian and Ubuntu: apt-get install default-jre-headless) or set JAVA_HOME."
    )
    try:
        said = subprocess.run(  # noqa: S603  # the Java that Spark itself would start
            [java or "java", "-version"], capture_output=True, text=True, check=True
        ).stderr
    except (OSError, subprocess.CalledProcessError) as error:
        where = f"at JAVA_HOME ({home})" if home else "here"
        raise UsageError(
            f"Spark needs Java {_JAVA} or newer, and there is no java {where}: {advice}"
        ) from error
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    version = int(found[1]) if found else 0
    if version < _JAVA:
        raise UsageError(f"Spark needs Java {_JAVA} or newer, and {java} is {version}: {advice}")
    return version
