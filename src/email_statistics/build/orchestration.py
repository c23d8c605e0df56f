"""``email-stats build`` and ``email-stats publish``, step by step."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click

from email_statistics import paths
from email_statistics.build.database import reading, reading_passed, remove, settle
from email_statistics.build.dbt_runner import Dbt
from email_statistics.build.environment import refuse_unknown_variables, settings_in_force
from email_statistics.build.files import (
    BuildFiles,
    build_files,
    keep_private,
    make_private,
    prepare_folders,
)
from email_statistics.build.interruption import told_in_a_sentence
from email_statistics.build.lock import build_lock
from email_statistics.build.progress import Progress
from email_statistics.build.publishing import publish_database, read_published
from email_statistics.build.summary import Summary
from email_statistics.errors import EmailStatsError
from email_statistics.gate.frames import Profile
from email_statistics.gate.judge import Judge, Verdict
from email_statistics.gate.lake import require_lake
from email_statistics.gate.marts_profile import marts_profile
from email_statistics.gate.page import write_page
from email_statistics.gate.raw_counts import count_lake, read_counts, write_counts
from email_statistics.gate.raw_profile import raw_profile
from email_statistics.gate.thresholds import Stage, read_thresholds

_JUDGED: dict[Stage, str] = {"raw": "The raw lake", "marts": "What was built"}
_PREVENTED: dict[Stage, str] = {"raw": "Nothing was built", "marts": "Nothing was published"}


class CheckError(EmailStatsError):
    """A check failed; the text is its first finding and where all of them are."""


@dataclass(frozen=True)
class Strictness:
    """How findings are taken: warnings as failures, changes as meant."""

    is_strict: bool = False
    accepts_changes: bool = False


@dataclass(frozen=True)
class BuildOptions:
    """What of the project is built, and how."""

    variables: str | None = None
    select: tuple[str, ...] = ()
    is_full_refresh: bool = False


def build(options: BuildOptions, strictness: Strictness) -> None:
    """Check the raw lake, build, check the marts, publish; with ``select`` build a part only.

    Raises ``EmailStatsError`` (a check or a model failed, the disk is full, another build is at
    work) or ``UsageError`` (a setting, a variable or a path is wrong); what is published is then as
    it was.
    """
    with Judge() as judge:
        Builder(options, strictness, judge).build()


def publish(strictness: Strictness) -> None:
    """Check the marts of the build database, which a ``dbt build`` made, and publish it.

    Raises ``EmailStatsError`` where it hasn't passed, or a check fails; what is published is then
    as it was.
    """
    refuse_unknown_variables()
    first_line = f"Build database: {paths.build_database()}"
    with Judge() as judge, _running("publish", strictness, judge, first_line) as run:
        run.check_and_publish()


@dataclass
class Run:
    """A command at work."""

    files: BuildFiles
    judge: Judge
    strictness: Strictness
    progress: Progress = field(default_factory=Progress)
    summary: Summary = field(default_factory=Summary)
    verdicts: list[Verdict] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Say and time a step, also one that is taken in two parts."""
        self.progress.step(name)
        with self.summary.step(name):
            yield

    def tidy(self) -> None:
        """Remove what killed builds left behind."""
        for leftover in self.files.leftovers():
            remove(leftover)
        for database in (self.files.database, self.files.steps):
            self.summary.note(settle(database))

    def ask(self, stage: Stage, profile: Profile) -> None:
        """Have a profile judged, while this process goes on."""
        for note in profile.notes:
            self.summary.note(note)
        self.judge.ask(stage, profile)

    def hear(self) -> None:
        """Hear the verdict on what was asked last; raises ``CheckError`` where it fails."""
        verdict = self.judge.answer()
        self.verdicts.append(verdict)
        write_page(self.verdicts, self.files.checks_page)
        failed, warned = verdict.findings("fail"), verdict.findings("warn")
        if self.strictness.is_strict:
            failed, warned = [*failed, *warned], []
        if failed:
            more = f" ({len(failed) - 1} more findings)" if len(failed) > 1 else ""
            raise CheckError(
                f"{_JUDGED[verdict.stage]} did not pass its check: {failed[0].sentence}; "
                f"{failed[0].advice}{more}. {_PREVENTED[verdict.stage]}; all results: "
                f"{self.files.checks_page}"
            )
        self.summary.judged(verdict, warned)

    def check_and_publish(self) -> None:
        """Judge the marts of the build database and publish it, with nobody writing in between."""
        with reading_passed(self.files.database) as connection:
            with self.step("marts check"):
                published, note = read_published(self.files.published)
                self.summary.note(note)
                self.ask(
                    "marts",
                    marts_profile(
                        connection, published, self.strictness.accepts_changes, read_thresholds()
                    ),
                )
                self.summary.counted(connection)
                self.hear()
            with self.step("publish"):
                done = publish_database(self.files)
        self.summary.ends(
            f"Published {done.tables} tables, {done.rows:,} rows, {done.megabytes:,.1f} MB: "
            f"{self.files.published}"
        )


@dataclass
class Builder:
    """Builds, once or again and again: what takes seconds to start is started once."""

    options: BuildOptions
    strictness: Strictness
    judge: Judge
    _dbt: Dbt | None = None

    def build(self) -> None:
        """Build and publish what the lake holds now; raises as ``build`` does."""
        refuse_unknown_variables()
        settings_in_force(self.options.variables)
        lake = paths.raw_lake()
        require_lake(lake)
        with _running("build", self.strictness, self.judge, f"Raw lake: {lake}") as run:
            self._build(run, lake)

    def _build(self, run: Run, lake: Path) -> None:
        with run.step("raw check"):
            previous = read_counts(run.files.raw_profile)
            counts = count_lake(lake, previous)
            run.ask(
                "raw",
                raw_profile(counts, previous, self.strictness.accepts_changes, read_thresholds()),
            )
        if self._dbt is None:
            with run.step("dbt's start"):
                dbt = Dbt(self.options.variables)
                dbt.start()
                self._dbt = dbt
        with run.step("raw check"):
            run.hear()
        with run.step("models and their checks"):
            built = self._dbt.build(self.options.select, self.options.is_full_refresh, run.progress)
            for database in (run.files.database, run.files.steps):
                make_private(database)
        with reading(run.files.database) as connection:
            run.summary.batched(connection)
        run.summary.built(built)
        if self.options.select:
            run.summary.ends("Nothing was published: --select builds a part.")
        else:
            run.check_and_publish()
            write_counts(counts, run.files.raw_profile)


@contextmanager
def _running(command: str, strictness: Strictness, judge: Judge, first_line: str) -> Iterator[Run]:
    """Be the one run that writes the warehouse; print its summary where it gets to its end."""
    keep_private()
    files = build_files()
    prepare_folders(files)
    click.echo(first_line)
    with told_in_a_sentence(files.published), build_lock(files.lock, command):
        run = Run(files, judge, strictness)
        run.tidy()
        yield run
        click.echo(run.summary.text(files.checks_page))
