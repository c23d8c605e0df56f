"""Executes a notebook by papermill, in a kernel of this very environment."""

import re
import traceback
from pathlib import Path

import papermill
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from papermill.exceptions import PapermillExecutionError
from traitlets import default

from email_statistics.build.faults import is_disk_full, sentence_about
from email_statistics.reports.ask.parameters import Value
from email_statistics.reports.run.parameters import literal_path

_TERMINAL_CODE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LINE_LENGTH = 300


class _ThisPython(AsyncKernelManager):
    """Starts ipykernel of this very environment.

    Jupyter looks for the kernel "python3" in the user's folders first, where it may be another
    Python; with no folder to look into, it falls back to ipykernel's own, on ``sys.executable``.
    """

    @default("kernel_spec_manager")
    def _kernel_spec_manager_default(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])


def execute(notebook: Path, executed: Path, parameters: dict[str, Value]) -> None:
    """Execute ``notebook`` and write it with its outputs.

    Raises whatever its cells raise, as a ``PapermillExecutionError``; it is written all the same.
    """
    papermill.execute_notebook(
        literal_path(notebook),
        literal_path(executed),
        parameters,
        kernel_name=NATIVE_KERNEL_NAME,
        language="python",
        progress_bar=False,
        kernel_manager_class=_ThisPython,
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
