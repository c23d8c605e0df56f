"""The site: where its pages lie, what they lead to, what stays of it and what goes."""

import posixpath
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from helpers.report_project import loose_modes

from email_statistics.reports.run import renderings
from email_statistics.reports.run.assembly import write_site
from email_statistics.reports.run.registry import Registry
from email_statistics.reports.run.renderings import Rendering
from email_statistics.reports.run.site import Subject, safe_id, slug, subject_folder
from email_statistics.storage import write_private

HOSTILE = "</style><script>alert(1)</script><img src=https://example.com/x>"
SALE = Subject(id="src_1", type="campaign", name="Summer sale: 20 % off")
DRAFT = Subject(id="../../etc/passwd", type="campaign", name=HOSTILE)
IDS = [
    "src_1", "SRC_1", "src 1", "src/1", "..", "../..", "", " ", ".", "a\x00b", "\ud800", "ü",
    "x" * 300, "x" * 301, "😀", "con", "index.html", "a--b", "-", "a%2fb", "a?b#c",
]  # fmt: skip


class Page(HTMLParser):
    """The tags, the links and the text of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: dict[str, str] = {}
        self.html = path.read_text("utf-8")
        self.text = ""
        self._link: str | None = None
        self.feed(self.html)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "a":
            self._link = dict(attributes).get("href")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._link = None

    def handle_data(self, text: str) -> None:
        self.text += f" {text}"
        if self._link is not None:
            self.links[text.strip()] = self._link


@pytest.fixture(autouse=True)
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "warehouse" / "email_stats.duckdb"
    path.parent.mkdir()
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(path))
    return path


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    return tmp_path / "reports"


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    daily = {"cron": "30 6 * * *", "text": "every day at 06:30"}
    about = {"notebook": "page", "for_each": "campaign"}
    return Registry.model_validate(
        {
            "folder": tmp_path,
            "keep": 2,
            "reports": {
                "good": {"title": "Good & <b>new</b>", "notebook": "page", "schedule": daily},
                "summary": {"title": "A summary", "tab": "Summary", "folder": "", **about},
                "clicks": {"title": "Of links", "tab": "Clicks", **about},
                "tests": {"title": "Test", "folder": "", **about, "for_each": "experiment"},
                "never": {"title": "Never", "notebook": "page"},
            },
        }
    )


def keep(reports: Path, report: str, number: int, body: str = "", **changes: Any) -> Path:
    start = datetime(2026, 6, number, 6, 30, tzinfo=UTC)
    values: dict[str, Any] = {
        "report": report,
        "status": "done",
        "error": None,
        "started_at": start,
        "ended_at": start + timedelta(minutes=1),
        "parameters": {"last_days": 30, "as_of": ""},
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
        page = f"<!--es:frame--><main>{body}</main><!--es:footer-->"
        write_private(folder / "report.html", page)
        return renderings.keep(reports, folder, Rendering.model_validate(values | changes))


def write(reports: Path, registry: Registry, *subjects: Subject) -> dict[Path, str]:
    kept = {name: renderings.kept(reports, name) for name in registry.reports}
    return write_site(reports, registry, {one.key: one for one in subjects}, kept)


def pages(reports: Path) -> list[str]:
    return sorted(
        str(path.relative_to(reports))
        for path in reports.rglob("index.html")
        if path.relative_to(reports).parts[0] != "renderings"
    )


def goto(target: str, text: str = "there") -> str:
    return f'<a data-goto="{target}"><bdi>{text}</bdi></a>'


def test_an_emails_folder_is_readable() -> None:
    assert subject_folder(SALE) == "campaigns/summer-sale-20-off--src_1"
    assert slug("Été à Zürich") == "ete-a-zurich"
    assert slug("مرحبا") == "email"


def test_hostile_ids_have_paths_of_their_own_that_lead_nowhere_else() -> None:
    paths = [safe_id(one) for one in IDS]
    assert len({path.lower() for path in paths}) == len(IDS)
    for path in paths:
        assert re.fullmatch(r"[a-z0-9_-]{1,80}", path)
    # An id that looks like the path of another has one of its own.
    assert safe_id(safe_id("src/1")) != safe_id("src/1")


def test_a_shared_link_outlives_a_change_of_the_emails_name(
    reports: Path, registry: Registry
) -> None:
    folder = keep(reports, "summary", 1, subject=SALE.model_dump())
    before = write(reports, registry, SALE)[folder]
    renamed = SALE.model_copy(update={"name": "Another name"})
    assert write(reports, registry, renamed)[folder] == before
    assert Page(reports / before).links["Campaigns"] == "../../index.html#Emails"
    assert "Another name" in Page(reports / before).text


def test_a_page_has_its_place_its_siblings_and_the_way_home(
    reports: Path, registry: Registry
) -> None:
    keep(reports, "good", 1)
    for name in ("summary", "clicks"):
        keep(reports, name, 1, subject=SALE.model_dump())
    write(reports, registry, SALE)
    folder = "campaigns/summer-sale-20-off--src_1"
    assert pages(reports) == [
        f"{folder}/clicks/index.html", f"{folder}/index.html", "good/index.html", "index.html",
    ]  # fmt: skip
    page = Page(reports / folder / "clicks" / "index.html")
    assert page.links == {
        "Skip to the page": "#main",
        "Good & <b>new</b>": "../../../good/index.html",
        "Home": "../../../index.html",
        "Campaigns": "../../../index.html#Emails",
        SALE.name: "../index.html",
        "Summary": "../index.html",
        "Clicks": "index.html",
    }
    assert "Home Campaigns Summer sale: 20 % off Clicks Summary Clicks" in page.text
    assert "Rendered 1 Jun 2026, 06:31 UTC from a build of 1 Jun 2026, 04:30 UTC" in page.text
    assert "Meant to be rendered every day at 06:30." in Page(reports / "good" / "index.html").text


def test_a_name_leads_to_its_page_and_is_plain_text_where_there_is_none(
    reports: Path, registry: Registry
) -> None:
    names = [
        goto("email|src_1", "sale"), goto("clicks|src_1", "clicks"), goto("email|src_2", "gone"),
        goto("never|", "never"), goto("good|", "itself"), goto("email|../../etc/passwd", "draft"),
    ]  # fmt: skip
    keep(reports, "good", 1, "".join(names))
    keep(reports, "summary", 1, subject=SALE.model_dump())
    keep(reports, "summary", 1, subject=DRAFT.model_dump())
    write(reports, registry, SALE, DRAFT)
    links = Page(reports / "good" / "index.html").links
    assert links["sale"] == "../campaigns/summer-sale-20-off--src_1/index.html"
    assert links["draft"].startswith("../campaigns/style-script-alert-1-script-img-src-https")
    assert not {"clicks", "gone", "never", "itself"} & links.keys()
    keep(reports, "clicks", 2, subject=SALE.model_dump())
    write(reports, registry, SALE, DRAFT)
    assert "clicks" in Page(reports / "good" / "index.html").links


def test_an_experiment_has_its_page_even_with_the_id_of_an_email(
    reports: Path, registry: Registry
) -> None:
    test = Subject(id=SALE.id, type="experiment", name="Which subject line?")
    keep(reports, "good", 1, goto("experiment|src_1", "test") + goto("email|src_1", "sale"))
    keep(reports, "summary", 1, subject=SALE.model_dump())
    keep(reports, "tests", 1, subject=test.model_dump())
    write(reports, registry, SALE, test)
    page = Page(reports / "experiments" / "which-subject-line--src_1" / "index.html")
    assert page.links["Experiments"] == "../../index.html#Experiments"
    links = Page(reports / "good" / "index.html").links
    assert links["test"] == "../experiments/which-subject-line--src_1/index.html"
    assert links["sale"] == "../campaigns/summer-sale-20-off--src_1/index.html"


def test_no_link_of_the_site_is_broken_or_leaves_it(reports: Path, registry: Registry) -> None:
    for email in (SALE, DRAFT):
        for name in ("summary", "clicks"):
            keep(reports, name, 1, goto("good|") + goto("email|src_1"), subject=email.model_dump())
    keep(reports, "good", 1)
    keep(reports, "good", 2, is_scheduled=False, parameters={"last_days": 7, "note": HOSTILE})
    write(reports, registry, SALE, DRAFT)
    for path in pages(reports):
        for link in Page(reports / path).links.values():
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link.split("#")[0]))
            assert link.startswith("#") or (reports / target).is_file(), (path, link)


def test_the_pages_of_an_email_that_is_gone_go_and_nothing_else_does(
    reports: Path, registry: Registry
) -> None:
    kept = keep(reports, "summary", 1, subject=SALE.model_dump())
    keep(reports, "good", 1)
    write(reports, registry, SALE)
    notes = reports / "campaigns" / "notes.txt"
    notes.write_text("mine")
    write(reports, registry)
    assert pages(reports) == ["good/index.html", "index.html"]
    assert [path.name for path in (reports / "campaigns").iterdir()] == ["notes.txt"]
    assert (kept / "report.html").exists()


def test_what_was_asked_for_with_its_own_parameters_replaces_no_page(
    reports: Path, registry: Registry
) -> None:
    keep(reports, "good", 1, "scheduled")
    asked = keep(reports, "good", 2, "asked for", is_scheduled=False, parameters={"last_days": 7})
    where = write(reports, registry)[asked]
    assert where.startswith("recent/good-20260602t063000z-")
    assert "scheduled" in Page(reports / "good" / "index.html").text
    assert "asked for" in Page(reports / where).text
    home = Page(reports / "index.html")
    assert "Rendered on request" in home.text
    assert "last 7 days , 2 Jun 2026, 06:31 UTC" in home.text


def test_what_was_asked_for_is_listed_by_the_name_of_its_email_and_its_days(
    reports: Path, registry: Registry
) -> None:
    days = {"start_date": "2026-02-20", "end_date": "", "last_days": 0, "as_of": "2026-03-01"}
    parameters = {"email_source_id": SALE.id, **days}
    keep(
        reports,
        "summary",
        1,
        subject=SALE.model_dump(),
        is_scheduled=False,
        parameters=parameters,
    )
    write(reports, registry, SALE)
    text = Page(reports / "index.html").text
    assert f"email \N{FIRST STRONG ISOLATE}{SALE.name}" in text
    assert "from 20 Feb 2026, as of 1 Mar 2026" in text
    assert SALE.id not in text


def test_a_failed_page_shows_the_last_good_one_and_says_so(
    reports: Path, registry: Registry
) -> None:
    keep(reports, "good", 1, "the good one")
    keep(reports, "good", 2, status="failed", error=f"KeyError: {HOSTILE}")
    keep(reports, "summary", 2, status="failed", error="E", subject=SALE.model_dump())
    write(reports, registry, SALE)
    page = Page(reports / "good" / "index.html")
    assert "the good one" in page.text
    assert f"The last run of this page failed (2 Jun 2026, 06:31 UTC): KeyError: {HOSTILE}" in (
        page.text.replace("failed (", "failed (").replace(" (", " (")
    )
    home = Page(reports / "index.html")
    assert home.text.count("▲ Failed") == 2
    assert f"2 Jun 2026, 06:31 UTC, {SALE.name}: E" in home.text.replace(" ,", ",").replace(
        " :", ":"
    )
    assert "Not rendered yet: run email-stats report never" in home.text


def test_what_people_and_data_wrote_is_text(reports: Path, registry: Registry) -> None:
    keep(reports, "summary", 1, subject=DRAFT.model_dump())
    keep(reports, "good", 1, is_scheduled=False, parameters={"note": HOSTILE})
    write(reports, registry, DRAFT)
    for path in pages(reports):
        page = Page(reports / path)
        assert not {"script", "img"} & set(page.tags), path
    assert f"note {HOSTILE}" in Page(reports / "index.html").text


def test_only_its_owner_may_read_the_site_and_it_asks_for_nothing(
    reports: Path, registry: Registry
) -> None:
    keep(reports, "good", 1)
    keep(reports, "summary", 1, subject=SALE.model_dump())
    write(reports, registry, SALE)
    assert loose_modes(reports) == []
    home = Page(reports / "index.html")
    assert not re.search(r"https?:|//|url\(|@import|\bsrc=", home.html)
    assert "default-src 'none'" in home.html


def test_a_page_that_has_not_changed_is_not_written_again(
    reports: Path, registry: Registry
) -> None:
    keep(reports, "good", 1)
    write(reports, registry)
    before = (reports / "good" / "index.html").stat()
    write(reports, registry)
    after = (reports / "good" / "index.html").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_checks_of_the_last_build_are_a_page(
    reports: Path, registry: Registry, warehouse: Path
) -> None:
    (warehouse.parent / "email_stats.checks.html").write_text("<!--es:frame--><main>Fine</main>")
    write(reports, registry)
    page = Page(reports / "checks" / "index.html")
    assert page.links["Home"] == "../index.html"
    assert Page(reports / "index.html").links["Checks of the last build"] == "checks/index.html"


@pytest.mark.parametrize(
    "change",
    [
        lambda reports: reports["never"].update(folder="good"),
        lambda reports: reports["never"].update(folder="campaigns"),
        lambda reports: reports["clicks"].update(folder=""),
        lambda reports: reports["never"].update(folder="../up"),
        lambda reports: reports["clicks"].update(for_each="letter"),
    ],
)
def test_two_reports_cannot_have_one_place(
    registry: Registry, change: Callable[[dict[str, Any]], None]
) -> None:
    content = registry.model_dump()
    change(content["reports"])
    with pytest.raises(ValueError, match=r"can.t have the folder|should match|should be"):
        Registry.model_validate(content)
