"""A real browser for pages: the system's Chromium, driven by playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

Scheme = Literal["light", "dark"]


@dataclass
class Visit:
    """A page as a reader has it open, with all that it asked for and complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def again(self, scheme: Scheme) -> None:
        """Open the page once more, in this scheme."""
        self.page.emulate_media(color_scheme=scheme)
        self.page.reload()

    def overflow(self) -> int:
        """By how many pixels the page is broader than its window."""
        width: int = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return width

    def small_targets(self) -> list[str]:
        """Controls that a finger misses: less than 40 pixels high."""
        return small_targets(self.page)


def small_targets(page: Page) -> list[str]:
    """Name the controls of a page that are less than 40 pixels high; links in a text are none."""
    small: list[str] = page.evaluate(
        """[...document.querySelectorAll('button, select, input, summary, label, nav a')]
        .filter((one) => one.checkVisibility() && !one.matches('label:has(input, select)'))
        .filter((one) => !one.matches('[type=radio], [type=hidden]'))
        .filter((one) => one.getBoundingClientRect().height < 39.5)
        .map((one) => `${one.tagName} ${one.textContent.trim().slice(0, 40)}`)"""
    )
    return small


def serious_barriers(page: Page) -> list[tuple[str, list[str]]]:
    """What keeps a reader out: axe's serious and critical violations, with pieces of the page."""
    # By default axe also collects all that is well, for twice the time.
    violations = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        (one["id"], [node["html"][:200] for node in one["nodes"][:3]])
        for one in violations
        if one["impact"] in ("serious", "critical")
    ]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium; the test is skipped where there is none."""
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("there is no Chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@contextmanager
def visit(
    browser: Browser, html: Path, *, width: int = 1280, scheme: Scheme = "light"
) -> Iterator[Visit]:
    """Open a file as a page of its own, ``width`` pixels wide, and note what it does."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    seen = Visit(page)
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("console", lambda message: seen.complaints.append(message.text))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("dialog", lambda dialog: seen.complaints.append(dialog.message))
    page.goto(html.as_uri())
    yield seen
    page.close()
