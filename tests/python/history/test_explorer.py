"""The interactive explorer: its widgets driven here, and in JupyterLab by a real browser."""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from helpers.browser import chromium
from helpers.notebooks import execute
from helpers.report_worlds import NAMES, hostile_copy
from helpers.support import PROJECT_ROOT, build_database
from playwright.sync_api import Page, expect

from email_statistics import warehouse
from email_statistics.explorer import pieces
from email_statistics.explorer.email_analytics import EmailAnalytics
from email_statistics.history import contact, contact_timeline
from email_statistics.reports.ask.contact_lists import BOXES
from email_statistics.reports.words.reasons import EXCLUSIONS

NOTEBOOK = PROJECT_ROOT / "notebooks" / "explore" / "email_analytics.ipynb"
CAMPAIGN = "src_campaign_026"


def explore(path: Path, monkeypatch: pytest.MonkeyPatch, source: str = "") -> EmailAnalytics:
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(path))
    screen = EmailAnalytics()
    if source:
        screen._source.value = source
    return screen


def body(screen: EmailAnalytics) -> str:
    """The HTML of the screen's lower part."""
    return "".join(getattr(part, "value", "") for part in screen._body.children)


def listed(screen: EmailAnalytics) -> list[str]:
    """The names of the list's page."""
    return [row.children[0].description for row in screen._table.children[1:]]


