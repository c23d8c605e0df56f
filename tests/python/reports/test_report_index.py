"""The page that links the latest rendering of each report."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from helpers.report_project import loose_modes

from email_statistics.reports.run import renderings
from email_statistics.reports.run.index import write_index
from email_statistics.reports.run.registry import Registry
from email_statistics.reports.run.renderings import Rendering
from email_statistics.storage import write_private

HOSTILE = "</style><script>alert(1)</script><img src=https://example.com/x>"


class Page(HTMLParser):
    """The parts of a page by what they are: tags, links, the text of each report."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text: dict[str, str] = {"": ""}
        self.section = ""
        self.html = path.read_text("utf-8")
        self.feed(self.html)
        self.text = {key: " ".join(text.split()) for key, text in self.text.items()}

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        values = dict(attributes)
        if tag == "a":
            self.links.append(values["href"] or "")
        if tag == "section":
            self.section = values["id"] or ""
            self.text[self.section] = ""

    def handle_data(self, text: str) -> None:
        self.text[self.section] += f" {text}"


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry.model_validate(
        {
            "folder": tmp_path,
            "keep": 2,
            "reports": {
                "good": {
                    "title": "Good & <b>new</b>",
                    "notebook": "page",
                    "schedule": {"cron": "30 6 * * *", "text": "every day at 06:30"},
                },
                "broken": {"title": "Broken", "notebook": "page"},
                "never": {"title": "Never", "notebook": "page"},
            },
        }
    )


def keep(reports: Path, report: str, number: int, **changes: Any) -> Path:
    start = datetime(2026, 6, number, 6, 30, tzinfo=UTC)
    values: dict[str, Any] = {
        "report": report,
        "status": "done",
        "error": None,
        "started_at": start,
        "ended_at": start + timedelta(minutes=1),
        "parameters": {"last_days": 30, "as_of": "", "per_link": True},
        "data": {
            "built_at": start - timedelta(hours=2),
            "data_through_at": start - timedelta(hours=3),
            "raw_lake": "lake",
            "project_version": "0.1.0",
        },
    }
    with renderings.workspace(reports) as workspace:
        folder = workspace / report
        folder.mkdir(mode=0o700)
        for name in ("report.html", "error.txt"):
            write_private(folder / name, "-")
        return renderings.keep(reports, folder, Rendering.model_validate(values | changes))


def index(reports: Path, registry: Registry) -> Page:
    write_index(reports, registry)
    page = Page(reports / "index.html")
    assert [link for link in page.links if not (reports / link).is_file()] == []
    return page


def test_the_latest_of_a_report_is_linked_with_when_which_data_parameters_and_status(
    tmp_path: Path, registry: Registry
) -> None:
    keep(tmp_path, "good", 1)
    latest = keep(tmp_path, "good", 2)
    page = index(tmp_path, registry)
    assert page.links == [f"good/{latest.name}/report.html"]
    assert page.text["good"] == (
        "Good & <b>new</b> ✓ Done Rendered 2026-06-02 06:31 UTC Data through 2026-06-02 03:30 UTC "
        "Built 2026-06-02 04:30 UTC, from lake lake , version 0.1.0 last_days 30 per_link true "
        "Due every day at 06:30"
    )


def test_a_failed_report_shows_why_its_traceback_and_the_last_good_one(
    tmp_path: Path, registry: Registry
) -> None:
    good = keep(tmp_path, "broken", 1)
    failed = keep(tmp_path, "broken", 2, status="failed", error=f"KeyError: {HOSTILE}")
    page = index(tmp_path, registry)
    assert page.links == [f"broken/{failed.name}/error.txt", f"broken/{good.name}/report.html"]
    assert page.text["broken"].startswith(
        f"Broken ▲ Failed KeyError: {HOSTILE} Traceback The last good one , rendered 2026-06-01 "
        "06:31 UTC with data through 2026-06-01 03:30 UTC Rendered 2026-06-02 06:31 UTC"
    )


def test_a_report_that_never_succeeded_or_never_ran_says_so(
    tmp_path: Path, registry: Registry
) -> None:
    keep(tmp_path, "broken", 1, status="failed", error="KeyError: 'x'")
    page = index(tmp_path, registry)
    assert "None has succeeded yet." in page.text["broken"]
    assert page.text["never"].startswith("Never Not rendered yet: run email-stats report never .")


def test_what_people_and_data_wrote_is_text_on_the_page(tmp_path: Path, registry: Registry) -> None:
    data = {
        "built_at": datetime(2026, 6, 1, tzinfo=UTC),
        "data_through_at": None,
        "raw_lake": HOSTILE,
        "project_version": "0.1.0",
    }
    keep(tmp_path, "good", 1, parameters={"note": HOSTILE}, data=data)
    page = index(tmp_path, registry)
    assert page.text["good"].count(HOSTILE) == 2
    assert "Data through no events" in page.text["good"]
    assert not {"script", "img"} & set(page.tags)


def test_the_page_asks_for_nothing_and_only_its_owner_may_read_it(
    tmp_path: Path, registry: Registry
) -> None:
    keep(tmp_path, "good", 1)
    page = index(tmp_path, registry)
    assert not re.search(r"https?:|//|url\(|@import|\bsrc=", page.html)
    assert "default-src 'none'" in page.html
    assert loose_modes(tmp_path / "index.html") == []
