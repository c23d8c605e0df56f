"""Writes the site from the latest renderings: each page with its frame, and links that lead there.

A rendering stands alone: where it names an email or an experiment it says so (``data-goto``),
without a link, for it can't know which pages there are. Here they are known. A page whose target
isn't there keeps a plain name. Pages that are no longer of the site, because what they are about is
gone, are removed.
"""

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from email_statistics.build.files import build_files
from email_statistics.reports.ask.parameters import Value
from email_statistics.reports.pieces.base import Html, stylesheet
from email_statistics.reports.run.registry import Registry
from email_statistics.reports.run.renderings import Kept, by_page, latest_done, stamp
from email_statistics.reports.run.site import CHECKS, KINDS, Place, Subject, page_path
from email_statistics.reports.words import formats
from email_statistics.reports.words.reasons import continued, named
from email_statistics.storage import make_private_folder, write_private
from email_statistics.templates import templates

HOME = "index.html"
_WRITTEN = ".site.json"
_MOST_RECENT = 10
_GOTO = re.compile(r'<a data-goto="([a-z_]+)\|([^"]*)"')
_NOUNS = {kind.noun for kind in KINDS.values()}
"""What leads to the first page of an email or experiment; other targets are reports."""

_LABELS = {
    "start_date": "from",
    "end_date": "to",
    "as_of": "as of",
    "metric": "list of",
    "source_type": "type",
    "email_source_id": "email",
    "top_min_delivered": "rates ranked from so many delivered:",
    "policies": "compared with",
    "conversion_id": "order",
}

_DAYS = ("start_date", "end_date", "as_of")

_templates = templates("email_statistics.reports.run")


@dataclass(frozen=True)
class _Page:
    """A page to write: where, from which rendering, and the run after it, if that failed."""

    place: Place
    kept: Kept
    failed: Kept | None = None


@dataclass(frozen=True)
class _Link:
    text: str
    url: str
    is_here: bool = False


def write_site(
    reports: Path,
    registry: Registry,
    subjects: Mapping[tuple[str, str], Subject],
    renderings: Mapping[str, list[Kept]],
) -> dict[Path, str]:
    """Write every page that there is a good rendering for, the home page, and no other.

    ``subjects`` are those of the data, by key; ``renderings`` those of each report, latest first. A
    page is replaced as a whole. Returns the path of each rendering's page, by its folder.
    """
    site = _Site(reports, registry, subjects, renderings)
    pages = site.assembled()
    for path, text in pages.items():
        _write(reports / path, text)
    _remove(reports, read_written(reports) - pages.keys())
    write_private(reports / _WRITTEN, json.dumps(sorted(pages)))
    return {page.kept.folder: page.place.path for page in site.pages}