def test_a_source_name_is_required(sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = explore(sample_warehouse, monkeypatch)
    assert "Source Name is required." in body(screen)
    assert all(box.disabled for box in screen._boxes.values())
    screen._source.value = CAMPAIGN
    assert not any(box.disabled for box in screen._boxes.values())
    screen._type.value = "bulk"
    assert "Source Name is required." in body(screen)
    assert [value for _, value in screen._source.options][1] == "src_bulk_003"


def test_the_boxes_are_the_marts_numbers_of_the_days(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = explore(sample_warehouse, monkeypatch)
    screen._type.value = "workflow"
    screen._source.value = "src_workflow_004"
    screen._start.value, screen._end.value = date(2026, 6, 10), date(2026, 6, 20)
    counts = warehouse.sql(
        f"""
        select {", ".join(f"cast(sum({name}) as bigint) as {name}" for name in BOXES)}
        from marts.email_performance_daily
        where email_source_id = 'src_workflow_004'
            and booked_date between date '2026-06-10' and date '2026-06-20'
        """
    ).row(0, named=True)
    shown = {name: box.description.split("\n")[1] for name, box in screen._boxes.items()}
    assert shown == {name: f"{count:,}" for name, count in counts.items()}


def test_a_box_opens_its_list_page_by_page(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = explore(sample_warehouse, monkeypatch, CAMPAIGN)
    screen._boxes["clicked"].click()
    expected = warehouse.sql(
        """
        select coalesce(full_name, email, '(no name)') as name from marts.message_outcomes
        where email_source_id = $id and outcome = 'clicked'
        order by outcome_at desc, message_id
        """,
        id=CAMPAIGN,
    )["name"]
    assert listed(screen) == expected[:20].to_list()
    assert screen._previous.disabled and not screen._next.disabled
    screen._next.click()
    assert listed(screen) == expected[20:40].to_list()
    screen._next.click()
    assert listed(screen) == expected[40:].to_list()
    assert screen._next.disabled
    screen._page_size.value = 100
    assert listed(screen) == expected.to_list()
    assert screen._previous.disabled


def test_a_name_leads_to_all_that_is_known_of_the_contact_and_back(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = explore(sample_warehouse, monkeypatch, CAMPAIGN)
    name = listed(screen)[0]
    screen._table.children[1].children[0].click()
    assert f"<h3><bdi>{name}</bdi></h3>" in body(screen)
    assert "All messages, engagement and conversions" in body(screen)
    screen._back.click()
    assert listed(screen)[0] == name


def test_what_is_not_measured_says_so_and_why(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = explore(sample_warehouse, monkeypatch, "src_campaign_019")
    assert screen._boxes["delivered"].description == "Delivered\nNot measured"
    assert "the sending service doesn&#39;t report delivery" in body(screen)


def test_wrong_days_are_a_sentence_not_a_traceback(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = explore(sample_warehouse, monkeypatch, CAMPAIGN)
    screen._start.value = date(2026, 7, 1)
    assert "is after the end, 2026-06-30" in body(screen)
    screen._start.value = date(2020, 1, 1)
    screen._end.value = date(2020, 1, 31)
    assert "Its messages were booked 23 Jun \N{EN DASH} 24 Jun 2026" in body(screen)


def test_refresh_reads_what_was_published_meanwhile(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = tmp_path / "email_stats.duckdb"
    shutil.copy(build_database(sample_warehouse), published)
    screen = explore(published, monkeypatch, CAMPAIGN)
    published.unlink()
    screen._refresh.click()
    assert "There is no published warehouse" in body(screen)
    shutil.copy(build_database(sample_warehouse), published)
    screen._refresh.click()
    assert screen._source.value == CAMPAIGN
    assert len(listed(screen)) == 20


def test_a_history_has_every_message_event_and_conversion_in_time_order(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(build_database(sample_warehouse)))
    of_tests, of_pending, of_orders = (
        warehouse.sql(f"select contact_id from {table} order by contact_id limit 1").item()
        for table in (
            "core.fct_messages where is_test",
            "core.fct_messages where is_pending",
            "core.fct_conversions where is_attributed",
        )
    )
    for contact_id in (of_tests, of_pending, of_orders):
        happenings, total = contact_timeline(contact_id, 1000)
        assert happenings["happened_at"].is_sorted()
        assert happenings.height == total
        messages, engagement, conversions = (
            warehouse.sql(
                f"select count(*) from core.{fact} where contact_id = $id", id=contact_id
            ).item()
            for fact in ("fct_messages", "fct_engagement_events", "fct_conversions")
        )
        assert happenings["message_id"].drop_nulls().n_unique() == messages
        assert happenings["actor"].drop_nulls().len() <= engagement
        engaged = ("opened", "clicked", "replied", "unsubscribed", "complained")
        assert happenings["what"].is_in(engaged).sum() == engagement
        assert happenings["what"].is_in(["ordered", "goal_completed"]).sum() == conversions
        latest, of_all = contact_timeline(contact_id, 3)
        assert latest.equals(happenings.tail(3)) and of_all == total
    assert "test_send" in contact_timeline(of_tests, 1000)[0]["reason"]
    assert "targeted" in contact_timeline(of_pending, 1000)[0]["what"]
    assert contact("nobody") is None and contact_timeline("nobody", 5)[1] == 0


def test_what_does_not_count_says_why(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = explore(sample_warehouse, monkeypatch, CAMPAIGN)
    found = warehouse.sql(
        """
        select exclusion_reason, min(contact_id) as contact_id
        from core.fct_engagement_events
        where exclusion_reason is not null
        group by exclusion_reason
        """
    )
    assert found.height > 5
    for reason, contact_id in found.iter_rows():
        happenings, total = contact_timeline(contact_id, 1000)
        shown = pieces.history(happenings, total, screen._build.timezone, "USD").markup
        assert f"<td><bdi>No: {EXCLUSIONS[reason].replace(chr(39), '&#39;')}</bdi>" in shown


def test_nothing_from_the_data_becomes_markup(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = explore(hostile_copy(sample_warehouse, tmp_path), monkeypatch, CAMPAIGN)
    screen._page_size.value = 100
    assert set(listed(screen)) == set(NAMES)
    markup = body(screen)
    for row in screen._table.children[1:]:
        markup += row.children[1].value
    screen._table.children[1].children[0].click()
    markup += body(screen)
    assert not re.search(r"<(script|img|b)\b|href=.javascript", markup)


def test_its_notebook_runs_under_papermill_and_has_no_outputs_in_git(
    sample_warehouse: Path, tmp_path: Path
) -> None:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
    executed = execute(NOTEBOOK, tmp_path / "run.ipynb", sample_warehouse)
    shown = executed["cells"][-1]["outputs"][-1]["data"]
    assert "application/vnd.jupyter.widget-view+json" in shown


@contextmanager
def jupyter_lab(folder: Path, published: Path) -> Iterator[str]:
    """JupyterLab on ``folder``, by its own settings alone: the address of its first page."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    own = folder / ".jupyter"
    (own / "settings").mkdir(parents=True)
    (own / "settings" / "overrides.json").write_text(
        json.dumps({"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}})
    )
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    server = subprocess.Popen(
        [
            Path(sys.executable).with_name("jupyter-lab"),
            "--no-browser",
            "--allow-root",
            "--ip=127.0.0.1",
            f"--port={port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={folder}",
            f"--IdentityProvider.token={token}",
            f"--LabApp.app_settings_dir={own / 'settings'}",
            f"--LabApp.workspaces_dir={own / 'workspaces'}",
            f"--LabApp.user_settings_dir={own / 'user'}",
        ],
        env=os.environ
        | {name: str(own / name.lower()) for name in folders}
        | {"EMAIL_STATS_WAREHOUSE": str(published)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while server.poll() is None and not _answers(port):
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/lab/tree/{NOTEBOOK.name}?token={token}"
    finally:
        server.terminate()
        server.wait(30)


def _answers(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def _run_all_cells(page: Page) -> None:
    # Before its kernel is idle, JupyterLab would ask which one to start.
    page.get_by_text("| Idle").wait_for(timeout=90_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()


def test_it_works_in_jupyterlab(sample_warehouse: Path, tmp_path: Path) -> None:
    shutil.copy(NOTEBOOK, tmp_path)
    complaints: list[Any] = []
    asked: list[str] = []
    published = build_database(sample_warehouse)
    with chromium() as browser, jupyter_lab(tmp_path, published) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 1200})
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: complaints.append(message.text) if message.type == "error" else None,
        )
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        _run_all_cells(page)
        screen = page.locator(".es-explorer")
        expect(screen).to_contain_text("Source Name is required.", timeout=90_000)

        screen.locator("select").select_option(label="Summer sale: 20 % off (23 Jun 2026)")
        names = screen.locator(".es-contact")
        expect(names).to_have_count(20)
        expect(screen.locator(".es-box--clicked")).to_have_text("Clicked\n50")
        screen.locator(".es-box--clicked").click()
        expect(screen.locator(".es-title")).to_contain_text("Clicked: Summer sale")
        first = names.first.inner_text()
        screen.get_by_role("button", name="Next").click()
        expect(screen.locator(".es-pager")).to_contain_text("21\N{EN DASH}40 of 50")
        screen.get_by_role("button", name="50", exact=True).click()
        expect(names).to_have_count(50)
        expect(names.first).to_have_text(first)

        names.first.click()
        expect(screen.locator(".es-title h3")).to_have_text(first)
        expect(screen.locator(".es-table tbody tr").first).to_be_visible()
        screen.get_by_role("button", name="Back to the list").click()
        expect(names).to_have_count(50)
        screen.get_by_role("button", name="Refresh").click()
        expect(names.first).to_have_text(first)
        expect(screen.locator(".es-box--clicked")).to_have_text("Clicked\n50")
        page.close()
    assert complaints == []
    assert all(url.startswith(("http://127.0.0.1:", "data:", "blob:")) for url in asked)
