"""One report in a process of its own: notebook in, executed notebook and offline HTML out.

``python -m email_statistics.reports.worker REQUEST`` reads ``{"notebook", "folder", "parameters"}``
from a JSON file and ends with 0, or with 1 and ``error.txt`` in the folder: one line, then the
traceback. A process, because working folder, environment and a crash belong to a whole process.
The end of its input means that nobody waits for it any more: it then ends at once.
"""

import json
import os
import re
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

import papermill
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from papermill.exceptions import PapermillExecutionError
from traitlets import default

from email_statistics.build.faults import is_disk_full, sentence_about
from email_statistics.reports.html import to_html
from email_statistics.reports.parameters import Value, literal_path

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


def render(notebook: Path, folder: Path, parameters: dict[str, Value]) -> None:
    """Execute ``notebook`` and write ``notebook.ipynb`` and ``report.html`` into ``folder``."""
    executed = folder / "notebook.ipynb"
    papermill.execute_notebook(
        literal_path(notebook),
        literal_path(executed),
        parameters,
        kernel_name=NATIVE_KERNEL_NAME,
        language="python",
        progress_bar=False,
        kernel_manager_class=_ThisPython,
    )
    to_html(executed, folder / "report.html")


def _end_with_the_runner() -> None:
    # Not sys.stdin, whose lock Python needs when it ends. The kernel ends with this process.
    os.read(0, 1)
    os._exit(1)


def main() -> None:
    """Render the report that the request asks for."""
    job: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    threading.Thread(target=_end_with_the_runner, daemon=True).start()
    folder = Path(job["folder"])
    try:
        render(Path(job["notebook"]), folder, job["parameters"])
    except Exception as error:  # whatever a notebook raises: it is kept, and the exit code says it
        (folder / "error.txt").write_text(describe(error), encoding="utf-8")
        sys.exit(1)


if __name__ == "__main__":
    main()
