"""One report in a process of its own: notebook in, executed notebook and offline HTML out.

A process, because working folder, environment and a crash belong to a whole process. It is forked
from a server (``multiprocessing``, "forkserver") that has imported ``PRELOADED``, which takes most
of a second: once for all reports of a run. The kernel is one more process, started by papermill.
"""

import gc
import multiprocessing
import os
import sys
import threading
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from email_statistics.paths import PROJECT_ROOT
from email_statistics.reports.ask.parameters import Value

_PAGES = Path(__file__).parents[1] / "pages"
PRELOADED = [
    "email_statistics.reports.run.kernel",
    "email_statistics.reports.run.html",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    *(f"email_statistics.reports.pages.{path.stem}" for path in sorted(_PAGES.glob("[a-z]*.py"))),
]
"""Modules of the worker and of the kernel."""

_TURN = threading.Lock()
"""An exit code can be read once, and to start a process reads those of all that have ended: each in
its turn, or one of two readers finds nothing and takes it for a death (255)."""


@dataclass(frozen=True)
class Job:
    """A page to render, and the folder for it; what its processes say goes to a file beside."""

    label: str
    notebook: Path
    parameters: dict[str, Value]
    folder: Path

    @property
    def log(self) -> Path:
        """The file for what the processes of the report say."""
        return self.folder.with_suffix(".log")


def start(job: Job, environment: dict[str, str]) -> ForkServerProcess:
    """Start a process that does ``work``."""
    servers = multiprocessing.get_context("forkserver")
    servers.set_forkserver_preload(PRELOADED)
    process = servers.Process(target=work, args=(job, environment))
    with _TURN:
        process.start()
    return process


def exit_code(process: ForkServerProcess) -> int | None:
    """Wait for the end of a process and return its exit code."""
    connection.wait([process.sentinel])
    with _TURN:
        process.join()
    return process.exitcode


def _end_with_the_runner() -> None:
    runner = multiprocessing.parent_process()
    if runner is not None:
        runner.join()
    # The kernel ends with this process.
    os._exit(1)


def work(job: Job, environment: dict[str, str]) -> None:
    """Write ``notebook.ipynb`` and ``report.html`` into the folder of the job.

    The process ends with 0, or with 1 and ``error.txt`` in the folder: one line, then the
    traceback. It ends at once when the process that waits for it is gone.
    """
    # What was imported stays: the collector needn't look through it again, here or in the kernel.
    gc.freeze()
    # Of its own session: Ctrl-C is the runner's to handle.
    os.setsid()
    os.umask(0o077)
    os.chdir(PROJECT_ROOT)
    os.environ.clear()
    os.environ.update(environment)
    log = os.open(job.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    # Imported by the server; the runner needs neither.
    from email_statistics.reports.run import html, kernel

    # Before there is a second thread: a fork copies one only.
    fork = kernel.Fork()
    threading.Thread(target=_end_with_the_runner, daemon=True).start()
    executed = job.folder / "notebook.ipynb"
    try:
        kernel.execute(job.notebook, executed, job.parameters, fork)
        html.to_html(executed, job.folder / "report.html")
    except Exception as error:  # whatever a notebook raises: it is kept, and the exit code says it
        (job.folder / "error.txt").write_text(kernel.describe(error), encoding="utf-8")
        sys.exit(1)
