"""The live site in Chromium, from sign-in to a downloaded file; every page in light and dark."""

import re
from pathlib import Path

import pytest
from helpers.browser import Scheme, serious_barriers, small_targets
from helpers.mail_server import mail_server
from helpers.serving import serving
from playwright.sync_api import Browser, Page, expect

from email_statistics.serve.passwords import set_password

PASSWORD = "correct horse battery"
SOURCE = "src_campaign_026"
PAGES = (
    "/", "/reports", "/reports/campaign_summary", "/analytics",
    f"/analytics?source={SOURCE}&period=own&start=2026-06-24&metric=bounced",
    "/contacts?id=ct_0000029", "/segments", "/segments/list?name=hygiene", "/exports", "/nope?x=1",
    "/campaigns/summer-sale-20-off--src_campaign_026/index.html",
)  # fmt: skip


def test_from_sign_in_to_a_file_that_a_mailed_link_gives(
    site: Path, browser: Browser, tmp_path: Path
) -> None:
    set_password(tmp_path / "password", PASSWORD)
    with (
        mail_server(tmp_path) as mailbox,
        serving(
            "--password-file",
            str(tmp_path / "password"),
            EMAIL_STATS_SMTP_URL=f"smtp://localhost:{mailbox.port}",
            EMAIL_STATS_BASE_URL="http://localhost",
        ) as url,
    ):
        page = browser.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{url}/dashboard/index.html")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.get_by_label("Your name").fill("Jane")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(f"{url}/dashboard/index.html")

        choose_dates(page)
        drill_down(page, url)
        export(page)

        (message,) = mailbox.messages
        (link,) = re.findall(r"http://localhost(/exports/download/\S+)", str(message.get_content()))
        stranger = browser.new_page()  # with cookies of its own
        with stranger.expect_download() as started:
            stranger.evaluate("url => { location.href = url }", url + link)
        downloaded = Path(started.value.path()).read_bytes()
        (file,) = (site / "exports").glob("workflows_*.csv")
        assert downloaded == file.read_bytes()
        stranger.goto(f"{url}/exports")
        expect(stranger.get_by_role("heading", name="Sign in")).to_be_visible()

        page.get_by_role("button", name="Sign out").click()
        page.goto(f"{url}/exports")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert complaints == []


def choose_dates(page: Page) -> None:
    """Render the dashboard for days of one's own."""
    page.get_by_role("link", name="Choose dates").click()
    expect(page.get_by_label("from")).to_be_hidden()
    page.get_by_label("Date range").select_option("own")
    page.get_by_label("from").fill("2026-06-20")
    page.get_by_label("to", exact=True).fill("2026-06-26")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("/recent/"), timeout=240_000)
    expect(page.locator("main")).to_contain_text(re.compile("20( Jun)? \N{EN DASH} 26 Jun 2026"))


def drill_down(page: Page, url: str) -> None:
    """From the dashboard to a campaign, to a number's contacts, to one of them."""
    page.goto(f"{url}/dashboard/index.html")
    page.get_by_role("link", name="Summer sale: 20 % off").first.click()
    expect(page).to_have_url(re.compile(f"--{SOURCE}/"))
    row = page.locator(".es-list:visible tbody tr:visible").first
    email = row.locator("td").first.inner_text()
    row.locator("th a").click()
    expect(page.locator("main")).to_contain_text(email)
    page.go_back()
    page.get_by_role("link", name="Contacts behind the numbers").click()
    page.get_by_role("link", name="Opened 241").click()
    expect(page.get_by_role("status")).to_have_text("1\N{EN DASH}20 of 241")
    page.get_by_role("link", name="100", exact=True).click()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("status")).to_have_text("101\N{EN DASH}200 of 241")
    name = page.locator("tbody th a").first
    text = name.inner_text()
    name.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(text)
    expect(page.locator("main")).to_contain_text("Summer sale: 20 % off")


def export(page: Page) -> None:
    """Export the workflows, with the link by mail, and download the file."""
    page.get_by_role("link", name="Exports").click()
    page.get_by_label("Export type").select_option("workflows")
    page.get_by_label("Send a download link to").fill("jane@a.example")
    page.get_by_role("button", name="Export", exact=True).click()
    expect(page.locator("tbody tr").first).to_contain_text("Jane")
    with page.expect_download() as started:
        page.get_by_role("link", name="Download csv").click()
    assert started.value.suggested_filename.startswith("workflows-")


@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_fits_and_nothing_complains(site: Path, browser: Browser, width: int) -> None:
    schemes: tuple[Scheme, ...] = ("light", "dark")
    with serving() as url, browser.new_page(viewport={"width": width, "height": 900}) as page:
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        for path in PAGES:
            for scheme in schemes:
                page.emulate_media(color_scheme=scheme)
                page.goto(url + path)
                expect(page.get_by_role("heading", level=1)).to_be_visible()
                over = page.evaluate(
                    "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                )
                assert over == 0, (path, scheme)
                assert serious_barriers(page) == [], (path, scheme)
            if width == 390:
                assert small_targets(page) == [], path
                rows = page.locator("main > .es-scroll tbody tr").evaluate_all(
                    "rows => rows.map((row) => row.getBoundingClientRect().height)"
                )
                assert all(height < 64 for height in rows), path
    assert [one for one in complaints if "404" not in one] == []
