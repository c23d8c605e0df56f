"""Runs reports: judged first, several at once, each in a process of its own, all on one build."""

import multiprocessing
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
from email_statistics.reports.ask.queries import asking
from email_statistics.reports.run import index, parameters, renderings, worker
from email_statistics.reports.run.registry import Registry
from email_statistics.reports.run.renderings import Data, Kept, Rendering
from email_statistics.reports.run.worker import Job
from email_statistics.storage import write_private

Say = Callable[[str], None]

_SIGN_OF_LIFE_SECONDS = 30.0


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
    jobs: int = 2,
    say: Say,
) -> list[Kept]:
    """Render reports (all where none is named), ``jobs`` at once, and write the index page.

    ``given`` are parameters as text; each report must have them all. Returns the renderings in the
    order of ``names``, failed ones included. Raises ``EmailStatsError``, before a kernel starts,
    where a name or a parameter is wrong or there are no data, or none new enough, to report on.
    """
    chosen = registry.choose(tuple(names))
    declared = {name: parameters.defaults(registry.notebook(name)) for name in chosen}
    values = {
        name: parameters.resolve(
            name, declared[name], {**registry.reports[name].parameters, **given}
        )
        for name in chosen
    }
    reports = renderings.reports_folder()
    with renderings.workspace(reports) as workspace:
        source = _open_source(workspace)
        if max_age is not None:
            check_age(source.data, max_age, datetime.now(UTC))
        with asking() as asked:
            last_day = asked.build.last_day
        for name in chosen:
            notebook = registry.notebook(name)
            values[name] = parameters.typed(name, notebook, declared[name], values[name])
            parameters.check_period(values[name], last_day)
        finished: dict[str, Kept] = {}

        def finish(rendering: Rendering, folder: Path) -> None:
            with renderings.locked(reports):
                place = renderings.keep(reports, folder, rendering)
                renderings.prune(reports, rendering.report, registry.keep, workspace)
                index.write_index(reports, registry)
            finished[rendering.report] = Kept(place, rendering)

        todo = [
            Job(name, registry.notebook(name), values[name], workspace / name) for name in chosen
        ]
        _run_all(todo, source, workspace, jobs, finish, say)
    return [finished[name] for name in chosen]


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
    todo: list[Job],
    source: _Source,
    workspace: Path,
    jobs: int,
    finish: Callable[[Rendering, Path], None],
    say: Say,
) -> None:
    began = time.monotonic()
    processes: set[ForkServerProcess] = set()

    def tell(text: str) -> None:
        say(f"[{time.monotonic() - began:6.1f} s] {text}")

    def work(job: Job) -> Rendering:
        tell(f"{job.report}: started")
        return _render(job, source, workspace, processes)

    # Threads only wait for processes; what becomes of a rendering is decided here, so that nothing
    # is kept of an interrupted run.
    pool = ThreadPoolExecutor(max_workers=jobs)
    futures: dict[Future[Rendering], Job] = {pool.submit(work, job): job for job in todo}
    pending = set(futures)
    try:
        while pending:
            done, pending = wait(pending, _SIGN_OF_LIFE_SECONDS, FIRST_COMPLETED)
            for future in done:
                job, rendering = futures[future], future.result()
                finish(rendering, job.folder)
                took = (rendering.ended_at - rendering.started_at).total_seconds()
                count = f"{len(todo) - len(pending)} of {len(todo)}"
                outcome = f"failed ({rendering.error})" if rendering.error else "done"
                tell(f"{job.report}: {outcome} after {took:.1f} s, {count}")
            if not done:
                running = [futures[future].report for future in pending if future.running()]
                tell(f"still running: {', '.join(sorted(running))}")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        while not all(future.done() for future in futures):
            for process in list(processes):
                process.terminate()
            wait(pending, 0.2)


def _render(
    job: Job, source: _Source, workspace: Path, processes: set[ForkServerProcess]
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
    servers = multiprocessing.get_context("forkserver")
    servers.set_forkserver_preload(worker.PRELOADED)
    process = servers.Process(target=worker.work, args=(job, environment))
    process.start()
    processes.add(process)
    process.join()
    processes.remove(process)
    if process.exitcode != 0 and not error_file.exists():
        said = job.log.read_text(encoding="utf-8") if job.log.exists() else ""
        write_private(
            error_file, f"The report's process ended with {process.exitcode}.\n\n{said}\n"
        )
    elif process.exitcode == 0 and not _is_unchanged(source):
        write_private(error_file, "The data changed while the report ran: run it again.\n")
        (job.folder / "report.html").unlink()
    error = None
    if error_file.exists():
        error = error_file.read_text(encoding="utf-8").split("\n", 1)[0]
    return Rendering(
        report=job.report,
        status="failed" if error else "done",
        error=error,
        started_at=started_at,
        ended_at=datetime.now(UTC),
        parameters=job.parameters,
        data=source.data,
    )
