"""The session in which a build runs, on an engine that is started or reached for it."""

import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from email_statistics import paths
from email_statistics.experiments.functions import add_functions_to_spark
from email_statistics.spark.target import (
    EngineError,
    Target,
    packages_folder,
    spark_address,
)
from email_statistics.spark.watch import answers, places_of, watched
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

# The driver plans and collects; tables are the executors' matter, which a local master has inside.
_DRIVER_MEGABYTES = 6_000

_SECONDS_TO_ANSWER = 10

# By their words, and while the engine runs: any other warning of pyspark's is shown.
_EXPECTED_WARNINGS = (
    # pyspark asks for an older pandas than ours; nothing here makes frames by pyspark. It is shown
    # once, as dbt starts.
    r"PySpark does not yet fully support pandas >= 3\.0\.0",
    # dbt-spark asks for Hive's catalogue in each session; a server has its own.
    r"Failed to set spark\.sql\.catalogImplementation",
)


@contextmanager
def running_engine(target: Target) -> Iterator[Mapping[str, str]]:
    """Connect to the engine of a build, and start it where it is this machine's.

    Yields the variables by which profiles.yml finds it. Raises ``EngineError`` where it can't be
    reached or started, or goes away, ``UsageError`` where ``EMAIL_STATS_SPARK`` is for another
    target.
    """
    with warnings.catch_warnings():
        for message in _EXPECTED_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        if target == "sail":
            with _sail() as port, _session({"spark.remote": f"sc://127.0.0.1:{port}"}):
                yield {"EMAIL_STATS_SAIL_PORT": port}
        elif target == "spark_connect":
            address = spark_address(target)
            _require_server(address)
            with _session({"spark.remote": address}):
                yield {}
        else:
            address = spark_address(target)
            _require_master(address)
            # Spark takes the first python3 of a worker's PATH, which may lack this package.
            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
            with _session(_static_settings(address)):
                yield {}


def _require_master(address: str) -> None:
    """Raise ``EngineError`` where nobody answers at an address; Spark would try for a minute."""
    places = places_of(address)
    if places and not answers(places):
        raise _nobody(address)


def _require_server(address: str) -> None:
    """Raise ``EngineError`` where no gRPC server answers; its client would try for ten minutes."""
    _require_master(address)
    import grpc
    from pyspark.sql.connect.client.core import DefaultChannelBuilder

    channel = DefaultChannelBuilder(address).toChannel()
    try:
        grpc.channel_ready_future(channel).result(timeout=_SECONDS_TO_ANSWER)
    except grpc.FutureTimeoutError as error:
        raise _nobody(address) from error
    finally:
        channel.close()


def _nobody(address: str) -> EngineError:
    return EngineError(
        f"Nobody answers at {address}: see that Spark runs there, and EMAIL_STATS_SPARK."
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

    remote = settings.get("spark.remote")
    address = remote or settings["spark.master"]
    builder = SparkSession.builder
    for name, value in settings.items():
        builder = builder.config(name, value)
    with _as_engine_error(address):
        session = builder.getOrCreate()
    try:
        if remote:
            watch = watched(address, session.client.close)
        else:
            context = session.sparkContext
            has_workers = _has_executors(context) if places_of(address) else lambda: True
            watch = watched(address, context._jsc.sc().stop, has_workers)
        with watch:
            with _as_engine_error(address):
                session.sql("select 1").collect()
                add_functions_to_spark(session)
            yield
    finally:
        # A client that is closed would try for minutes to say so.
        if not (remote and session.client.is_closed):
            session.stop()


@contextmanager
def _as_engine_error(address: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # py4j's and gRPC's errors have no class in common
        raise EngineError(
            f"{address} can't be used ({str(error).splitlines()[0]}): see that it runs, and "
            "EMAIL_STATS_SPARK."
        ) from error


def _has_executors(context: Any) -> Callable[[], bool]:
    """Return a function that says whether a context has any; its driver counts as one."""
    from py4j.protocol import Py4JError

    def has_executors() -> bool:
        try:
            return bool(context._jsc.sc().getExecutorMemoryStatus().size() > 1)
        except Py4JError:  # its process is gone, and the executors with it
            return False

    return has_executors
