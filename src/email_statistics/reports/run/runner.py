"""Runs reports: judged first, several at once, each in a process of its own, all on one build.

A run renders pages: one per report, or one per email or experiment of a report that has
``for_each``. Once all have ended, the site is written again.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import duckdb

from email_statistics import paths, warehouse
from email_statistics.errors import EmailStatsError
from email_statistics.paths import reports_folder
from email_statistics.reports.ask.parameters import Value
from email_statistics.reports.ask.queries import asking
from email_statistics.reports.run import assembly, parameters, renderings, worker
from email_statistics.reports.run.registry import Registry
from email_statistics.reports.run.renderings import Data, Kept, Rendering
from email_statistics.reports.run.site import KINDS, Subject
from email_statistics.reports.run.worker import Job
from email_statistics.storage import write_private

Say = Callable[[str], None]

JOBS = 3
"""Pages at once: a page waits for its kernel a third of its time, so two cores have room for it."""

_SIGN_OF_LIFE_SECONDS = 30.0


@dataclass(frozen=True)
class Result:
    """What a run rendered, failed pages included, and where each good one is in the site."""

    kept: list[Kept]
    pages: Mapping[Path, str]

    def page_of(self, one: Kept) -> str:
        """Return the path in the site of a rendering's page; "" where it is in none."""
        return self.pages.get(one.folder, "")


@dataclass(frozen=True)
class _Task:
    """A page to render."""

    report: str
    subject: Subject | None
    parameters: dict[str, Value]
    is_scheduled: bool

    @property
    def label(self) -> str:
        return f"{self.report}, {self.subject.name}" if self.subject else self.report


@dataclass(frozen=True)
class _Source:
    """The warehouse that every report of a run reads."""

    path: Path
    data: Data
    is_pinned: bool


def read_data(warehouse_file: Path) -> Data:
    """Read the identity of the build that a warehouse holds.

    Raises ``EmailStatsError`` where it says nothing about that.
    """
    with warehouse.connect(warehouse_file) as connection:
        try:
            built_at, data_through_at, raw_lake, version = (
                connection.table("core.build")
                .project("built_at, data_through_at, raw_lake, project_version")
                .fetchall()[0]
            )
        except (duckdb.CatalogException, duckdb.BinderException, IndexError) as error:
            raise EmailStatsError(
                f"The warehouse {warehouse_file} doesn't say what it was built from (core.build): "
                "run `email-stats build`."
            ) from error
    return Data(
        built_at=built_at.replace(tzinfo=UTC),
        data_through_at=data_through_at and data_through_at.replace(tzinfo=UTC),
        raw_lake=raw_lake,
        project_version=version,
    )


def check_age(data: Data, max_age: timedelta, now: datetime) -> None:
    """Raise ``EmailStatsError`` where the newest event of ``data`` is older than ``max_age``.

    Not when they were built: a build that runs every night on a lake to which nobody delivers any
    more has old data, too.
    """
    through = data.data_through_at
    if through is None:
        raise EmailStatsError("The published data hold no event at all: check the raw lake.")
    if now - through > max_age:
        hours = (now - through) // timedelta(hours=1)
        raise EmailStatsError(
            f"The published data end {hours // 24:,} d {hours % 24} h ago "
            f"({renderings.stamp(through)}; built {renderings.stamp(data.built_at)}), more than "
            "--max-age allows: check the delivery of the raw lake and run `email-stats build`."
        )


def run(
    registry: Registry,
    names: Sequence[str],
    given: Mapping[str, str],
    *,
    max_age: timedelta | None = None,
    jobs: int = JOBS,
    every_subject: bool = False,
    say: Say,
) -> Result:
    """Render reports (all where none is named), ``jobs`` pages at once, and write the site.

    ``given`` are parameters as text; each report must have them all. Without any, a report that has
    ``for_each`` is rendered for the most recent subjects of that type, or for ``every_subject``.
    Raises ``EmailStatsError``, before a kernel starts, where a name or a parameter is wrong or
    there are no data, or none new enough, to report on.
    """
    chosen = registry.choose(tuple(names))
    declared = {name: parameters.defaults(registry.notebook(name)) for name in chosen}
    for name in chosen:
        parameters.resolve(name, declared[name], {**registry.reports[name].parameters, **given})
    reports = reports_folder()
    with renderings.workspace(reports) as workspace:
        source = _open_source(workspace)
        if max_age is not None:
            check_age(source.data, max_age, datetime.now(UTC))
        with asking() as asked:
            last_day = asked.build.last_day
            subjects = [Subject(**row) for row in asked("shared/subjects").iter_rows(named=True)]
        todo = []
        for name in chosen:
            tasks = _tasks(registry, name, declared[name], given, subjects, every_subject)
            parameters.check_period(tasks[0].parameters, last_day)
            todo += tasks
        done: list[Kept | None] = [None] * len(todo)

        def finish(number: int, rendering: Rendering, folder: Path) -> None:
            with renderings.undisturbed(reports):
                done[number] = Kept(renderings.keep(reports, folder, rendering), rendering)

        work = [
            (task, Job(task.label, registry.notebook(task.report), task.parameters, folder))
            for number, task in enumerate(todo)
            for folder in [workspace / f"{number}-{task.report}"]
        ]
        _run_all(work, source, workspace, jobs, finish, say)
        with renderings.undisturbed(reports):
            left = {
                name: renderings.prune(
                    renderings.kept(reports, name),
                    registry.keep_per_email if report.for_each else registry.keep,
                    workspace,
                )
                for name, report in registry.reports.items()
            }
            pages = assembly.write_site(reports, registry, {one.key: one for one in subjects}, left)
    return Result([one for one in done if one is not None], pages)


