"""``email-stats build`` and ``email-stats publish``, step by step."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click

from email_statistics import paths
from email_statistics.build.build_input import BuildInput, read_build_input
from email_statistics.build.database import (
    PUBLISHED_FORMAT,
    reading,
    reading_passed,
    remove,
    settle,
)
from email_statistics.build.engine import BuildOptions, Engine, engine_of
from email_statistics.build.environment import refuse_unknown_variables, settings_in_force
from email_statistics.build.faults import faults_as_sentences
from email_statistics.build.files import BuildFiles, build_files, prepare_folders
from email_statistics.build.last_build import LastBuild, read_last_build, write_last_build
from email_statistics.build.progress import Progress
from email_statistics.build.publish import publish_database, read_published
from email_statistics.build.summary import Summary
from email_statistics.errors import EmailStatsError
from email_statistics.gate.checks import Checker, CheckResult
from email_statistics.gate.frames import Profile, Stage
from email_statistics.gate.marts_profile import marts_profile
from email_statistics.gate.page import write_page
from email_statistics.gate.raw_counts import count_lake
from email_statistics.gate.raw_profile import raw_profile
from email_statistics.lake import require_lake
from email_statistics.spark.target import Target, table_format
from email_statistics.storage import keep_private, locked

_CHECKED: dict[Stage, str] = {"raw": "The raw lake", "marts": "What was built"}
_PREVENTED: dict[Stage, str] = {"raw": "Nothing was built", "marts": "Nothing was published"}


class CheckError(EmailStatsError):
    """A check failed; the text is its first finding and where all of them are."""


@dataclass(frozen=True)
class Strictness:
    """How findings are taken: warnings as failures, changes as intended."""

    is_strict: bool = False
    accepts_changes: bool = False


def build(options: BuildOptions, strictness: Strictness) -> None:
    """Check the raw lake, build, check the marts, publish; with ``select`` build a part only.

    Where nothing is new, it says so and ends. Raises ``EmailStatsError`` (a check or a model
    failed, the disk is full, another build is at work) or ``UsageError`` (a setting, a variable or
    a path is wrong); what is published is then as it was.
    """
    with Checker() as checker:
        Builder(options, strictness, checker).build()


def publish(strictness: Strictness, target: Target = "local") -> None:
    """Check the marts of a target's build database, which a build made, and publish it.

    Raises ``EmailStatsError`` where it hasn't passed, or a check fails; what is published is then
    as it was.
    """
    refuse_unknown_variables()
    first_line = f"Build database: {paths.build_database(target)}"
    with Checker() as checker, _running("publish", first_line, target) as files:
        checker.start()
        run = Run(files, checker, strictness)
        run.tidy()
        run.check_and_publish()
        run.report()


@dataclass
class Run:
    """A command at work on the files of a warehouse."""

    files: BuildFiles
    checker: Checker
    strictness: Strictness
    progress: Progress = field(default_factory=Progress)
    summary: Summary = field(default_factory=Summary)
    results: list[CheckResult] = field(default_factory=list)

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
        self.summary.note(settle(self.files.database, PUBLISHED_FORMAT))
        for database in (self.files.steps, self.files.batch):
            self.summary.note(settle(database))

    def ask(self, profile: Profile) -> None:
        """Have a profile checked, while this process goes on."""
        for note in profile.notes:
            self.summary.note(note)
        self.checker.ask(profile)

    def take_result(self) -> None:
        """Take the result of what was asked last; raises ``CheckError`` where it fails."""
        result = self.checker.result()
        self.results.append(result)
        write_page(self.results, self.files.checks_page)
        failed, warned = result.findings("critical"), result.findings("warning")
        if self.strictness.is_strict:
            failed, warned = [*failed, *warned], []
        if failed:
            stage = result.profile.stage
            more = f" ({len(failed) - 1} more findings)" if len(failed) > 1 else ""
            raise CheckError(
                f"{_CHECKED[stage]} did not pass its check: {failed[0].sentence}; "
                f"{failed[0].advice}{more}. {_PREVENTED[stage]}; all results: "
                f"{self.files.checks_page}"
            )
        self.summary.checked(result, warned)

    def check_and_publish(self) -> None:
        """Check the marts of the build database and publish it, with nobody writing in between."""
        with reading_passed(self.files.database) as connection:
            with self.step("marts check"):
                published, note = read_published(self.files.published)
                self.summary.note(note)
                self.ask(marts_profile(connection, published, self.strictness.accepts_changes))
                self.summary.add_rows(connection)
                self.take_result()
            with self.step("publish"):
                done = publish_database(self.files)
        self.summary.end(
            f"Published {done.tables} tables, {done.rows:,} rows, {done.megabytes:,.1f} MB: "
            f"{self.files.published}"
        )

    def report(self) -> None:
        """Print the summary."""
        click.echo(self.summary.text(self.files.checks_page))


@dataclass
class Builder:
    """Builds, once or again and again: what takes seconds to start is started once."""

    options: BuildOptions
    strictness: Strictness
    checker: Checker
    _engine: Engine = field(init=False)
    _is_started: bool = False

    def __post_init__(self) -> None:
        """Raise ``UsageError`` where something of the target's engine is missing."""
        self._engine = engine_of(self.options)

    def look(self) -> BuildInput:
        """Look at all that decides what a build gives; raises ``UsageError`` where it is wrong."""
        refuse_unknown_variables()
        settings = settings_in_force(self.options.variables).model_dump(mode="json")
        lake = paths.raw_lake()
        require_lake(lake)
        target = self.options.target
        engine = (
            target
            if target == "local"
            else f"{target}, {paths.spark_warehouse()}, {table_format()}"
        )
        return read_build_input(lake, settings, paths.PROJECT_ROOT, engine)

    def build(self) -> None:
        """Build and publish what the lake holds now, if it is new; raises as ``build`` does."""
        found = self.look()
        with _running("build", f"Raw lake: {found.lake}", self.options.target) as files:
            last = read_last_build(files)
            is_whole = not self.options.select and not self.options.is_full_refresh
            if is_whole and last and last.is_current(found, files, self.strictness.is_strict):
                click.echo(
                    f"Nothing is new: {len(found.files):,} files, the settings and the project are "
                    "those of the last build (--full-refresh builds them again). Published is "
                    f"still {files.published}"
                )
                return
            # Great Expectations and dbt are started at once, a core each.
            self.checker.start()
            run = Run(files, self.checker, self.strictness)
            run.tidy()
            self._build(run, found, last)
            run.report()

    def _build(self, run: Run, found: BuildInput, last: LastBuild | None) -> None:
        with run.step("raw check"):
            previous = last.counts if last else None
            counts = count_lake(Path(found.lake), found.files, previous)
            run.ask(raw_profile(counts, previous, self.strictness.accepts_changes))
        if not self._is_started:
            with run.step("dbt's start"):
                self._engine.start()
            self._is_started = True
        with run.step("raw check"):
            run.take_result()
        with run.step("models and their tests"):
            built = self._engine.build(found, run.files, run.progress)
        with reading(run.files.database) as connection:
            run.summary.add_batch(connection)
        run.summary.add_dbt(built)
        if self.options.select:
            run.summary.end("Nothing was published: --select builds a part.")
        else:
            run.check_and_publish()
            write_last_build(found, counts, self.strictness.is_strict, run.files)


@contextmanager
def _running(command: str, first_line: str, target: Target) -> Iterator[BuildFiles]:
    """Be the one run that writes the warehouse."""
    keep_private()
    files = build_files(target)
    prepare_folders(files)
    click.echo(first_line)
    with faults_as_sentences(files.published), locked(files.lock, command):
        yield files
