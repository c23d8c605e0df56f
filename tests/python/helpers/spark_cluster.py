"""A real cluster on this machine, from Spark's wheel: a master, workers, Spark Connect.

By hand, from the project's root: ``PYTHONPATH=tests/python .venv/bin/python -m
helpers.spark_cluster [--connect] COMMAND…`` runs a command on one, with ``EMAIL_STATS_SPARK`` set.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from email_statistics.spark.target import packages_folder

_HOST = "127.0.0.1"
_SECONDS_TO_START = 90

# Small tables and short lives: compiling well costs more than it gives.
_SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m"
_DEFAULTS = {
    "spark.driver.bindAddress": _HOST,
    "spark.driver.host": _HOST,
    "spark.driver.extraJavaOptions": _SHORT_LIVED,
    "spark.executor.extraJavaOptions": _SHORT_LIVED,
    "spark.executor.memory": "1g",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
}


@dataclass(frozen=True)
class Process:
    """A process of Spark's, with all that it starts."""

    popen: subprocess.Popen[bytes]
    log: Path

    def wait_for(self, pattern: str) -> str:
        """Return the first group of what its log says as it is ready."""
        until = time.monotonic() + _SECONDS_TO_START
        while time.monotonic() < until and self.popen.poll() is None:
            found = re.search(pattern, self.log.read_text(encoding="utf-8"))
            if found:
                return found[1]
            time.sleep(0.1)
        raise AssertionError(f"Spark didn't start: {self.log.read_text(encoding='utf-8')[-3000:]}")

    def kill(self) -> None:
        """Kill it at once, and all that it started, as if its machine had died."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end; a worker ends its executors then."""
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(10)
        self._signal(signal.SIGKILL)
        self.popen.wait()

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.popen.pid, number)
        except ProcessLookupError:
            return


@dataclass(frozen=True)
class Cluster:
    """A cluster at work: where it is, and its processes."""

    address: str
    variables: Mapping[str, str]
    master: Process
    workers: list[Process]


def require_spark() -> None:
    """Skip a test where Spark isn't there, saying so."""
    if not shutil.which("java") and not os.environ.get("JAVA_HOME"):
        pytest.skip("Java isn't installed: apt-get install default-jre-headless")
    if not packages_folder("spark").is_dir():
        pytest.skip("Spark isn't installed: make setup-spark")


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """Run a master and its workers, with a core each, for as long as the block runs.

    ``variables`` of it are those of a command that builds there.
    """
    (folder / "conf").mkdir(parents=True)
    defaults = "".join(f"{name} {value}\n" for name, value in _DEFAULTS.items())
    (folder / "conf" / "spark-defaults.conf").write_text(defaults, encoding="utf-8")
    with ExitStack() as stack:
        master = _start(stack, folder, "master.Master", "--port", "0")
        address = master.wait_for(r"Starting Spark master at (spark://\S+)")
        started = [
            _start(
                *(stack, folder, "worker.Worker", "--cores", "1", "--memory", "1g"),
                *("--work-dir", str(folder / f"work{number}"), address),
                name=f"worker{number}",
            )
            for number in range(workers)
        ]
        for worker in started:
            worker.wait_for(r"(Successfully registered with master)")
        yield Cluster(
            address, _environment(folder) | {"EMAIL_STATS_SPARK": address}, master, started
        )


@contextmanager
def connect_server(folder: Path, master: str) -> Iterator[str]:
    """Run a server of Spark Connect on a master; yields its address."""
    with ExitStack() as stack:
        server = _run(
            *(stack, folder, "connect", "spark-submit", "--master", master),
            *("--class", "org.apache.spark.sql.connect.service.SparkConnectServer"),
            *("--conf", f"spark.connect.grpc.binding.address={_HOST}"),
            *("--conf", "spark.connect.grpc.binding.port=0", "--conf", "spark.ui.enabled=false"),
            "spark-internal",
            memory="2g",
        )
        place = server.wait_for(r"Spark Connect server started at: (\S+)")
        yield f"sc://{place}"


def _start(
    stack: ExitStack, folder: Path, service: str, *arguments: str, name: str = "master"
) -> Process:
    service = f"org.apache.spark.deploy.{service}"
    where = ("--host", _HOST, "--webui-port", "0")
    return _run(stack, folder, name, "spark-class", service, *where, *arguments)


def _run(
    stack: ExitStack, folder: Path, name: str, program: str, *arguments: str, memory: str = "256m"
) -> Process:
    log = folder / f"{name}.log"
    path = packages_folder("spark") / "pyspark" / "bin" / program
    with log.open("wb") as output:
        popen = subprocess.Popen(
            [path, *arguments],
            env=os.environ | _environment(folder) | {"SPARK_DAEMON_MEMORY": memory},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    process = Process(popen, log)
    stack.callback(process.stop)
    return process


def _environment(folder: Path) -> dict[str, str]:
    return {
        "SPARK_CONF_DIR": str(folder / "conf"),
        "SPARK_LOCAL_IP": _HOST,
        "SPARK_LOCAL_DIRS": str(folder / "scratch"),
        "PYSPARK_PYTHON": sys.executable,
    }


def main(arguments: list[str]) -> int:
    """Run a command on a cluster; returns its exit code."""
    with_connect = arguments[:1] == ["--connect"]
    command = arguments[1:] if with_connect else arguments
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        started = stack.enter_context(cluster(Path(folder) / "spark"))
        variables = dict(started.variables)
        if with_connect:
            server = connect_server(Path(folder) / "spark", started.address)
            variables["EMAIL_STATS_SPARK"] = stack.enter_context(server)
        print(f"Spark: {variables['EMAIL_STATS_SPARK']}", flush=True)
        return subprocess.run(command, env=os.environ | variables, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
