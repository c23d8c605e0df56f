"""A load from start to end: its inputs, its workers, what it leaves in the lake."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Literal

from email_statistics.errors import UsageError
from email_statistics.paths import refuse_the_sample
from email_statistics.senders import catalog
from email_statistics.senders.loading.accounting import LoadResult
from email_statistics.senders.loading.register import (
    LOADS,
    entry_of,
    files_of,
    find_load,
    has_sizes,
    result_of,
    write_load,
)
from email_statistics.senders.loading.rejected import RejectedRecords
from email_statistics.senders.loading.worker import Worker
from email_statistics.senders.mapping.declaration import Sender
from email_statistics.senders.profile import Profile
from email_statistics.senders.reading.chunks import CHUNK
from email_statistics.senders.reading.files import Source, files_below
from email_statistics.senders.reading.formats import chunks_of
from email_statistics.senders.writing import table_files, write_required_tables
from email_statistics.storage import flush, make_private_folder

_VERSION = 1
"""Of the mapping that all senders share; a sender's own is in its module."""
_WORKERS = min(4, os.cpu_count() or 1)
"""A chunk is one thread's work: DuckDB doesn't share a small one out."""


def load(
    sender: str,
    inputs: Sequence[Path | Literal["-"]],
    *,
    lake: Path,
    profile: Profile,
    loaded_at: datetime | None = None,
    replace: str | None = None,
    dry_run: bool = False,
) -> LoadResult:
    """Load a sender's events from files, folders and stdin (``-``) into a lake.

    ``loaded_at`` (default: now) holds where a record doesn't say when it was received. ``replace``
    is a load whose files go once the new ones are durable. Raises UsageError for inputs, a lake or
    a load that can't be used; what is wrong with a record is counted, never raised.
    """
    declaration = catalog.get(sender)
    refuse_the_sample(lake)
    replaced = files_of(lake, replace) if replace else []
    with _workshop(lake, dry_run) as folder, ExitStack() as stack:
        sources = _sources(inputs, folder)
        naming = stack.enter_context(ThreadPoolExecutor(1)).submit(
            _load_id, declaration, profile, sources
        )
        # Only a load of files of just these sizes can be the same.
        if not dry_run and has_sizes(lake, sender, sources):
            entry = find_load(lake, naming.result())
            if entry is not None:
                return result_of(entry)
        moment = _utc(loaded_at or datetime.now(UTC))
        files = None if dry_run else stack.enter_context(table_files(lake))
        rejected = RejectedRecords(lake)
        stack.callback(rejected.discard)
        # One more worker costs more than it brings where there is little to map.
        is_large = sum(each.path.stat().st_size for each in sources) > CHUNK
        workers = [
            Worker(declaration, profile, moment, files, rejected)
            for _ in range(_WORKERS if is_large and not declaration.looks_up else 1)
        ]
        for worker in workers:
            stack.callback(worker.close)
        if declaration.looks_up:
            for source in sources:
                _read(workers, dataclasses.replace(source), folder, only_looks_up=True)
        for source in sources:
            _read(workers, source, folder)
        first = workers[0]
        for worker in workers[1:]:
            first.absorb(worker)
        for source in sources:
            first.account.remark(source)
        first.write_entities()
        load_id = naming.result()
        if files is None:
            return first.account.result(declaration, profile, load_id)
        written = files.publish(load_id) + rejected.publish(load_id)
        written += write_required_tables(lake)
        result = first.account.result(declaration, profile, load_id, tuple(written))
        write_load(lake, entry_of(result, sources, moment))
    for path in replaced:
        path.unlink(missing_ok=True)
        flush(path.parent)
    return result


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


@contextmanager
def _workshop(lake: Path, dry_run: bool) -> Iterator[Path]:
    """A private folder for intermediate files; a dry run's isn't in the lake."""
    parent = None
    if not dry_run:
        parent = lake / LOADS
        make_private_folder(parent)
    path = Path(tempfile.mkdtemp(prefix="_work-", dir=parent))
    try:
        yield path
    finally:
        shutil.rmtree(path)


def _sources(inputs: Sequence[Path | Literal["-"]], folder: Path) -> list[Source]:
    found: list[Source] = []
    for given in inputs:
        if given == "-":
            path = folder / "stdin"
            with path.open("wb") as file:
                shutil.copyfileobj(sys.stdin.buffer, file)
            found.append(Source(path, "-"))
        else:
            paths = files_below([Path(given)])
            found += [Source(path, str(path)) for path in paths]
    if not found:
        raise UsageError("There is no file to load: name files, or folders that have some.")
    return found


def _load_id(sender: Sender, profile: Profile, sources: list[Source]) -> str:
    """The load's name: of sender, content, settings and mapping; not of names and order."""
    for source in sources:
        with source.path.open("rb") as file:
            source.digest = hashlib.file_digest(file, "sha256").hexdigest()
    digests = sorted(source.digest for source in sources)
    content = [_VERSION, sender.version, profile.fingerprint(), digests]
    return f"{sender.name}-{hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]}"


def _read(
    workers: list[Worker], source: Source, folder: Path, *, only_looks_up: bool = False
) -> None:
    """Read one file to its end; the workers take its chunks as they come."""
    chunks = chunks_of(source, folder)
    lock = Lock()

    def work(worker: Worker) -> None:
        while True:
            with lock:
                chunk = next(chunks, None)
            if chunk is None:
                return
            worker.map(source, chunk, only_looks_up=only_looks_up)

    if len(workers) == 1:
        work(workers[0])
        return
    with ThreadPoolExecutor(len(workers)) as pool:
        list(pool.map(work, workers))
