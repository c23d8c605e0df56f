"""``load``: files of a sender's events become rows of the raw lake, every record accounted for."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import duckdb
import polars as pl
import pyarrow as pa

from email_statistics.errors import UsageError, suggest
from email_statistics.paths import refuse_the_sample
from email_statistics.senders import catalog
from email_statistics.senders.accounting import (
    LOADS,
    Account,
    RejectedRecords,
    find_load,
    load_file,
    read_loads,
    rejected_file,
    write_load,
)
from email_statistics.senders.mapping.declaration import Sender
from email_statistics.senders.mapping.expressions import MACROS, quoted
from email_statistics.senders.mapping.query import mapping_query
from email_statistics.senders.profile import BEGINNING, FILE_NAME, DomainSettings, Profile
from email_statistics.senders.reading import chunks
from email_statistics.senders.reading.files import LONGEST, Source, files_below
from email_statistics.senders.reading.formats import chunks_of, opened
from email_statistics.senders.reading.json_strict import refused
from email_statistics.senders.writing import (
    FOLDER,
    TableFiles,
    schemas,
    table_files,
    write_required_tables,
)
from email_statistics.storage import flush, make_private_folder, open_duckdb

_VERSION = 1
"""Of the mapping that all senders share; a sender's own is in its module."""
_DEEPEST_ENVELOPE = 8
_MOMENT = pl.Datetime("us")
_MEMORY = 1_000
"""Megabytes at most for a worker; the longest bodies that `email-stats receive` takes need 600."""
_WORKERS = min(4, os.cpu_count() or 1)
"""A chunk is one thread's work: DuckDB doesn't share a small one out."""
_KEPT_TABLES = ("send_events", "engagement_events", "order_events", "contacts", "email_sources")
_SHOWN = 5
"""Rows of each table that a dry run shows."""


@dataclass(frozen=True)
class LoadResult:
    """What became of a load's records, and what it wrote.

    ``records`` = ``records_with_rows`` + all of ``ignored`` + all of ``rejected``; ``rows`` are by
    raw table; ``shown`` are a dry run's first rows. ``is_readable`` is false where no record could
    be read at all.
    """

    load_id: str
    sender: str
    records: int
    records_with_rows: int
    rows: dict[str, int]
    ignored: dict[str, int]
    rejected: dict[str, int]
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    is_already_loaded: bool = False
    is_readable: bool = True
    shown: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


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
    replaced = _files_of(lake, replace) if replace else []
    with _workshop(lake, dry_run) as folder, ExitStack() as stack:
        sources = _sources(inputs, folder)
        naming = stack.enter_context(ThreadPoolExecutor(1)).submit(
            _load_id, declaration, profile, sources
        )
        # Only a load of files of just these sizes can be the same.
        if not dry_run and _has_sizes(lake, sender, sources):
            entry = find_load(lake, naming.result())
            if entry is not None:
                return _already_loaded(entry)
        moment = _utc(loaded_at or datetime.now(UTC))
        files = None if dry_run else stack.enter_context(table_files(lake))
        rejected = RejectedRecords(lake)
        stack.callback(rejected.discard)
        # One more worker costs more than it brings where there is little to map.
        is_large = sum(each.path.stat().st_size for each in sources) > chunks.CHUNK
        workers = [
            _Worker(declaration, profile, moment, files, rejected)
            for _ in range(_WORKERS if is_large and not declaration.looks_up else 1)
        ]
        for worker in workers:
            stack.callback(worker.close)
        if declaration.looks_up:
            for source in sources:
                _read(workers, dataclasses.replace(source), folder, only_looks_up=True)
        for source in sources:
            _read(workers, source, folder)
        run = workers[0]
        for worker in workers[1:]:
            run.absorb(worker)
        for source in sources:
            run.remark(source)
        run.write_entities()
        load_id = naming.result()
        if files is None:
            return run.result(load_id)
        written = files.publish(load_id) + rejected.publish(load_id)
        written += write_required_tables(lake)
        result = run.result(load_id, tuple(written))
        write_load(lake, _entry(result, sources, moment))
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


def _has_sizes(lake: Path, sender: str, sources: list[Source]) -> bool:
    """Whether some earlier load read files of these sizes."""
    sizes = sorted(source.path.stat().st_size for source in sources)
    return any(
        sorted(each["bytes"] for each in entry["inputs"]) == sizes
        for entry in read_loads(lake)
        if entry["sender"] == sender
    )


