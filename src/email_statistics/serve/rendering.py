"""Pages that a form asks for, rendered by the runner of ``email-stats report``, each only once.

A page is known again by its report, its parameters and the build of the data; what ``email-stats
report`` rendered counts too.
"""

import logging
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Literal

from email_statistics import warehouse
from email_statistics.errors import EmailStatsError, UsageError
from email_statistics.paths import reports_folder
from email_statistics.reports.ask.parameters import Value
from email_statistics.reports.ask.queries import asking
from email_statistics.reports.run import parameters, renderings, runner
from email_statistics.reports.run.registry import Registry
from email_statistics.reports.run.renderings import Kept
from email_statistics.serve.site import Site

_AT_ONCE = 2
_MOST_WAITING = 40
_REMEMBERED = 500

_Key = tuple[str, str, str]


@dataclass
class Job:
    """A page that is being rendered: what was said of it, and its path or why there is none."""

    id: str
    title: str
    said: list[str] = field(default_factory=list)
    state: Literal["running", "done", "failed"] = "running"
    path: str = ""
    error: str = ""


class Renderer:
    """Renders pages of a registry's reports, a few at once."""

    def __init__(self, registry: Registry, site: Site) -> None:
        """``site`` is where pages are found again."""
        self._registry, self._site = registry, site
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._running: dict[_Key, Job] = {}
        self._lock = Lock()
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="render")

    def job(self, job_id: str) -> Job | None:
        """Return a job by its id."""
        return self._jobs.get(job_id)

    def close(self) -> None:
        """Begin no other page."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def render(self, report: str, given: Mapping[str, str]) -> str | Job:
        """Return the path of a page that is there, or the job that renders it.

        Raises ``EmailStatsError``, one sentence, where a parameter can't be or nothing is
        published.
        """
        values = self._values(report, given)
        data = runner.read_data(warehouse.location())
        key = (report, repr(sorted(values.items())), data.model_dump_json())
        with self._lock:
            if key in self._running:
                return self._running[key]
            if path := self._found(report, values, data):
                return path
            if len(self._running) >= _MOST_WAITING:
                raise EmailStatsError("Many pages are being rendered: try again in a minute.")
            job = Job(secrets.token_urlsafe(12), self._registry.reports[report].title)
            self._jobs[job.id] = self._running[key] = job
            while len(self._jobs) > _REMEMBERED:
                self._jobs.popitem(last=False)
        self._pool.submit(self._run, key, job, report, dict(given))
        return job

    def _values(self, report: str, given: Mapping[str, str]) -> dict[str, Value]:
        if report not in self._registry.reports:
            raise UsageError("There is no such report.")
        notebook = self._registry.notebook(report)
        declared = parameters.defaults(notebook)
        wanted = {**self._registry.reports[report].parameters, **given}
        values = parameters.typed(
            report, notebook, declared, parameters.resolve(report, declared, wanted)
        )
        with asking() as asked:
            parameters.check_period(values, asked.build.last_day)
        return values

    def _found(self, report: str, values: Mapping[str, Value], data: renderings.Data) -> str:
        for one in renderings.kept(reports_folder(), report):
            run = one.rendering
            if run.status == "done" and run.parameters == values and run.data == data:
                path = self._path(one)
                if self._site.has(path):
                    return path
        return ""

    def _path(self, one: Kept) -> str:
        run = one.rendering
        if not run.is_scheduled:
            return one.recent_path
        folders: list[Path] = []
        if run.subject:
            folders = sorted((reports_folder() / run.subject.kind.folder).glob("*/"))
        report = self._registry.reports[run.report]
        return report.path(run.subject, [folder.name for folder in folders])

    def _run(self, key: _Key, job: Job, report: str, given: dict[str, str]) -> None:
        try:
            result = runner.run(
                self._registry, [report], given, jobs=1, say=lambda line: job.said.append(line)
            )
            (one,) = result.kept
            job.path, job.error = result.page_of(one), one.rendering.error or ""
        except EmailStatsError as error:
            job.error = str(error)
        except Exception:
            logging.getLogger("uvicorn.error").exception("rendering %s failed", report)
            job.error = "The page couldn't be rendered; the server's log says why."
        finally:
            job.state = "failed" if job.error else "done"
            with self._lock:
                del self._running[key]