def _write(path: Path, text: str) -> None:
    """Write a page, unless it is there already: its time says when it changed."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        make_private_folder(path.parent)
        write_private(path, text)


def read_written(reports: Path) -> set[str]:
    """Return the paths of the site's pages: those that the last run wrote."""
    file = reports / _WRITTEN
    return set(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else set()


def _remove(reports: Path, paths: Iterable[str]) -> None:
    """Remove pages that are no longer of the site, and folders that nothing is left in."""
    for path in paths:
        page = reports / path
        page.unlink(missing_ok=True)
        for folder in page.parents:
            if folder == reports or not folder.is_dir() or any(folder.iterdir()):
                break
            folder.rmdir()


def _render(template: str, **values: Any) -> str:
    return _templates.get_template(f"{template}.html.j2").render(values)


def _chosen(parameters: Mapping[str, Value], subject: Subject | None) -> str:
    """Say what a page was asked for: ``last 7 days, email Black Friday``."""
    words = []
    for name, value in parameters.items():
        if name == "last_days" and not parameters.get("start_date"):
            words.append(
                "whole life" if value == 0 else f"last {formats.plural(int(value), 'day')}"
            )
        elif subject and name == subject.kind.parameter:
            words.append(f"{subject.kind.noun} {formats.isolated(subject.name)}")
        elif name in _DAYS and value != "":
            words.append(f"{_LABELS[name]} {formats.day(date.fromisoformat(str(value)))}")
        elif name != "last_days" and value != "":
            words.append(f"{_LABELS.get(name) or continued(named(name))} {value}")
    return ", ".join(words)


class _Site:
    def __init__(
        self,
        reports: Path,
        registry: Registry,
        subjects: Mapping[tuple[str, str], Subject],
        renderings: Mapping[str, list[Kept]],
    ) -> None:
        self._reports = reports
        self._registry = registry
        self._subjects = subjects
        self._renderings = renderings
        self._folders = {
            type_: [path.name for path in sorted((reports / kind.folder).glob("*/"))]
            for type_, kind in KINDS.items()
        }
        self._failed: list[Kept] = []
        self.pages = [*self._scheduled_pages(), *self._recent_pages()]
        self._paths = {
            page.kept.rendering.page[:2]: page.place.path
            for page in self.pages
            if page.kept.rendering.is_scheduled
        }
        self._by_subject: dict[tuple[str, str] | None, dict[str, str]] = {}
        for page in self.pages:
            if page.kept.rendering.is_scheduled:
                key = page.place.subject.key if page.place.subject else None
                self._by_subject.setdefault(key, {})[page.place.report] = page.place.path
        checks = build_files().checks_page
        self._checks = checks if checks.exists() else None

    def assembled(self) -> dict[str, str]:
        """Return every page by its path."""
        written = {page.place.path: self._assembled(page) for page in self.pages}
        if HOME not in written:
            place = Place("", None, HOME)
            bare = _render("index", stylesheet=Html(stylesheet()))
            written[HOME] = self._with_links(self._filled(bare, place, []), place)
        if self._checks is not None:
            place = Place("", None, page_path(CHECKS, ""))
            text = self._checks.read_text(encoding="utf-8")
            text = text.replace("<!--es:style-->", f"<style>{stylesheet()}</style>", 1)
            way = [_Link("Home", place.to(HOME)), _Link("Checks of the last build", "")]
            written[place.path] = self._filled(text, place, way)
        return written

    def _scheduled_pages(self) -> list[_Page]:
        pages = []
        for name, report in self._registry.reports.items():
            noun = KINDS[report.for_each].noun if report.for_each else ""
            for (_, its_id, is_scheduled), of_page in by_page(self._renderings[name]).items():
                subject = self._subjects.get((noun, its_id))
                if not is_scheduled or (subject is None) != (report.for_each is None):
                    continue  # its subject is gone, or the report was another kind once
                failed = of_page[0] if of_page[0].rendering.status == "failed" else None
                if failed:
                    self._failed.append(failed)
                good = latest_done(of_page)
                if good is not None:
                    existing = self._folders[subject.type] if subject else ()
                    place = Place(name, subject, report.path(subject, existing))
                    pages.append(_Page(place, good, failed))
        return pages

    def _recent_pages(self) -> list[_Page]:
        asked_for = [
            one
            for name in self._registry.reports
            for one in self._renderings[name]
            if not one.rendering.is_scheduled
        ]
        asked_for.sort(key=lambda one: one.rendering.started_at, reverse=True)
        self._failed += [one for one in asked_for[:1] if one.rendering.status == "failed"]
        good = [one for one in asked_for if one.rendering.status == "done"]
        return [
            _Page(
                Place(one.rendering.report, one.rendering.subject, one.recent_path),
                one,
            )
            for one in good[:_MOST_RECENT]
        ]

    def _assembled(self, page: _Page) -> str:
        run = page.kept.rendering
        text = (page.kept.folder / "report.html").read_text(encoding="utf-8")
        schedule = self._registry.reports[run.report].schedule
        footer = _render(
            "footer",
            rendered_at=stamp(run.ended_at),
            built_at=stamp(run.data.built_at),
            raw_lake=run.data.raw_lake,
            version=run.data.project_version,
            schedule=schedule.text if schedule and run.is_scheduled else "",
            has_days="last_days" in run.parameters,
        )
        text = text.replace("<!--es:footer-->", footer, 1)
        return self._with_links(self._filled(text, page.place, self._way(page), page), page.place)

    def _filled(
        self, text: str, place: Place, way: Sequence[_Link], page: _Page | None = None
    ) -> str:
        """Put the frame around a page, and on the home page the list of reports."""
        tabs = self._tabs(page.place) if page else []
        failed = page.failed.rendering if page and page.failed else None
        frame = _render(
            "frame",
            site=self._menu(place),
            place=way,
            tabs=tabs,
            noun=place.subject.kind.noun if place.subject else "",
            failed=failed and {"at": stamp(failed.ended_at), "error": failed.error},
        )
        text = text.replace("<!--es:frame-->", frame, 1)
        if place.path == HOME:
            text = text.replace("<!--es:reports-->", self._list_of_reports(place), 1)
        return text

    def _menu(self, here: Place) -> list[_Link]:
        """Link the pages of the site that are about no single email or experiment."""
        return [
            _Link(self._registry.reports[name].tab, here.to(path), path == here.path)
            for name, path in self._by_subject.get(None, {}).items()
        ] or [_Link("Home", here.to(HOME), here.path == HOME)]

    def _way(self, page: _Page) -> list[_Link]:
        place, report = page.place, self._registry.reports[page.place.report]
        if place.path == HOME:
            return []
        home = _Link("Home", place.to(HOME))
        if not page.kept.rendering.is_scheduled:
            return [
                home,
                _Link("Rendered on request", place.to(f"{HOME}#recent")),
                _Link(report.title, ""),
            ]
        subject = place.subject
        if subject is None:
            return [home, _Link(report.title, "")]
        section = _Link(subject.kind.section, place.to(f"{HOME}#{subject.kind.anchor}"))
        first = self._first_page(subject)
        if first == place.path:
            return [home, section, _Link(subject.name, "")]
        return [home, section, _Link(subject.name, place.to(first)), _Link(report.tab, "")]

    def _tabs(self, place: Place) -> list[_Link]:
        pages = self._by_subject.get(place.subject.key, {}) if place.subject else {}
        return [
            _Link(self._registry.reports[name].tab, place.to(path), path == place.path)
            for name, path in pages.items()
        ]

    def _first_page(self, subject: Subject) -> str:
        return next(iter(self._by_subject[subject.key].values()))

    def _with_links(self, text: str, here: Place) -> str:
        """Give each name of an email, experiment or report its link, where it has a page."""

        def resolve(found: re.Match[str]) -> str:
            target, its_id = found[1], html.unescape(found[2])
            if target in _NOUNS:
                path = next(iter(self._by_subject.get((target, its_id), {}).values()), None)
            else:
                path = self._paths.get((target, its_id))
            return "<a" if path is None or path == here.path else f'<a href="{here.to(path)}"'

        return _GOTO.sub(resolve, text)

    def _list_of_reports(self, here: Place) -> str:
        listed = [
            self._report(name, here)
            for name in self._registry.reports
            if self._paths.get((name, "")) != HOME
        ]
        checks = page_path(CHECKS, "") if self._checks is not None else ""
        recent = [
            {
                "url": page.place.path,
                "title": self._registry.reports[page.place.report].title,
                "chosen": _chosen(page.kept.rendering.parameters, page.place.subject),
                "at": stamp(page.kept.rendering.ended_at),
            }
            for page in self.pages
            if not page.kept.rendering.is_scheduled
        ]
        return _render("reports", reports=listed, checks=checks, recent=recent)

    def _report(self, name: str, here: Place) -> dict[str, Any]:
        report, path = self._registry.reports[name], self._paths.get((name, ""))
        count = sum(of_report == name for of_report, _ in self._paths)
        return {
            "name": name,
            "title": report.title,
            "shows": report.shows,
            "url": here.to(path) if path else "",
            "pages": count if report.for_each else 0,
            "kind": KINDS[report.for_each] if report.for_each else None,
            "failed": [self._failure(one) for one in self._failed if one.rendering.report == name],
        }

    def _failure(self, one: Kept) -> dict[str, Any]:
        run = one.rendering
        file = (one.folder / "error.txt").relative_to(self._reports)
        return {
            "at": stamp(run.ended_at),
            "error": run.error,
            "subject": run.subject.name if run.subject else "",
            "file": str(file),
        }