def _already_loaded(entry: dict[str, Any]) -> LoadResult:
    counts = ("records", "records_with_rows", "rows", "ignored", "rejected")
    return LoadResult(
        load_id=entry["load_id"],
        sender=entry["sender"],
        **{name: entry[name] for name in counts},
        is_already_loaded=True,
    )


def _entry(result: LoadResult, sources: list[Source], moment: datetime) -> dict[str, Any]:
    return {
        "load_id": result.load_id,
        "sender": result.sender,
        "inputs": [
            {"name": each.name, "bytes": each.path.stat().st_size, "sha256": each.digest}
            for each in sources
        ],
        "loaded_at": moment.replace(tzinfo=UTC).isoformat(),
        "records": result.records,
        "records_with_rows": result.records_with_rows,
        "rows": result.rows,
        "ignored": result.ignored,
        "rejected": result.rejected,
    }


def _files_of(lake: Path, load_id: str) -> list[Path]:
    """The files of a load that is to be replaced.

    Raises UsageError where the lake hasn't that load, or has compacted it.
    """
    if not load_file(lake, load_id).exists():
        names = [entry["load_id"] for entry in read_loads(lake)]
        if load_id in names:
            raise UsageError(
                f"The load {load_id} is compacted, its rows can't be told from others: "
                "replace loads before `email-stats compact` merges them."
            )
        raise UsageError(f"{lake} has no load {load_id}: {suggest(load_id, names)}")
    entry = find_load(lake, load_id) or {}
    tables = [lake / table / FOLDER / f"{load_id}.parquet" for table in entry["rows"]]
    if missing := [path for path in tables if not path.exists()]:
        raise UsageError(f"The load {load_id} can't be replaced: {missing[0]} isn't there.")
    return [*tables, load_file(lake, load_id), rejected_file(lake, load_id)]


def _read(
    workers: list[_Worker], source: Source, folder: Path, *, only_looks_up: bool = False
) -> None:
    """Read one file to its end; the workers take its chunks as they come."""
    chunks = chunks_of(source, folder)
    lock = Lock()

    def work(worker: _Worker) -> None:
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


