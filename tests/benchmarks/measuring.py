"""What a command costs: time, CPU, memory and bytes, of its process and all below it (Linux)."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SAMPLED_EVERY = 0.05


class CommandError(RuntimeError):
    """The measured command failed; the text is the end of its output."""


@dataclass(frozen=True)
class Cost:
    """Time, CPU, memory and bytes of a command's process and all below it.

    CPU and bytes to storage are as the kernel counts them (getrusage). Memory is the most that they
    held together, resident, sampled every 50 ms, and at least the peak of the largest process. It
    isn't getrusage's, which starts with what the parent process held.
    """

    seconds: float
    cpu_seconds: float
    memory_bytes: int
    written_bytes: int


def measure(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path
) -> Cost:
    """Run a command in ``folder`` and return its cost. Raises ``CommandError`` if it fails."""
    with log.open("wb") as output:
        started = time.monotonic()
        process = subprocess.Popen(
            command, cwd=folder, env=dict(environment), stdout=output, stderr=subprocess.STDOUT
        )
        peak = _Peak(process.pid)
        peak.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        peak.end()
    if process.returncode != 0:
        said = log.read_text(encoding="utf-8", errors="replace")
        raise CommandError(f"{command} ended with {process.returncode}:\n{said[-3000:]}")
    return Cost(
        seconds=seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        memory_bytes=peak.bytes,
        written_bytes=usage.ru_oublock * 512,
    )


class _Peak(threading.Thread):
    """Samples the memory of a process and its children until ``end``."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.bytes = 0
        self._pid = pid
        self._is_over = threading.Event()

    def run(self) -> None:
        while not self._is_over.wait(_SAMPLED_EVERY):
            memory = [_memory(pid) for pid in process_tree(self._pid)]
            together = sum(each["VmRSS"] for each in memory)
            self.bytes = max(self.bytes, together, *(each["VmHWM"] for each in memory))

    def end(self) -> None:
        self._is_over.set()
        self.join()


def process_tree(pid: int) -> list[int]:
    """Return a process and all below it."""
    found, waiting = [], [pid]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        for task in Path(f"/proc/{pid}/task").glob("*"):
            waiting += map(int, _read(task / "children").split())
    return found


def _memory(pid: int) -> dict[str, int]:
    """Return the bytes that a process holds (VmRSS), and held at its peak (VmHWM)."""
    found = {"VmRSS": 0, "VmHWM": 0}
    for line in _read(Path(f"/proc/{pid}/status")).splitlines():
        name, _, value = line.partition(":")
        if name in found:
            found[name] = int(value.split()[0]) * 1024
    return found


def _read(path: Path) -> str:
    """Return a file of /proc, empty where its process has ended."""
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""
