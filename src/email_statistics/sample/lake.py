"""The folder of a sample: recognised by its marker, and never mixed with anybody else's files."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from email_statistics.errors import UsageError

MARKER = "_email_stats_sample.json"


class SampleError(UsageError):
    """The sample can't be written as asked; the text says what, where and what to do."""


@dataclass
class SampleFolder:
    """A folder that holds one sample and nothing else, and what was written to it.

    The marker names each file before it is written, so that the folder of a run that was killed is
    still known as a sample.
    """

    path: Path
    messages: int
    seed: int
    rows: dict[str, int] = field(default_factory=dict)  # by raw table
    files: list[str] = field(default_factory=list)

    @property
    def size_bytes(self) -> int:
        """The size of all files but the marker."""
        return sum((self.path / name).stat().st_size for name in self.files)

    def write_all(self, name: str, frames: Mapping[str, pl.DataFrame]) -> None:
        """Write a Parquet file per raw table; an empty frame leaves none."""
        for table, frame in frames.items():
            if not frame.is_empty():
                file = self.announce(f"{table}/{name}.parquet")
                frame.write_parquet(file, compression="zstd")
                self.rows[table] = self.rows.get(table, 0) + frame.height

    def announce(self, name: str) -> Path:
        """Note a file that is about to be written; return its path, in a folder that exists."""
        self.files.append(name)
        self.save_marker()
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    def save_marker(self) -> None:
        """Write the marker: what this folder is, and every file of it."""
        content = {
            "about": "A sample written by `email-stats sample`; the command replaces it whole.",
            "messages": self.messages,
            "seed": self.seed,
            "files": sorted(self.files),
        }
        text = json.dumps(content, indent=2) + "\n"
        (self.path / MARKER).write_text(text, encoding="utf-8")


def open_sample_folder(path: Path, messages: int, seed: int) -> SampleFolder:
    """Return an empty sample folder; an earlier sample in it is removed.

    Raises ``SampleError``, before anything is touched, where the path isn't a folder, can't be
    written, or holds any file that isn't part of an earlier sample.
    """
    folder = SampleFolder(path, messages, seed)
    try:
        if path.exists() and not path.is_dir():
            raise SampleError(f"{path} is a file, not a folder; name another folder with --out.")
        present = _files_below(path)
        foreign = sorted(present - _files_of_sample(path))
        if foreign:
            raise SampleError(
                f"{path} holds {foreign[0]}, which isn't part of a sample written there before; "
                "name an empty folder with --out, or move it away."
            )
        path.mkdir(parents=True, exist_ok=True)
        # While they are removed, the earlier sample's files count as this one's: a run that is
        # killed leaves a folder that is still known.
        folder.files = sorted(present - {MARKER})
        folder.save_marker()
        for name in folder.files:
            (path / name).unlink()
        for parent, _, _ in os.walk(path, topdown=False):
            if Path(parent) != path and not any(Path(parent).iterdir()):
                Path(parent).rmdir()
        folder.files = []
    except OSError as error:
        raise SampleError(
            f"{path} can't be written ({error.strerror}); name a folder that you may write to "
            "with --out."
        ) from error
    return folder


def _files_below(path: Path) -> set[str]:
    """Return all files and links below a folder, relative to it."""

    def stop(error: OSError) -> None:
        raise error  # what can't be listed may be somebody else's

    return {
        (Path(parent) / name).relative_to(path).as_posix()
        for parent, folders, files in (os.walk(path, onerror=stop) if path.exists() else ())
        for name in [*files, *(name for name in folders if (Path(parent) / name).is_symlink())]
    }


def _files_of_sample(path: Path) -> set[str]:
    """Return the files that the marker of a folder names, and the marker; none without one."""
    try:
        marker = json.loads((path / MARKER).read_text(encoding="utf-8"))
        return {MARKER, *map(str, marker["files"])}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return set()  # no marker, or not ours: a file like any other