class _Worker:
    """Maps chunks in a database of its own, and keeps count; several share the load's files."""

    def __init__(
        self,
        sender: Sender,
        profile: Profile,
        loaded_at: datetime,
        files: TableFiles | None,
        rejected: RejectedRecords,
    ) -> None:
        self._sender = sender
        self._profile = profile
        self._loaded_at = loaded_at
        self._files = files
        self._account = Account()
        self._rows: dict[str, int] = {}
        self._shown: dict[str, list[dict[str, Any]]] = {}
        self._notes: list[str] = []
        self._opens = 0
        self._untold: Counter[str] = Counter()
        self._is_cut_off = False
        self._rejected = rejected
        self._database = open_duckdb(megabytes=_MEMORY)
        self._database.execute("set threads = 1; set preserve_insertion_order = false")
        self._database.execute(MACROS)
        self._database.execute(_SEEN)
        self._kept = list(profile.tables) or [t for t in _KEPT_TABLES if t in sender.tables]
        seen = {"contacts", *self._kept}
        self._see = [sql for table, sql in _SEE.items() if table in seen]
        self._query = mapping_query(sender, profile, "documents")
        self._fast_query = mapping_query(sender, profile, "documents", trusts_json=True)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def absorb(self, other: _Worker) -> None:
        """Take over what another worker counted and saw."""
        self._account.absorb(other._account)
        self._opens += other._opens
        self._untold.update(other._untold)
        for table, count in other._rows.items():
            self._rows[table] = self._rows.get(table, 0) + count
        for table, rows in other._shown.items():
            self._shown[table] = (self._shown.get(table, []) + rows)[:_SHOWN]
        for table in ("seen_sources", "seen_contacts", "seen_domains"):
            seen = other._database.sql(f"from {table}").to_arrow_table()
            self._database.register("seen", seen)
            self._database.execute(f"insert into {table} from seen")
            self._database.unregister("seen")

    def remark(self, source: Source) -> None:
        """Say what reading a file found out."""
        self._is_cut_off |= source.is_cut_off
        if source.is_cut_off:
            self._notes.append(f"{source.name} is cut off: loaded up to there.")
        for reason in source.broken:
            self._notes.append(f"{source.name} can't be read to its end: {reason}")
        if source.too_long:
            self._account.add("rejected", "unreadable", source.too_long)
            self._notes.append(
                f"{source.name} has {source.too_long:,} records of over "
                f"{LONGEST >> 20} MB: rejected as unreadable, and not copied."
            )

    def map(self, source: Source, chunk: pa.Table, *, only_looks_up: bool = False) -> None:
        """Map a chunk's documents, then those inside them, and so on.

        One that takes more memory than there is, is rejected as unreadable.
        """
        before = self._account.records
        try:
            self._map(source, chunk, only_looks_up=only_looks_up)
        except duckdb.OutOfMemoryException:
            if self._account.records > before:  # by halves these would count twice
                raise
            if chunk.num_rows > 1:
                middle = chunk.num_rows // 2
                for half in (chunk.slice(0, middle), chunk.slice(middle)):
                    self.map(source, half, only_looks_up=only_looks_up)
            elif not only_looks_up:
                self._account.add("rejected", "unreadable", 1)
                if self._files:
                    self._rejected.append("unreadable", self._loaded_at, *_only_document(chunk))

    def _map(self, source: Source, chunk: pa.Table, *, only_looks_up: bool) -> None:
        path = f"{source.name}#{source.schema_name}"
        moment = pl.repeat(self._loaded_at, chunk.num_rows, dtype=_MOMENT, eager=True)
        documents = chunks.with_columns(chunk, {"loaded_at": moment})
        for level in range(_DEEPEST_ENVELOPE):
            self._present(documents, path, takes_blanks=level > 0)
            try:
                self._make_rows(self._fast_query)
            except duckdb.InvalidInputException:  # some text is no JSON
                self._make_rows(self._query)
            is_last = level == _DEEPEST_ENVELOPE - 1
            inside = [] if is_last else self._open_unreadable()
            if is_last:
                self._database.execute(
                    "update mapped set outcome = 'rejected', why = 'unreadable' "
                    "where outcome = 'wrapped'"
                )
            if only_looks_up:
                self._database.execute(_LOOK_UP)
            else:
                self._keep_rows()
                self._count()
            documents = self._inside(inside)
            if not documents.num_rows:
                break
        self._database.unregister("presented")

    def _make_rows(self, query: str) -> None:
        self._database.execute(f"create or replace temp table mapped as {query}")

    def _present(self, documents: pa.Table, path: str, *, takes_blanks: bool) -> None:
        """Make documents the next to map: numbered, and those marked that are no JSON.

        A blank line is no document, but a blank body in an envelope is one.
        """
        is_refused = refused(documents["text"], self._sender.deciding_key)
        numbers = pl.int_range(documents.num_rows, eager=True)
        self._database.register(
            "presented",
            chunks.with_columns(documents, {"n": numbers, "is_refused": is_refused}),
        )
        self._database.execute(
            f"""
            create or replace temp view documents as
            select *, {quoted(path)} as path from presented
            where case when starts_with(text, '{{') then true
                else text is null or {takes_blanks} or not regexp_full_match(text, '\\s*') end
            """
        )

    def _open_unreadable(self) -> list[tuple[str, datetime]]:
        """Find the documents in texts that aren't one: forms, and several values on a line."""
        unreadable = self._database.execute(
            "select n, text, documents.loaded_at from mapped join documents using (n) "
            "where why = 'unreadable' and text is not null"
        ).fetchall()
        inside: list[tuple[str, datetime]] = []
        wrappers: list[list[int]] = []
        for n, text, loaded_at in unreadable:
            if texts := opened(text):
                inside += [(each, loaded_at) for each in texts]
                wrappers.append([n])
        if wrappers:
            self._database.executemany(
                "update mapped set outcome = 'wrapped', why = null where n = ?", wrappers
            )
        return inside

    def _inside(self, opened: list[tuple[str, datetime]]) -> pa.Table:
        """The documents inside envelopes, which are the next to map."""
        documents = self._database.sql(
            "select unnest(parts) as text, null::blob as raw, part_loaded_at as loaded_at "
            "from mapped where outcome = 'wrapped'"
        ).to_arrow_table()
        if not opened:
            return documents
        texts, moments = zip(*opened, strict=True)
        in_texts = chunks.with_columns(
            chunks.documents(texts), {"loaded_at": pl.Series(moments, dtype=_MOMENT)}
        )
        return pa.concat_tables([documents, in_texts])

    def _keep_rows(self) -> None:
        """Write the rows of events and contacts, and remember the entities that they name."""
        for table in self._kept:
            names = schemas()[table].names
            renamed = {} if self._profile.tables else _RENAMED
            columns = ", ".join(renamed.get((table, name), name) for name in names)
            self._write(
                table,
                f"select {columns} from mapped where outcome = 'row' and table_name = '{table}'",
            )
        for see in self._see:
            self._database.execute(see)
        if self._sender.first_opens:
            self._opens += self._database.execute(_OPENS).fetchall()[0][0]
        if self._sender.untold:
            self._untold.update(dict(self._database.execute(_UNTOLD).fetchall()))

    def _write(self, table: str, query: str) -> None:
        rows = self._database.sql(query).to_arrow_table()
        if not rows.num_rows:
            return
        self._rows[table] = self._rows.get(table, 0) + rows.num_rows
        if self._files:
            self._files.append(table, rows)
        else:
            shown = self._shown.setdefault(table, [])
            shown += rows.slice(0, _SHOWN - len(shown)).to_pylist()

    def _count(self) -> None:
        outcomes = _OUTCOMES if self._sender.has_several_rows else "from mapped"
        for outcome, why, count in self._database.execute(
            f"select outcome, why, count(*) from ({outcomes}) group by all"
        ).fetchall():
            if outcome != "wrapped":
                self._account.add(outcome, why, count)
        if self._files is None:
            return
        for why, loaded_at, text, raw in self._database.execute(
            f"select why, documents.loaded_at, text, raw from ({outcomes}) as outcomes "
            "join documents using (n) where outcome = 'rejected'"
        ).fetchall():
            self._rejected.append(why, loaded_at, text, raw)

    def write_entities(self) -> None:
        """Write the contacts, sources and domains that the events name.

        They have the earliest time of change, so that any row that somebody delivers wins.
        """
        self._database.execute(
            "create or replace temp table domains as select * from (values "
            + ", ".join(self._domain_values())
            + ") as domains (sending_domain, valid_from, is_dedicated, is_open_tracking_enabled, "
            "is_click_tracking_enabled, webhook_event_types)"
        )
        beginning = f"timestamp '{BEGINNING}' as updated_at, timestamp '{self._loaded_at}'"
        self._write("contacts", _CONTACTS.format(beginning=beginning))
        self._write("email_sources", _SOURCES.format(beginning=beginning))
        self._write("sending_domains", _DOMAINS.format(beginning=beginning))

    def _domain_values(self) -> list[str]:
        values = []
        for (name,) in self._database.execute(
            f"select distinct sending_domain from ({_SOURCES.format(beginning=_NO_TIMES)}) "
            "union select sending_domain from seen_domains order by 1"
        ).fetchall():
            settings = self._profile.domains.get(name) or DomainSettings()
            types = settings.event_types or self._sender.reports
            values.append(
                f"({quoted(name)}, timestamp '{settings.valid_from or BEGINNING}', "
                f"{settings.dedicated}, {settings.open_tracking}, {settings.click_tracking}, "
                f"{quoted(','.join(types))})"
            )
            if settings.event_types is None:
                self._notes.append(
                    f"{name} is taken to report {', '.join(types)}: if something is switched off, "
                    f"say so in {FILE_NAME} (domains: event_types)."
                )
        return values or ["(null::varchar, null::timestamp, false, false, false, null::varchar)"]

    def result(self, load_id: str, files: tuple[Path, ...] = ()) -> LoadResult:
        """What became of the records."""
        account = self._account
        if not self._profile.is_named and self._rows.get("email_sources"):
            self._notes.append(
                f"No profile names {self._sender.name}: every source whose type the events don't "
                "give is a campaign, and domains and contacts are what the events say."
            )
        if not self._opens and (firsts := account.ignored.get(self._sender.first_opens)):
            self._notes.append(
                f"{firsts:,} first opens are ignored, and no other open came: switch every open on "
                f"there, or set first_opens_only in {FILE_NAME}."
            )
        for why, sentence in self._sender.untold.items():
            if count := self._untold[why]:
                self._notes.append(f"{count:,} {sentence}")
        unreadable = account.rejected.get("unreadable", 0)
        return LoadResult(
            load_id=load_id,
            sender=self._sender.name,
            records=account.records,
            records_with_rows=account.records_with_rows,
            rows=dict(sorted(self._rows.items())),
            ignored=dict(sorted(account.ignored.items())),
            rejected=dict(sorted(account.rejected.items())),
            files=files,
            notes=tuple(self._notes),
            is_readable=account.records > unreadable or not (unreadable or self._is_cut_off),
            shown=self._shown,
        )