def _tasks(
    registry: Registry,
    name: str,
    declared: Mapping[str, Value],
    given: Mapping[str, str],
    subjects: Sequence[Subject],
    every_subject: bool,
) -> list[_Task]:
    """Plan the pages of a report, at least one; all have the same parameters but for its subject.

    Raises ``UsageError`` where a parameter can't be.
    """
    report, notebook = registry.reports[name], registry.notebook(name)

    def typed(values: Mapping[str, Value]) -> dict[str, Value]:
        return parameters.typed(name, notebook, declared, {**declared, **values})

    scheduled = typed(report.parameters)
    values = typed({**report.parameters, **given})
    if report.for_each is None:
        return [_Task(name, None, values, values == scheduled)]
    of_type = [one for one in subjects if one.type == report.for_each]
    parameter = KINDS[report.for_each].parameter
    about = {one.id: one for one in of_type}.get(str(values[parameter]))
    if values == scheduled and about is None:
        shown = of_type if every_subject else of_type[: registry.most_recent]
        return [_Task(name, one, {**scheduled, parameter: one.id}, True) for one in shown] or [
            _Task(name, None, scheduled, False)  # it says that there is none
        ]
    is_scheduled = about is not None and values == {**scheduled, parameter: about.id}
    return [_Task(name, about, values, is_scheduled)]


def _open_source(workspace: Path) -> _Source:
    """Open the warehouse of a run and hold it fast.

    A report may open it more than once, and a build published between two of them would give one
    page two builds. Publishing replaces the file and leaves the old one to those who still have it:
    a hard link in the run's own folder is such a hold, costs nothing, and serves all its reports.
    Where there can be none (another file system, a file of somebody else, or no published file yet
    but only the build database, which is written in place) a report that saw two builds fails.
    """
    original = warehouse.location()
    link = workspace / "warehouse" / original.name
    is_pinned = original == paths.published_warehouse()
    if is_pinned:
        link.parent.mkdir(mode=0o700)
        try:
            link.hardlink_to(original.resolve())
        except OSError:
            is_pinned = False
    path = link if is_pinned else original
    return _Source(path, read_data(path), is_pinned)


def _is_unchanged(source: _Source) -> bool:
    try:
        return source.is_pinned or read_data(source.path) == source.data
    except EmailStatsError:
        return False  # a build is writing it now, or it is gone


def _run_all(
    todo: Sequence[tuple[_Task, Job]],
    source: _Source,
    workspace: Path,
    jobs: int,
    finish: Callable[[int, Rendering, Path], None],
    say: Say,
) -> None:
    began = time.monotonic()
    processes: set[ForkServerProcess] = set()

    def tell(text: str) -> None:
        say(f"[{time.monotonic() - began:6.1f} s] {text}")

    def work(task: _Task, job: Job) -> Rendering:
        tell(f"{job.label}: started")
        return _render(task, job, source, workspace, processes)

    # Threads only wait for processes; what becomes of a rendering is decided here, so that nothing
    # is kept of an interrupted run.
    pool = ThreadPoolExecutor(max_workers=jobs)
    futures: dict[Future[Rendering], tuple[int, Job]] = {
        pool.submit(work, task, job): (number, job) for number, (task, job) in enumerate(todo)
    }
    pending = set(futures)
    try:
        while pending:
            done, pending = wait(pending, _SIGN_OF_LIFE_SECONDS, FIRST_COMPLETED)
            for future in done:
                (number, job), rendering = futures[future], future.result()
                finish(number, rendering, job.folder)
                took = (rendering.ended_at - rendering.started_at).total_seconds()
                count = f"{len(todo) - len(pending)} of {len(todo)}"
                outcome = f"failed ({rendering.error})" if rendering.error else "done"
                tell(f"{job.label}: {outcome} after {took:.1f} s, {count}")
            if not done:
                running = [futures[future][1].label for future in pending if future.running()]
                tell(f"still running: {', '.join(sorted(running))}")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        while not all(future.done() for future in futures):
            for process in list(processes):
                process.terminate()
            wait(pending, 0.2)


def _render(
    task: _Task,
    job: Job,
    source: _Source,
    workspace: Path,
    processes: set[ForkServerProcess],
) -> Rendering:
    job.folder.mkdir(mode=0o700)
    error_file = job.folder / "error.txt"
    started_at = datetime.now(UTC)
    environment = {
        **os.environ,
        "EMAIL_STATS_WAREHOUSE": str(source.path),
        # No start-up file or history of the user's, and no home needed (cron, systemd).
        "IPYTHONDIR": str(workspace / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(workspace / "jupyter"),
    }
    process = worker.start(job, environment)
    processes.add(process)
    exit_code = worker.exit_code(process)
    processes.remove(process)
    if exit_code != 0 and not error_file.exists():
        said = job.log.read_text(encoding="utf-8") if job.log.exists() else ""
        write_private(error_file, f"The report's process ended with {exit_code}.\n\n{said}\n")
    elif exit_code == 0 and not _is_unchanged(source):
        write_private(error_file, "The data changed while the report ran: run it again.\n")
        (job.folder / "report.html").unlink()
    error = None
    if error_file.exists():
        error = error_file.read_text(encoding="utf-8").split("\n", 1)[0]
    return Rendering(
        report=task.report,
        subject=task.subject,
        is_scheduled=task.is_scheduled,
        status="failed" if error else "done",
        error=error,
        started_at=started_at,
        ended_at=datetime.now(UTC),
        parameters=job.parameters,
        data=source.data,
    )
