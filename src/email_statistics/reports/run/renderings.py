"""Where renderings of reports lie, what is known of each, and how long they are kept.

``<reports>/renderings/<report>/<start in UTC>-<random>/`` holds ``run.json`` (a ``Rendering``),
``notebook.ipynb``, and ``report.html`` or, where the report failed, ``error.txt``. A run works in
``<reports>/.run-<random>/`` and moves a rendering out of it when that is complete: a killed run
leaves nothing half done among the renderings, and the next run removes what it left. Reports hold
personal data: folders and files are for their owner alone.
"""

import fcntl
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from email_statistics.errors import UsageError
from email_statistics.reports.ask.parameters import Value
from email_statistics.reports.run.site import RECENT, RENDERINGS, Subject, page_path
from email_statistics.reports.words import formats
from email_statistics.storage import UNFINISHED, make_private_folder, write_private

_FOLDER = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}")
_WORKING_PREFIX = ".run-"


class Data(BaseModel):
    """Which published data: the identity of a build (``core.build``). Times are UTC."""

    model_config = ConfigDict(frozen=True)

    built_at: AwareDatetime
    data_through_at: AwareDatetime | None
    raw_lake: str
    project_version: str


class Rendering(BaseModel):
    """One run of one report (``run.json``).

    ``subject`` is what it is about, if it is about one email or experiment. It ``is_scheduled``
    where its parameters are those of reports.yml: such are the pages of the site.
    """

    model_config = ConfigDict(frozen=True)

    report: str
    subject: Subject | None = None
    is_scheduled: bool = True
    status: Literal["done", "failed"]
    error: str | None
    started_at: AwareDatetime
    ended_at: AwareDatetime
    parameters: dict[str, Value]
    data: Data

    @property
    def page(self) -> tuple[str, str, bool]:
        """What it is a rendering of: report, subject, and whether with scheduled parameters."""
        return self.report, self.subject.id if self.subject else "", self.is_scheduled


@dataclass(frozen=True)
class Kept:
    """A rendering and its folder."""

    folder: Path
    rendering: Rendering

    @property
    def recent_path(self) -> str:
        """Where its page is in the site, if it was asked for with parameters of its own."""
        return page_path(RECENT, f"{self.rendering.report}-{self.folder.name}".lower())


@contextmanager
def undisturbed(reports: Path) -> Iterator[None]:
    """Keep other runs from changing ``reports`` meanwhile; for moments only."""
    with _open_lock(reports / ".lock") as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


@contextmanager
def workspace(reports: Path) -> Iterator[Path]:
    """Make a folder below ``reports`` to work in, gone afterwards.

    It also removes what a killed run left there. Raises ``UsageError`` where it can't write there.
    """
    try:
        folder, lock = _make_workspace(reports)
    except OSError as error:
        raise UsageError(
            f"The folder of reports {reports} can't be written ({error.strerror}): make it "
            "writable or point EMAIL_STATS_REPORTS to another one."
        ) from error
    try:
        yield folder
    finally:
        # A kernel that is just ending may still write here; then the next run removes the rest.
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _make_workspace(reports: Path) -> tuple[Path, int]:
    make_private_folder(reports)
    with undisturbed(reports):
        for leftover in reports.glob(f"{_WORKING_PREFIX}*"):
            _remove_if_left(leftover)
        for unfinished in reports.glob(f"{UNFINISHED}*"):
            unfinished.unlink()
        folder = Path(tempfile.mkdtemp(prefix=_WORKING_PREFIX, dir=reports))
        # Taken before anybody else can look: a folder whose lock is free belongs to nobody.
        lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
    return folder, lock


def keep(reports: Path, folder: Path, rendering: Rendering) -> Path:
    """Move the complete ``folder`` of a rendering to its place and return that."""
    write_private(folder / "run.json", rendering.model_dump_json(indent=2) + "\n")
    home = reports / RENDERINGS / rendering.report
    make_private_folder(home)
    return folder.rename(home / f"{rendering.started_at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}")


def kept(reports: Path, report: str) -> list[Kept]:
    """List the renderings of a report, latest first.

    A folder whose ``run.json`` is missing or not ours is ignored.
    """
    found = []
    for folder in (reports / RENDERINGS / report).glob("*/"):
        rendering = _read(folder / "run.json") if _FOLDER.fullmatch(folder.name) else None
        if rendering is not None:
            found.append(Kept(folder, rendering))
    return sorted(found, key=lambda one: (one.rendering.started_at, one.folder), reverse=True)


def latest_done(renderings: list[Kept]) -> Kept | None:
    """Return the latest of ``renderings`` (latest first) that didn't fail."""
    return next((one for one in renderings if one.rendering.status == "done"), None)


def by_page(renderings: list[Kept]) -> dict[tuple[str, str, bool], list[Kept]]:
    """Sort renderings (latest first) by what they are of."""
    pages: dict[tuple[str, str, bool], list[Kept]] = {}
    for one in renderings:
        pages.setdefault(one.rendering.page, []).append(one)
    return pages


def prune(renderings: list[Kept], count: int, trash: Path) -> list[Kept]:
    """Keep the latest ``count`` renderings of each page and its last good one; the rest goes.

    They move to ``trash``, the folder of the run, first: a killed run deletes none by half. Returns
    those that stay.
    """
    stays = []
    for of_page in by_page(renderings).values():
        good = latest_done(of_page)
        for number, one in enumerate(of_page):
            if number < count or one == good:
                stays.append(one)
            else:
                shutil.rmtree(one.folder.rename(trash / f"old-{one.folder.name}"))
    return stays


def stamp(moment: datetime) -> str:
    """Write a UTC time for people, as pages do."""
    return formats.moment(moment, ZoneInfo("UTC"))


def _read(path: Path) -> Rendering | None:
    try:
        return Rendering.model_validate_json(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValidationError):
        return None


@contextmanager
def _open_lock(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _remove_if_left(folder: Path) -> None:
    with _open_lock(folder / "lock") as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # a run is at work in it
        shutil.rmtree(folder)
