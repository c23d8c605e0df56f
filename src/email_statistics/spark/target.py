"""Where a build runs: in DuckDB (``local``), or on an engine that speaks Spark's SQL."""

import importlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, get_args

from email_statistics import paths
from email_statistics.errors import EmailStatsError, UsageError
from email_statistics.experiments.functions import add_functions_to_spark
from email_statistics.storage import available_megabytes

# Sail in a process of its own, which says its port and ends with the one that started it.
_SERVER = """
import sys
sys.path.append(sys.argv[1])
from pysail.spark import SparkConnectServer
server = SparkConnectServer(ip="127.0.0.1", port=0)
server.start(background=True)
print(server.listening_address[1], flush=True)
sys.stdin.read()
"""

Target = Literal["local", "sail", "spark", "spark_connect"]

# The driver plans and collects; tables are the executors' matter, which a local master has inside.
_DRIVER_MEGABYTES = 6_000

_SECONDS_TO_ANSWER = 10

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


@contextmanager
def running_engine(target: Target) -> Iterator[Mapping[str, str]]:
    """Connect to the engine of a build, and start it where it is this machine's.

    Yields the variables by which profiles.yml finds it. Raises ``EngineError`` where it can't be
    reached or started, ``UsageError`` where ``EMAIL_STATS_SPARK`` is for another target.
    """
    if target == "sail":
        with _sail() as port, _session({"spark.remote": f"sc://127.0.0.1:{port}"}):
            yield {"EMAIL_STATS_SAIL_PORT": port}
    elif target == "spark_connect":
        _require_listener(spark_address(target))
        with _session({"spark.remote": spark_address(target)}):
            yield {}
    else:
        require_java()
        _require_listener(spark_address(target))
        # Spark's own choice is the first python3 of a worker's PATH, which may lack this package.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        with _session(_static_settings(spark_address(target))):
            yield {}


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


def _require_listener(address: str) -> None:
    """Raise ``EngineError`` where nobody answers at an address; Spark would try for minutes."""
    scheme, _, places = address.partition("://")
    if scheme not in ("sc", "spark"):
        return
    for place in places.partition("/")[0].split(","):
        host, _, port = place.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=_SECONDS_TO_ANSWER).close()
        except (OSError, ValueError):
            continue
        return
    raise EngineError(
        f"Nobody answers at {address}: see that Spark runs there, and EMAIL_STATS_SPARK."
    )


def require_java() -> None:
    """Raise ``UsageError`` where there is no Java to run Spark with."""
    home = os.environ.get("JAVA_HOME")
    if not (shutil.which("java") or (home and Path(home, "bin", "java").exists())):
        raise UsageError(
            "Spark needs Java 17 or newer, and there is no java here: install it (Debian and "
            "Ubuntu: apt-get install default-jre-headless) or set JAVA_HOME."
        )


def _static_settings(master: str) -> dict[str, str]:
    """The settings of a session that are fixed once it runs; the others are in profiles.yml."""
    folder = paths.spark_warehouse()
    settings = {
        "spark.master": master,
        "spark.app.name": "email-statistics",
        # Tables have places of their own; a schema has a folder here all the same.
        "spark.sql.warehouse.dir": str(folder / "catalog"),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.hadoop.fs.permissions.umask-mode": "077",
        "spark.driver.memory": f"{available_megabytes(_DRIVER_MEGABYTES)}m",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "OFF",
    }
    if master.startswith("local"):
        settings["spark.local.dir"] = str(folder / "scratch")
        settings["spark.sql.shuffle.partitions"] = str(2 * (os.cpu_count() or 1))
    return settings


@contextmanager
def _sail() -> Iterator[str]:
    """Run a server of Sail; yields its port."""
    server = subprocess.Popen(  # noqa: S603  # its arguments are this module's own
        [sys.executable, "-c", _SERVER, str(packages_folder("sail"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "RUST_LOG": "off"},
        text=True,
    )
    with server:
        try:
            port = server.stdout.readline().strip() if server.stdout else ""
            if not port:
                raise EngineError("Sail didn't start: run `make setup-sail` again.")
            yield port
        finally:
            server.kill()


@contextmanager
def _session(settings: Mapping[str, str]) -> Iterator[None]:
    """Open the session that all threads of dbt use, and end it while its engine can hear that.

    One that is left open makes the process wait at its end, for an engine that is gone.
    """
    from pyspark.sql import SparkSession

    builder = SparkSession.builder
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
        session.sql("select 1").collect()
        add_functions_to_spark(session)
    except Exception as error:  # py4j's and gRPC's errors have no class in common
        raise EngineError(
            f"{settings.get('spark.remote') or settings['spark.master']} can't be reached "
            f"({str(error).splitlines()[0]}): see that it runs, and EMAIL_STATS_SPARK."
        ) from error
    try:
        yield
    finally:
        session.stop()
