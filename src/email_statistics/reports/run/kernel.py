"""Executes a notebook by papermill, in a kernel that is a fork of this very process.

Half of what a short notebook costs is the start of its kernel: Python, ipykernel, polars and DuckDB
are imported again each time. Here they were imported once, by the server that this process was
forked from, and the kernel is one more fork. It is an ipykernel in a process of its own, as any.
"""

import json
import os
import re
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import papermill
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from papermill.exceptions import PapermillExecutionError
from traitlets import default

from email_statistics.build.faults import is_disk_full, sentence_about
from email_statistics.reports.ask.parameters import Value
from email_statistics.reports.run.parameters import literal_path

_TERMINAL_CODE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LINE_LENGTH = 300


class Fork:
    """A kernel's process, forked while this one had a single thread; it waits for its command.

    What ``LocalProvisioner`` asks of a process is what ``subprocess.Popen`` has.
    """

    stdin = stdout = stderr = None

    def __init__(self) -> None:
        """Fork; the child goes on in ``start``'s command, and ends with this process."""
        reading, self._pipe = os.pipe()
        self._ended: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._pipe)
            _become_kernel(reading)
        os.close(reading)

    def start(self, command: Sequence[str], environment: dict[str, str]) -> None:
        """Run ``command``, which is ipykernel's, with this environment."""
        with os.fdopen(self._pipe, "wb") as pipe:
            pipe.write(json.dumps((list(command), environment)).encode())

    def poll(self) -> int | None:
        """Return how it ended, as ``subprocess`` has it, or None while it runs."""
        if self._ended is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._ended = os.waitstatus_to_exitcode(status)
        return self._ended

    def wait(self) -> int:
        """Wait for its end and return how it ended."""
        if self._ended is None:
            self._ended = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._ended

    def send_signal(self, number: int) -> None:
        """Send a signal to it, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


def _become_kernel(reading: int) -> NoReturn:
    os.setsid()  # a group of its own, which the provisioner signals
    with os.fdopen(reading, "rb") as pipe:
        sent = pipe.read()
    if sent:  # nothing is sent where papermill failed before it wanted a kernel
        command, environment = json.loads(sent)
        os.environ.clear()
        os.environ.update(environment)
        from ipykernel import kernelapp

        # Without the interpreter and `-m ipykernel_launcher`. It ends with its parent, whose id
        # ipykernel would have read from the environment as it was imported.
        sys.argv = command[2:]
        parent = f"--IPKernelApp.parent_handle={os.getppid()}"
        kernelapp.launch_new_instance([*command[3:], parent])
    os._exit(0)


class _Forked(LocalProvisioner):
    """Takes the fork that waits instead of a new process."""

    # The base class states no types but those of its first values.
    process: Any
    pid: Any
    pgid: Any
    cwd: Any

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Have the fork become the kernel."""
        manager: Any = self.parent
        fork: Fork = manager.fork
        environment = kwargs.get("env") or dict(os.environ)
        fork.start(cmd, environment)
        self.process = fork
        self.pid = self.pgid = fork.pid
        self.cwd = Path.cwd()
        return self.connection_info


class _ThisPython(AsyncKernelManager):
    """Starts ipykernel of this very environment.

    Jupyter looks for the kernel "python3" in the user's folders first, where it may be another
    Python; with no folder to look into, it falls back to ipykernel's own, on ``sys.executable``.
    """

    fork: Fork

    @default("kernel_spec_manager")
    def _kernel_spec_manager_default(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])

    async def _async_pre_start_kernel(self, **kw: Any) -> tuple[list[str], dict[str, Any]]:
        self.provisioner = _Forked(kernel_spec=self.kernel_spec, kernel_id="", parent=self)
        return await super()._async_pre_start_kernel(**kw)


def execute(notebook: Path, executed: Path, parameters: dict[str, Value], fork: Fork) -> None:
    """Execute ``notebook`` in ``fork`` and write it with its outputs.

    Raises whatever its cells raise, as a ``PapermillExecutionError``; it is written all the same.
    """
    manager = type("_Manager", (_ThisPython,), {"fork": fork})
    papermill.execute_notebook(
        literal_path(notebook),
        literal_path(executed),
        parameters,
        kernel_name=NATIVE_KERNEL_NAME,
        language="python",
        progress_bar=False,
        # It is written once it has ended, well or not: each time in between costs its whole size.
        request_save_on_cell_execute=False,
        kernel_manager_class=manager,
    )


def describe(error: Exception) -> str:
    """One line on what failed, then its traceback, without the terminal's colours."""
    if isinstance(error, PapermillExecutionError):
        line = f"{error.ename}: {error.evalue}"
        trace = "\n".join(error.traceback)
    else:
        is_full = is_disk_full(error)
        line = sentence_about(str(error)) if is_full else f"{type(error).__name__}: {error}"
        trace = "".join(traceback.format_exception(error))
    line = " ".join(_TERMINAL_CODE.sub("", line).split())[:_LINE_LENGTH]
    return f"{line}\n\n{_TERMINAL_CODE.sub('', trace)}\n"
