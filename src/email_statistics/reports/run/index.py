"""``<reports>/index.html``: the latest rendering of each report, on one offline page."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from email_statistics.reports.ask.parameters import Value
from email_statistics.reports.pieces.base import Html, stylesheet
from email_statistics.reports.run.registry import Registry
from email_statistics.reports.run.renderings import Kept, kept, latest_done, stamp
from email_statistics.storage import write_private

# What data and people wrote is escaped, unasked.
_templates = Environment(
    loader=PackageLoader("email_statistics.reports", "run"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)


def write_index(reports: Path, registry: Registry) -> None:
    """Write the index page again, from the renderings below ``reports``."""
    page = _templates.get_template("index.html.j2").render(
        stylesheet=Html(stylesheet()),
        written_at=stamp(datetime.now(UTC)),
        reports=[_entry(reports, name, registry) for name in registry.reports],
    )
    write_private(reports / "index.html", page)


def _entry(reports: Path, name: str, registry: Registry) -> dict[str, Any]:
    report = registry.reports[name]
    renderings = kept(reports, name)
    latest = renderings[0] if renderings else None
    good = latest_done(renderings)
    return {
        "name": name,
        "title": report.title,
        "schedule": report.schedule and report.schedule.text,
        "latest": latest and _run(latest),
        "good": _run(good) if good and good != latest else None,
    }


def _run(one: Kept) -> dict[str, Any]:
    run = one.rendering
    through = run.data.data_through_at
    return {
        "folder": f"{run.report}/{one.folder.name}",
        "is_done": run.status == "done",
        "error": run.error,
        "rendered_at": stamp(run.ended_at),
        "data_through": stamp(through) if through else "no events",
        "raw_lake": run.data.raw_lake,
        "built_at": stamp(run.data.built_at),
        "project_version": run.data.project_version,
        "parameters": {key: _text(value) for key, value in run.parameters.items() if value != ""},
    }


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
