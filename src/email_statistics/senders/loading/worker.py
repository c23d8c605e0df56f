"""One worker of a load: it maps chunks of documents to rows, envelope by envelope."""

from __future__ import annotations

from datetime import datetime

import duckdb
import polars as pl
import pyarrow as pa

from email_statistics.senders.loading.accounting import Account
from email_statistics.senders.loading.entities import Entities
from email_statistics.senders.loading.rejected import RejectedRecords
from email_statistics.senders.mapping.declaration import Sender
from email_statistics.senders.mapping.expressions import MACROS, quoted
from email_statistics.senders.mapping.query import mapping_query
from email_statistics.senders.profile import Profile
from email_statistics.senders.reading import chunks
from email_statistics.senders.reading.files import Source
from email_statistics.senders.reading.formats import opened
from email_statistics.senders.reading.json_strict import refused
from email_statistics.senders.writing import TableFiles, schemas
from email_statistics.storage import open_duckdb

_DEEPEST_ENVELOPE = 8
_MOMENT = pl.Datetime("us")
_MEMORY = 1_000
"""Megabytes at most for a worker; the longest bodies that `email-stats receive` takes need 600."""
_KEPT_TABLES = ("send_events", "engagement_events", "order_events", "contacts", "email_sources")
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
_LOOKUP = "create temp table lookup (key varchar, value varchar)"
_LOOK_UP = """
insert into lookup
select lookup_key, lookup_value from mapped where outcome = 'row' and table_name = 'lookup'
"""


class Worker:
    """Maps chunks in a database of its own, and keeps count; several share the load's files."""

    def __init__(
        self,
        sender: Sender,
        profile: Profile,
        loaded_at: datetime,
        files: TableFiles | None,
        rejected: RejectedRecords,
    ) -> None:
        """Open the database; without ``files`` (a dry run) nothing is written."""
        self._sender = sender
        self._profile = profile
        self._loaded_at = loaded_at
        self._files = files
        self._rejected = rejected
        self.account = Account()
        self._database = open_duckdb(megabytes=_MEMORY)
        self._database.execute("set threads = 1; set preserve_insertion_order = false")
        self._database.execute(MACROS)
        self._database.execute(_LOOKUP)
        self._kept = list(profile.tables) or [t for t in _KEPT_TABLES if t in sender.tables]
        self._entities = Entities(self._database, sender, profile, self._kept)
        self._query = mapping_query(sender, profile, "documents")
        self._fast_query = mapping_query(sender, profile, "documents", trusts_json=True)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def absorb(self, other: Worker) -> None:
        """Take over what another worker counted and saw."""
        self.account.absorb(other.account)
        self._entities.absorb(other._entities)

    def map(self, source: Source, chunk: pa.Table, *, only_looks_up: bool = False) -> None:
        """Map a chunk's documents, then those inside them, and so on.

        One that takes more memory than there is, is rejected as unreadable.
        """
        before = self.account.records
        try:
            self._map(source, chunk, only_looks_up=only_looks_up)
        except duckdb.OutOfMemoryException:
            if self.account.records > before:  # by halves these would count twice
                raise
            if chunk.num_rows > 1:
                middle = chunk.num_rows // 2
                for half in (chunk.slice(0, middle), chunk.slice(middle)):
                    self.map(source, half, only_looks_up=only_looks_up)
            elif not only_looks_up:
                self.account.add("rejected", "unreadable", 1)
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

    def _inside(self, from_texts: list[tuple[str, datetime]]) -> pa.Table:
        """The documents inside envelopes, which are the next to map."""
        documents = self._database.sql(
            "select unnest(parts) as text, null::blob as raw, part_loaded_at as loaded_at "
            "from mapped where outcome = 'wrapped'"
        ).to_arrow_table()
        if not from_texts:
            return documents
        texts, moments = zip(*from_texts, strict=True)
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
        self._entities.see()
        if self._sender.first_opens:
            self.account.opens += self._database.execute(_OPENS).fetchall()[0][0]
        if self._sender.untold:
            self.account.untold.update(dict(self._database.execute(_UNTOLD).fetchall()))

    def _write(self, table: str, query: str) -> None:
        rows = self._database.sql(query).to_arrow_table()
        if not rows.num_rows:
            return
        self.account.rows[table] += rows.num_rows
        if self._files:
            self._files.append(table, rows)
        else:
            self.account.show(table, rows)

    def _count(self) -> None:
        outcomes = _OUTCOMES if self._sender.has_several_rows else "from mapped"
        for outcome, why, count in self._database.execute(
            f"select outcome, why, count(*) from ({outcomes}) group by all"
        ).fetchall():
            if outcome != "wrapped":
                self.account.add(outcome, why, count)
        if self._files is None:
            return
        for why, loaded_at, text, raw in self._database.execute(
            f"select why, documents.loaded_at, text, raw from ({outcomes}) as outcomes "
            "join documents using (n) where outcome = 'rejected'"
        ).fetchall():
            self._rejected.append(why, loaded_at, text, raw)

    def write_entities(self) -> None:
        """Write the contacts, sources and domains that the events name."""
        for table, query in self._entities.queries(self._loaded_at).items():
            self._write(table, query)
        self.account.notes += self._entities.notes


def _only_document(chunk: pa.Table) -> tuple[str | None, bytes | None]:
    (document,) = chunk.to_pylist()
    return document["text"], document["raw"]
