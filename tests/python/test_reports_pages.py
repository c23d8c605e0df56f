"""The pages of reports as people get them: whole, the same each time, and in a real browser."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Scheme, chromium, visit
from playwright.sync_api import Browser
from report_pages import hostile_copy, read_notebook, render
from support import PROJECT_ROOT, build_database
from test_reports_campaign_dashboard import NAMES

from email_statistics import warehouse

REPORTS = ["email_analytics", "deliverability", "diagnostics"]
# Everything of the hostile sample, a list with reasons, days without mail, nothing measured.
STATES = {
    "sample": {},
    "hostile": {"start_date": "2000-01-01"},
    "empty": {"start_date": "2020-01-01", "end_date": "2020-01-31"},
}
WINDOWS: list[tuple[int, Scheme]] = [(1280, "light"), (390, "dark")]


@pytest.fixture(scope="module")
def pages(sample_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each report in each state, and of a source of which little is measured."""
    folder = tmp_path_factory.mktemp("pages")
    hostile = hostile_copy(sample_warehouse, tmp_path_factory.mktemp("hostile"))
    made = {}
    with pytest.MonkeyPatch.context() as patch:
        for state, parameters in STATES.items():
            published = hostile if state == "hostile" else build_database(sample_warehouse)
            patch.setenv("EMAIL_STATS_WAREHOUSE", str(published))
            for report in REPORTS:
                name = f"{report}-{state}"
                made[name] = render(report, folder / f"{name}.html", **parameters)
        for name, parameters in (
            ("unmeasured", {"email_source_id": "src_campaign_019"}),
            ("bounced", {"metric": "bounced", "start_date": "2000-01-01"}),
        ):
            page = folder / f"{name}.html"
            made[name] = render("email_analytics", page, **parameters)
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def test_the_command_renders_them_by_their_notebooks(
    sample_warehouse: Path, tmp_path: Path
) -> None:
    run = subprocess.run(
        [Path(sys.executable).with_name("email-stats"), "report", *REPORTS],
        env={
            "EMAIL_STATS_WAREHOUSE": str(build_database(sample_warehouse)),
            "EMAIL_STATS_REPORTS": str(tmp_path),
            "PATH": "",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    for report in REPORTS:
        assert re.search(rf"{report} +done", run.stdout)
        page = next(tmp_path.glob(f"{report}/*/report.html")).read_text("utf-8")
        assert page.count("es-lead") > 0


@pytest.mark.parametrize("report", REPORTS)
def test_a_page_is_the_same_each_time(
    sample_warehouse: Path,
    pages: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    report: str,
) -> None:
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(build_database(sample_warehouse)))
    again = render(report, tmp_path / "again.html")
    assert again.read_text("utf-8") == pages[f"{report}-sample"].read_text("utf-8")


@pytest.mark.parametrize("report", REPORTS)
def test_a_notebook_is_a_page_not_a_program(report: str) -> None:
    notebook = read_notebook(report)
    title, parameters, load_cell, *rest = notebook["cells"]
    assert "".join(title["source"]).startswith("# ")
    assert parameters["metadata"]["tags"] == ["parameters"]
    load = re.search(rf"(\w+) = {report}\.load\(", "".join(load_cell["source"]))
    assert load is not None
    for cell in rest:
        source = "".join(cell["source"])
        assert cell["cell_type"] == "markdown" or re.fullmatch(rf"{load[1]}\.\w+\(\)", source)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


def test_a_page_fits_its_window_and_asks_for_nothing(
    pages: dict[str, Path], browser: Browser
) -> None:
    for name, page in pages.items():
        assert page.stat().st_size < 1_500_000
        for width, scheme in WINDOWS:
            with visit(browser, page, width=width, scheme=scheme) as seen:
                assert seen.requests == [page.as_uri()], name
                assert seen.complaints == [], name
                assert seen.overflow() == 0, (name, width)
                assert seen.page.locator("main img, main script, main b").count() == 0, name


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
            for row in seen.page.locator(".es-list tbody tr").all()
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
        contacts.get_by_label("Rows a page").select_option("100")
        assert emails.count() == 100
        contacts.get_by_label("Search").fill("@icloud.com")
        assert all("@icloud.com" in email for email in emails.all_inner_texts())
        assert seen.complaints == []


def test_the_findings_have_a_tab_a_status(pages: dict[str, Path], browser: Browser) -> None:
    with visit(browser, pages["diagnostics-sample"], width=390) as seen:
        for label in ("Warn", "Info", "OK", "Fail"):
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


def test_exposures_and_the_registry_know_them() -> None:
    exposures = (PROJECT_ROOT / "models" / "exposures.yml").read_text("utf-8")
    for report in REPORTS:
        assert f"- name: {report}\n" in exposures
        assert json.dumps(read_notebook(report))
