"""Where a build runs: in DuckDB (``local``), or on an engine that speaks Spark's SQL."""

import importlib
import os
import shutil
import sys
from pathlib import Path
from typing import Literal, get_args

from email_statistics.errors import EmailStatsError, UsageError

Target = Literal["local", "sail", "spark", "spark_connect"]

TARGETS: tuple[Target, ...] = get_args(Target)


class EngineError(EmailStatsError):
    """An engine can't be started or reached; the text says what to do."""


def packages_folder(target: Target) -> Path:
    """The folder of a target's packages: engines need different versions of pyspark."""
    return Path(sys.prefix) / "engines" / ("sail" if target == "sail" else "spark")


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


def require_java() -> None:
    """Raise ``UsageError`` where there is no Java to run Spark with."""
    home = os.environ.get("JAVA_HOME")
    if not (shutil.which("java") or (home and Path(home, "bin", "java").exists())):
        raise UsageError(
            "Spark needs Java 17 or newer, and there is no java here: install it (Debian and "
            "Ubuntu: apt-get install default-jre-headless) or set JAVA_HOME."
        )
