"""The summary that ends a build: rows in and out, the time of each step, what was published."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import duckdb

from email_statistics.build.dbt import DbtBuild
from email_statistics.gate.checks import CheckResult, Finding
from email_statistics.gate.frames import Stage

_WARNINGS_SHOWN = 12
_CHECK: dict[Stage, str] = {"raw": "Raw check", "marts": "Marts check"}


@dataclass
class Summary:
    """Collects what a run did, in the order in which it did it."""

    _rows: list[str] = field(default_factory=list)
    _done: list[str] = field(default_factory=list)
    _warnings: list[str] = field(default_factory=list)
    _end: str = ""
    _seconds: dict[str, float] = field(default_factory=dict)
    _started: float = field(default_factory=monotonic)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step, also one that is taken in two parts."""
        started = monotonic()
        yield
        self._seconds[name] = self._seconds.get(name, 0.0) + monotonic() - started

    def note(self, sentence: str | None) -> None:
        """Keep a sentence about the run, if there is one."""
        if sentence:
            self._done.append(sentence)

    def checked(self, result: CheckResult, warned: list[Finding]) -> None:
        """Keep what a check found: a sentence in all, and one per warning."""
        count = len(result.expectations)
        figures = sum(each.figures for each in result.expectations)
        found = f"{len(warned)} warnings" if warned else "all as expected"
        self._done.append(
            f"{_CHECK[result.profile.stage]}: {count} expectations of {figures} figures, {found}."
        )
        self._warnings += [
            f"{finding.sentence[0].upper()}{finding.sentence[1:]}: {finding.advice}."
            for finding in warned
        ]

    def add_batch(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Keep what was read: new files on top of the last build, or everything and why."""
        (is_delta, reason, files, rows) = connection.sql(
            "select is_delta, reason, (select count(*) from raw.arrived),"
            " (select coalesce(sum(raw_rows), 0)::bigint from raw.arrived) from raw.batch"
        ).fetchall()[0]
        self._done.append(
            f"Incremental: {files:,} new files, {rows:,} rows, on top of the last build."
            if is_delta
            else f"Full refresh of {files:,} files, {rows:,} rows: {reason}."
        )

    def add_dbt(self, build: DbtBuild) -> None:
        """Keep what dbt did."""
        self._done.append(f"dbt: {len(build.nodes)} models built, {build.tests} tests passed.")
        self._warnings += build.warnings

    def add_rows(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Keep rows in, accepted, duplicate and quarantined, a line per raw table, and rows out."""
        self._rows.append(
            f"{'':18}{'rows in':>12}{'accepted':>12}{'duplicate':>12}{'quarantined':>13}"
        )
        for table, raw, accepted, duplicate, quarantined in connection.sql(
            "select raw_table, raw_rows, accepted_rows, duplicate_rows, quarantined_rows"
            " from marts.data_quality where raw_rows > 0 order by raw_rows desc, raw_table"
        ).fetchall():
            status = "".join(
                f"{n:>12,}" if n is not None else f"{'':12}" for n in (accepted, duplicate)
            )
            self._rows.append(f"{table:18}{raw:>12,}{status}{quarantined:>13,}")
        messages, engagement, conversions, through = connection.sql(
            "select (select count(*) from core.fct_messages),"
            " (select count(*) from core.fct_engagement_events),"
            " (select count(*) from core.fct_conversions), data_through_at from core.build"
        ).fetchall()[0]
        self._rows.append(
            f"Out: {messages:,} messages, {engagement:,} engagement events, {conversions:,} "
            f"conversions, through {through:%Y-%m-%d %H:%M} UTC."
            if through
            else "Out: nothing, because no event was accepted."
        )

    def end(self, sentence: str) -> None:
        """Keep what the run ends with."""
        self._end = sentence

    def text(self, checks_page: Path) -> str:
        """Return the summary, ready to print."""
        shown = self._warnings[:_WARNINGS_SHOWN]
        if len(self._warnings) > len(shown):
            shown.append(f"{len(self._warnings) - len(shown)} more warnings: see {checks_page}")
        steps = " · ".join(f"{name} {seconds:.1f} s" for name, seconds in self._seconds.items())
        lines = [
            *self._rows,
            *self._done,
            *(f"Warning: {warning}" for warning in shown),
            f"Time: {steps} · in all {monotonic() - self._started:.1f} s.",
            f"All results of the checks: {checks_page}",
            self._end,
        ]
        return "\n".join(lines)