def _only_document(chunk: pa.Table) -> tuple[str | None, bytes | None]:
    (document,) = chunk.to_pylist()
    return document["text"], document["raw"]


_RENAMED = {
    ("engagement_events", "link_id"): "null::varchar as link_id",
    ("contacts", "merged_into_contact_id"): "null::varchar as merged_into_contact_id",
    ("contacts", "updated_at"): "event_at as updated_at",
    ("email_sources", "updated_at"): "event_at as updated_at",
    ("email_sources", "email_source_type"): "source_type as email_source_type",
    ("email_sources", "email_source_name"): "coalesce(source_name, email_source_id)"
    " as email_source_name",
    ("email_sources", "has_product_element"): "null::boolean as has_product_element",
    ("email_sources", "is_click_tracking_enabled"): "true as is_click_tracking_enabled",
    ("email_sources", "is_utm_tracking_enabled"): "null::boolean as is_utm_tracking_enabled",
}
_OUTCOMES = """
select n, arg_min(outcome, (rank, why)) as outcome, arg_min(why, (rank, why)) as why
from (
    select n, outcome, coalesce(why, '') as why, case
        when outcome in ('row', 'wrapped') then 0
        when outcome = 'rejected' and why <> 'unknown_event' then 1
        when outcome = 'ignored' then 2
        else 3 end as rank
    from mapped
)
group by n
"""
_OPENS = "select count(*) from mapped where outcome = 'row' and event_type = 'opened'"
_UNTOLD = "select why, count(*) from mapped where outcome = 'ignored' group by all"
_SEEN = """
create temp table seen_sources (
    email_source_id varchar, source_name varchar, source_type varchar, workflow_id varchar,
    workflow_name varchar, campaign_kind varchar, sending_domain varchar, event_at timestamp);
create temp table seen_domains (sending_domain varchar);
create temp table lookup (key varchar, value varchar);
create temp table seen_contacts (contact_id varchar, email varchar, event_at timestamp);
"""
_LOOK_UP = """
insert into lookup
select lookup_key, lookup_value from mapped where outcome = 'row' and table_name = 'lookup'
"""
_SEE = {
    "send_events": """
insert into seen_sources
select email_source_id, arg_max(source_name, event_at), arg_max(source_type, event_at),
    arg_max(workflow_id, event_at), arg_max(workflow_name, event_at),
    arg_max(campaign_kind, event_at), sending_domain, max(event_at)
from mapped
where outcome = 'row' and table_name = 'send_events' and email_source_id is not null
group by email_source_id, sending_domain
""",
    "email_sources": """
insert into seen_domains
select distinct sending_domain from mapped where outcome = 'row' and table_name = 'email_sources'
""",
    "contacts": """
insert into seen_contacts
select contact_id, arg_max(coalesce(recipient_email, email), event_at), max(event_at)
from mapped
where outcome = 'row' and table_name in ('send_events', 'order_events') and contact_id is not null
group by contact_id
""",
}
"""What is remembered of the entities that events name."""
_CONTACTS = """
select contact_id, null::varchar as full_name, arg_max(email, event_at) as email,
    false as is_do_not_disturb, null::varchar as merged_into_contact_id,
    null::timestamp as created_at, {beginning} as loaded_at
from seen_contacts group by contact_id
"""
_SOURCES = """
select email_source_id, arg_max(source_type, event_at) as email_source_type,
    coalesce(arg_max(source_name, event_at),
        substr(email_source_id, instr(email_source_id, ':') + 1)) as email_source_name,
    arg_max(workflow_id, event_at) as workflow_id,
    arg_max(workflow_name, event_at) as workflow_name,
    case arg_max(source_type, event_at) when 'campaign'
        then coalesce(arg_max(campaign_kind, event_at), 'standard') end as campaign_kind,
    null::varchar as status, null::varchar as subject, null::varchar as from_name,
    -- A domain that some of its events name is better than the sender's own name.
    arg_max(sending_domain, (contains(sending_domain, '.'), event_at)) as sending_domain,
    null::boolean as has_product_element, true as is_click_tracking_enabled,
    null::boolean as is_utm_tracking_enabled, null::timestamp as scheduled_at,
    null::timestamp as created_at, {beginning} as loaded_at
from seen_sources group by email_source_id
"""
_NO_TIMES = "null as updated_at, null"
_DOMAINS = """
select sending_domain, valid_from, 'event_feed' as sending_service, is_dedicated,
    is_open_tracking_enabled, is_click_tracking_enabled, null::boolean as is_spf_verified,
    null::boolean as is_dkim_verified, null::boolean as is_tracking_cname_verified,
    webhook_event_types, {beginning} as loaded_at
from domains where sending_domain is not null
"""
