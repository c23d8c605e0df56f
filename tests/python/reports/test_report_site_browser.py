"""The site of the sample as a reader walks through it: no broken link, nothing cut off."""

import json
import posixpath
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from helpers.browser import Scheme, serious_barriers, visit
from playwright.sync_api import Browser

from email_statistics.reports.run import renderings
from email_statistics.reports.run.registry import read_registry
from email_statistics.reports.run.site import RENDERINGS

SALE = "campaigns/summer-sale-20-off--src_campaign_026"
WORKFLOW = "workflows/three-tips-before-your-first-visit--src_workflow_005"
KINDS = [
    "", "dashboard", SALE, f"{SALE}/clicks", WORKFLOW, "bulk/summer-opening-hours--src_bulk_003",
    "email-analytics", "deliverability", "diagnostics", "attribution", "checks",
]  # fmt: skip
LIGHT_AND_DARK: list[tuple[int, Scheme, Scheme]] = [
    (1280, "light", "dark"),
    (390, "dark", "light"),
]


def page_of(site: Path, kind: str) -> Path:
    return site / kind / "index.html"


class _Links(HTMLParser):
    """The links and the ids of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[dict[str, str]] = []
        self.ids: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        self.ids |= {values["id"]} if "id" in values else set()
        if "href" in values:
            self.links.append(values)


def pages(site: Path) -> list[Path]:
    return [
        path for path in site.rglob("index.html") if path.relative_to(site).parts[0] != RENDERINGS
    ]


def test_no_link_of_the_site_is_broken_or_leaves_it_but_the_datas_own(sample_site: Path) -> None:
    seen = {path: _Links(path) for path in pages(sample_site)}
    assert len(seen) > 25
    inner = 0
    for path, page in seen.items():
        for link in page.links:
            parts = urlsplit(link["href"])
            if parts.scheme:
                assert parts.scheme in ("http", "https"), (path, link)
                assert "nofollow" in link["rel"], (path, link)
                continue
            target = (
                Path(posixpath.normpath(path.parent / unquote(parts.path))) if parts.path else path
            )
            assert target in seen, (path, link)
            assert not parts.fragment or unquote(parts.fragment) in seen[target].ids, (path, link)
            inner += target != path
    assert inner > 300


def test_every_page_is_reached_from_the_home_page(sample_site: Path) -> None:
    waiting, reached = [sample_site / "index.html"], set()
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            links = [urlsplit(link["href"]) for link in _Links(path).links]
            waiting += [
                Path(posixpath.normpath(path.parent / link.path))
                for link in links
                if link.path and not link.scheme
            ]
    assert reached == set(pages(sample_site))


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_of_the_site_fits_its_window_and_bars_nobody(
    sample_site: Path, browser: Browser, kind: str
) -> None:
    page = page_of(sample_site, kind)
    for width, scheme, other in LIGHT_AND_DARK:
        with visit(browser, page, width=width, scheme=scheme) as seen:
            assert seen.overflow() == 0, (width, scheme)
            if width == 390:
                assert seen.small_targets() == []
            if width == 1280:
                cut = seen.page.evaluate(
                    "[...document.querySelectorAll('.es-scroll')]"
                    ".filter((box) => box.scrollWidth > box.clientWidth + 1)"
                    ".map((box) => box.getAttribute('aria-label'))"
                )
                assert cut == []
            serious = serious_barriers(seen.page)
            assert serious == [], json.dumps(serious, indent=1)
            seen.again(other)
            assert seen.overflow() == 0, (width, other)
            assert set(seen.requests) == {page.as_uri()}
            assert seen.complaints == []


def test_a_chart_answers_the_pointer_and_the_arrow_keys(
    sample_site: Path, browser: Browser
) -> None:
    with visit(browser, page_of(sample_site, "dashboard")) as seen:
        plot = seen.page.locator(".es-plot:visible").first
        tip = plot.locator(".es-tip")
        assert not tip.is_visible()
        plot.scroll_into_view_if_needed()
        plot.locator("svg:visible").hover(position={"x": 400, "y": 100})
        assert re.fullmatch(r"\d+ Jun 2026: [\d,]+ emails?, .*", tip.inner_text())
        seen.page.mouse.move(0, 0)
        assert not tip.is_visible()
        plot.focus()
        seen.page.keyboard.press("ArrowRight")
        assert tip.inner_text().startswith("1 Jun 2026: ")
        seen.page.keyboard.press("ArrowRight")
        assert tip.inner_text().startswith("2 Jun 2026: ")
        seen.page.keyboard.press("End")
        assert tip.inner_text().startswith("30 Jun 2026: ")
        seen.page.keyboard.press("Escape")
        assert not tip.is_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_words_of_a_chart_are_beside_what_they_tell_of(
    sample_site: Path, browser: Browser, width: int
) -> None:
    with visit(browser, page_of(sample_site, SALE), width=width) as seen:
        plot = seen.page.locator(".es-plot:visible").first
        plot.focus()
        for key in ("Home", "End"):
            seen.page.keyboard.press(key)
            box, tip, frame = (
                place.bounding_box()
                for place in (plot.locator(".es-hit--here"), plot.locator(".es-tip"), plot)
            )
            assert box and tip and frame
            assert frame["x"] <= tip["x"], key
            assert tip["x"] + tip["width"] <= frame["x"] + frame["width"], key
            is_left = tip["x"] + tip["width"] <= box["x"]
            assert is_left or box["x"] + box["width"] <= tip["x"], key


def test_on_a_phone_the_menu_begins_at_the_page_that_is_open(
    sample_site: Path, browser: Browser
) -> None:
    for kind in ("dashboard", "incrementality"):
        with visit(browser, page_of(sample_site, kind), width=390) as seen:
            here = seen.page.locator(".es-site [aria-current]").bounding_box()
            assert here and here["x"] >= 0 and here["x"] + here["width"] <= 390


@pytest.mark.parametrize("width", [1280, 390])
def test_an_address_and_a_sentence_have_room(
    sample_site: Path, browser: Browser, width: int
) -> None:
    with visit(browser, page_of(sample_site, f"{SALE}/clicks"), width=width) as seen:
        lines = seen.page.locator("#list-click-performance-who-clicked td").evaluate_all(
            "cells => cells.filter((cell) => /^\\s*\\S+@\\S+\\s*$/.test(cell.textContent))"
            ".filter((cell) => cell.textContent.trim().length < 29)"
            ".filter((cell) => cell.checkVisibility())"
            ".map((cell) => cell.querySelector('bdi').getClientRects().length)"
        )
        assert len(lines) > 10
        assert set(lines) == {1}
    with visit(browser, page_of(sample_site, "diagnostics"), width=width) as seen:
        sentence = seen.page.locator(".es-sentence:visible").first.bounding_box()
        assert sentence and sentence["width"] >= 200


def test_a_reader_goes_from_the_home_page_to_a_campaign_and_its_clicks(
    sample_site: Path, browser: Browser
) -> None:
    with visit(browser, page_of(sample_site, "")) as seen:
        page = seen.page
        page.locator("#list-emails").get_by_label("Search").fill("summer sale")
        page.get_by_role("link", name="Summer sale: 20 % off").last.click()
        assert page.title() == "Summer sale: 20 % off \N{MIDDLE DOT} Campaign summary"
        assert page.locator("h1").inner_text() == "Summer sale: 20 % off"
        page.get_by_label("Pages of this email").get_by_role("link", name="Clicks").click()
        assert page.url.endswith(f"{SALE}/clicks/index.html")
        page.get_by_label("You are here").get_by_role("link", name="Home").click()
        assert (
            page.url.endswith("/index.html")
            and page.locator("h1").inner_text() == "Email statistics"
        )


def test_in_print_a_page_has_neither_menu_nor_controls(sample_site: Path, browser: Browser) -> None:
    with visit(browser, page_of(sample_site, SALE)) as seen:
        seen.page.emulate_media(media="print")
        for hidden in (".es-site", ".es-pages", "[data-part=controls]", ".es-skip"):
            assert seen.page.locator(f"{hidden}:visible").count() == 0


def test_every_report_of_the_site_was_rendered_by_the_command(sample_site: Path) -> None:
    for name in read_registry().reports:
        kept = renderings.kept(sample_site, name)
        assert kept and {one.rendering.status for one in kept} == {"done"}
        assert all(one.rendering.is_scheduled for one in kept)
