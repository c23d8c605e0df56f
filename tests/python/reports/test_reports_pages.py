"""The pages of Email Analytics, deliverability and diagnostics in a real browser."""

from pathlib import Path
from typing import Any

import pytest
from helpers.browser import Scheme, visit
from helpers.report_worlds import NAMES, hostile_copy, job, rendered, start_rendering, wait_for
from helpers.support import build_database
from playwright.sync_api import Browser

from email_statistics import warehouse

REPORTS = ["email_analytics", "deliverability", "diagnostics"]
WINDOWS: list[tuple[int, Scheme]] = [(1280, "light"), (390, "dark")]


@pytest.fixture(scope="module")
def pages(
    sample_pages: tuple[dict[str, Path], dict[str, Path]],
    sample_warehouse: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Path]:
    """A page of each report of the sample, of hostile texts, of days without mail; more."""
    hostile = hostile_copy(sample_warehouse, tmp_path_factory.mktemp("hostile"))
    empty = {"start_date": "2020-01-01", "end_date": "2020-01-31"}
    ever = {"start_date": "2000-01-01"}
    worlds: list[tuple[str, str, Path, dict[str, Any]]] = [
        *((f"{report}-hostile", report, hostile, ever) for report in REPORTS),
        *((f"{report}-empty", report, sample_warehouse, empty) for report in REPORTS),
        (
            "unmeasured",
            "email_analytics",
            sample_warehouse,
            {"email_source_id": "src_campaign_019"},
        ),
        ("bounced", "email_analytics", sample_warehouse, {"metric": "bounced", **ever}),
    ]
    folder = tmp_path_factory.mktemp("pages") / "pages"
    jobs = [job(page, report, path, **given) for page, report, path, given in worlds]
    wait_for(start_rendering(folder, jobs))
    return rendered(folder) | {f"{report}-sample": sample_pages[0][report] for report in REPORTS}


def test_a_page_fits_its_window_and_asks_for_nothing(
    pages: dict[str, Path], browser: Browser
) -> None:
    for name, page in pages.items():
        if name.endswith("-sample"):  # test_reports_all
            continue
        for width, scheme in WINDOWS:
            with visit(browser, page, width=width, scheme=scheme) as seen:
                assert seen.requests == [page.as_uri()], name
                assert seen.complaints == [], name
                assert seen.overflow() == 0, (name, width)
                assert (
                    seen.page.locator("main img, main script, main b, [href^=javascript]").count()
                    == 0
                ), name


def test_what_the_data_say_is_shown_as_the_text_it_is(
    pages: dict[str, Path], browser: Browser
) -> None:
    for report, caption in (
        ("email_analytics", "Contacts: Delivered"),
        ("diagnostics", "Quarantined rows"),
        ("deliverability", "Bounces by reason"),
    ):
        with visit(browser, pages[f"{report}-hostile"]) as seen:
            cells = seen.page.get_by_label(caption, exact=True).locator("bdi").all_text_contents()
            assert {" ".join(name.split()) for name in NAMES} <= {
                " ".join(cell.split()) for cell in cells
            }


def test_numbers_read_from_the_page_are_those_of_the_marts(
    sample_warehouse: Path,
    pages: dict[str, Path],
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(build_database(sample_warehouse)))
    with visit(browser, pages["diagnostics-sample"]) as seen:
        rows = seen.page.locator(".es-list[data-file=data_quality] tbody tr").all()
        shown = [[cell.inner_text() for cell in row.locator("th, td").all()][:6] for row in rows]
    expected = warehouse.sql(
        """
        select raw_table, columns(* exclude (raw_table))
        from marts.data_quality
        order by raw_rows desc, raw_table
        """
    )
    assert shown == [
        [table, *("\N{EN DASH}" if count is None else f"{count:,}" for count in counts)]
        for table, *counts in expected.iter_rows()
    ]
    with visit(browser, pages["bounced"]) as seen:
        shown_bounces = [
            [cell.inner_text() for cell in row.locator("th, td").all()]
            for row in seen.page.locator(
                ".es-list[data-file=email_analytics_bounced] tbody tr"
            ).all()
        ]
        box = seen.page.get_by_label("Bounced", exact=True).locator(".es-value").inner_text()
    listed = warehouse.sql(
        """
        select full_name, email, reason
        from marts.message_outcomes
        where email_source_id = 'src_campaign_026' and outcome in ('hard_bounced', 'soft_bounced')
        order by outcome_at desc, message_id
        """
    ).rows()
    assert box == str(len(listed))
    assert [(row[0], row[1], row[-1]) for row in shown_bounces] == [
        (name or "\N{EN DASH}", email, reason or "not given") for name, email, reason in listed
    ]


def test_the_contact_list_sorts_and_pages(pages: dict[str, Path], browser: Browser) -> None:
    with visit(browser, pages["email_analytics-sample"]) as seen:
        contacts = seen.page.get_by_label("Contacts: Delivered", exact=True).first
        emails = contacts.locator("tbody tr:visible td:nth-child(2)")
        times = contacts.locator("tbody tr:visible td:nth-child(4) time")
        assert emails.count() == 20
        contacts.locator("thead button", has_text="Last updated").click()
        first = emails.all_inner_texts()
        updated = [time.get_attribute("datetime") or "" for time in times.all()]
        assert updated == sorted(updated, reverse=True)
        contacts.get_by_role("button", name="Next").click()
        assert not set(first) & set(emails.all_inner_texts())
        contacts.get_by_label("Rows per page").select_option("100")
        assert emails.count() == 100
        contacts.get_by_label("Search").fill("@icloud.com")
        assert all("@icloud.com" in email for email in emails.all_inner_texts())
        assert seen.complaints == []


def test_the_findings_have_a_tab_a_status(pages: dict[str, Path], browser: Browser) -> None:
    with visit(browser, pages["diagnostics-sample"], width=390) as seen:
        for label in ("Check", "Info", "OK", "Fix"):
            seen.page.locator(".es-switch > label", has_text=label).click()
            shown = seen.page.locator(".es-switch .es-list:visible")
            assert shown.count() == 1
            assert shown.get_attribute("aria-label") == f"Findings: {label}"
        assert seen.overflow() == 0


def test_one_rate_is_drawn_at_a_time(pages: dict[str, Path], browser: Browser) -> None:
    with visit(browser, pages["deliverability-sample"]) as seen:
        drawn = seen.page.locator("svg.es-drawing:visible")
        for label in ("Delivered rate", "Bounce rate", "Complaint rate"):
            seen.page.get_by_role("radio", name=label, exact=True).check(force=True)
            assert drawn.count() == 1
            assert (drawn.get_attribute("aria-label") or "").startswith(f"{label} by week")
            assert "%" in (drawn.text_content() or "")
