"""The spool: what was received and isn't loaded yet, as files that survive a crash.

Below ``<lake>/_spool/<sender>/``, JSON Lines with one object per request: ``received_at``
(ISO 8601, UTC), ``sender``, ``headers`` (the few that matter to a load) and ``body``, or
``body_base64`` where the body is no text (no UTF-8, or with a null byte). A file that ends with
``.part`` is being written; the others are complete and wait for their load.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from email_statistics.senders.writing import write_all
from email_statistics.storage import flush, make_private_folder

_PART = ".part"
_BLOCK = 1 << 16
# A request waits so long for others: writing each alone would cost more time than that.
_SECONDS_TO_GATHER = 0.003


class Spool:
    """Appends requests; an append returns once the file system has it for good.

    All requests of the same moment share one ``fsync`` per sender. One thread writes, so the files
    need no lock.
    """

    def __init__(self, folder: Path) -> None:
        """Open the spool in ``folder``, which may not exist yet."""
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._parts: dict[str, _Part] = {}
        self._waiting: list[tuple[str, bytes, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def append(self, sender: str, line: bytes) -> None:
        """Append a line of a sender durably. Raises ``OSError`` where it can't be stored."""
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append((sender, line, stored))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await stored

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            await asyncio.sleep(_SECONDS_TO_GATHER)
            group, self._waiting = self._waiting, []
            lines: dict[str, list[bytes]] = {}
            for sender, line, _ in group:
                lines.setdefault(sender, []).append(line)
            failures = await loop.run_in_executor(self._thread, self._store, lines)
            for sender, _, stored in group:
                if stored.cancelled():
                    continue
                if sender in failures:
                    stored.set_exception(failures[sender])
                else:
                    stored.set_result(None)
        self._writing = None

    def _store(self, lines: Mapping[str, Sequence[bytes]]) -> dict[str, Exception]:
        """Store the lines of each sender; returns why those of some couldn't be."""
        failures: dict[str, Exception] = {}
        for sender, added in lines.items():
            try:
                if sender not in self._parts:
                    self._parts[sender] = _Part.new(self._folder / sender)
                self._parts[sender].append(b"".join(added))
            except (OSError, MemoryError) as error:
                failures[sender] = error
                # What follows goes to a new file: this one may end in a line that is cut off.
                if part := self._parts.pop(sender, None):
                    with suppress(OSError):  # then the next start completes it
                        part.complete()
        return failures

    def rotate(self) -> None:
        """Complete the files that are being written. Raises ``OSError``."""
        self._thread.submit(self._rotate).result()

    def _rotate(self) -> None:
        while self._parts:
            _, part = self._parts.popitem()
            part.complete()

    def close(self) -> None:
        """End the thread; what is being written is completed by the next start."""
        self._thread.shutdown()

    def recover(self) -> None:
        """Complete what a killed receiver left behind; only the one receiver of a lake may.

        A last line that is cut off was never answered, so it goes.
        """
        for path in self._folder.glob("*/_*"):  # half written, its content is in another file
            path.unlink()
        for path in sorted(self._folder.glob(f"*/*{_PART}")):
            _Part(path, _length_of_lines(path)).complete()


def spool_folder(lake: Path) -> Path:
    """Name the folder of a lake's spool."""
    return lake / "_spool"


def complete_files(folder: Path) -> list[tuple[str, Path]]:
    """List the sender and path of each file that waits for its load, the oldest of each first."""
    return [(path.parent.name, path) for path in sorted(folder.glob("*/*.jsonl"))]


class _Part:
    """A file that is being written; what is durable of it are its first ``length`` bytes."""

    def __init__(self, path: Path, length: int = 0) -> None:
        self._path = path
        self._length = length
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)

    @classmethod
    def new(cls, folder: Path) -> Self:
        make_private_folder(folder)
        flush(folder.parent)
        return cls(folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{os.getpid()}.jsonl{_PART}")

    def append(self, lines: bytes) -> None:
        write_all(self._descriptor, lines)
        os.fsync(self._descriptor)
        if not self._length:
            flush(self._path.parent)
        self._length += len(lines)

    def complete(self) -> None:
        try:
            os.ftruncate(self._descriptor, self._length)
            os.fsync(self._descriptor)
        finally:
            os.close(self._descriptor)
        if self._length:
            self._path.rename(self._path.with_name(self._path.name.removesuffix(_PART)))
        else:
            self._path.unlink()
        flush(self._path.parent)


def _length_of_lines(path: Path) -> int:
    """Count the bytes of a file up to its last line end."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - _BLOCK)
            file.seek(start)
            if (at := file.read(end - start).rfind(b"\n")) >= 0:
                return start + at + 1
            end = start
    return 0
