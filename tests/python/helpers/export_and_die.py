"""Exports into a folder: ``export_and_die.py FOLDER TIMES [STEP] [OUT]``; killed at STEP."""

import hashlib
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl

from email_statistics.exports import register as module
from email_statistics.exports.register import Register
from email_statistics.exports.writing import write


def _die(*_: Any, **__: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def _after(function: Callable[..., Any]) -> Callable[..., Any]:
    def then_die(*arguments: Any, **named: Any) -> None:
        function(*arguments, **named)
        _die()

    return then_die


def _frames(step: str) -> Iterator[pl.DataFrame]:
    yield pl.DataFrame({"number": range(2_000)})
    if step == "written in part":
        _die()
    yield pl.DataFrame({"number": range(2_000)})


# Where a process is at each step: what it calls next, or has just called.
_STEPS: dict[str, tuple[ModuleType, str, Callable[..., Any]]] = {
    "locked": (module, "_insert", _die),
    "written": (hashlib, "file_digest", _die),
    "at its place": (module, "flush", _die),
    "done": (shutil, "rmtree", _die),
    "workspace removed": (shutil, "rmtree", _after(shutil.rmtree)),
}


def main(folder: str, times: str, step: str = "", out: str = "") -> None:
    """Export ``times`` times, or until killed."""
    if step in _STEPS:
        place, name, function = _STEPS[step]
        setattr(place, name, function)
    for number in range(int(times)):
        with Register(Path(folder)).writing(
            file_name=f"{os.getpid()}_{number}.csv",
            out=Path(out) if out else None,
            description=f"number {number}",
            export_type="all",
            requested_by="jane",
            parameters={},
            build={},
            now=datetime.now(UTC),
        ) as writing:
            writing.complete(write(_frames(step), writing.export.unfinished, "csv"))


if __name__ == "__main__":
    main(*sys.argv[1:])
