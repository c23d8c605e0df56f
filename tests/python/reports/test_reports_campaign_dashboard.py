"""The campaign dashboard on every kind of data: its numbers, its notebook, its page."""

import json
import re
import stat
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from helpers.browser import Scheme, visit
from helpers.notebooks import execute
from helpers.report_worlds import (
    NAMES,
    copy,
    loaded,
    rateless_statements,
    unmeasured_statements,
)
from helpers.support import PROJECT_ROOT, build_database
from playwright.sync_api import Browser

from email_statistics import warehouse
from email_statistics.errors import UsageError
from email_statistics.reports.pages.campaign_dashboard import CampaignDashboard
from email_statistics.reports.pieces import script
from email_statistics.reports.run.html import to_html

NOTEBOOK = PROJECT_ROOT / "notebooks" / "reports" / "campaign_dashboard.ipynb"
START = PROJECT_ROOT / "notebooks" / "explore" / "start.ipynb"


@pytest.fixture(scope="module")
def hostile(sample_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with ``NAMES`` as names and, reversed, subjects of the latest campaigns."""
    path = copy(sample_warehouse, tmp_path_factory.mktemp("hostile"))
    with duckdb.connect(path) as connection:
        connection.execute("create temp table names (place integer, name varchar)")
        connection.executemany("insert into names values (?, ?)", list(enumerate(NAMES, start=1)))
        connection.execute(
            """
            update marts.email_performance as performance
            set email_source_name = names.name, subject = reverse(names.name)
            from
                names,
                (
                    select
                        email_source_id,
                        row_number() over (order by first_sent_at desc, email_source_id) as place
                    from marts.email_performance
                    where email_source_type = 'campaign' and first_sent_at is not null
                ) as places
            where places.place = names.place
                and places.email_source_id = performance.email_source_id
            """
        )
        connection.execute("update core.build set raw_lake = '<script>alert(3)</script>'")
    return path


def load(path: Path, monkeypatch: pytest.MonkeyPatch, **parameters: Any) -> CampaignDashboard:
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(path))
    page: CampaignDashboard = loaded("campaign_dashboard", **parameters)
    return page


def pieces(dashboard: CampaignDashboard) -> str:
    """All of the page's pieces, in order."""
    return "".join(
        piece.markup
        for piece in (
            dashboard.header(),
            dashboard.conversion_summary(),
            dashboard.engagement_funnel(),
            dashboard.rates(),
            dashboard.performance_analysis(),
            dashboard.top_performing(),
            dashboard.recent(),
            dashboard.definitions(),
        )
    )


@pytest.fixture(scope="module")
def pages(
    sample_warehouse: Path, hostile: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The page of the sample, of an empty period and of hostile names."""
    folder = tmp_path_factory.mktemp("pages")
    made = {}
    for name, published, parameters in (
        ("sample", sample_warehouse, {}),
        ("empty", sample_warehouse, {"start_date": "2020-01-01", "end_date": "2020-01-31"}),
        ("hostile", hostile, {}),
    ):
        execute(NOTEBOOK, folder / f"{name}.ipynb", published, **parameters)
        made[name] = folder / f"{name}.html"
        to_html(folder / f"{name}.ipynb", made[name])
    return made


def test_it_counts_the_campaign_messages_booked_in_the_last_30_days(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboard = load(sample_warehouse, monkeypatch)
    expected = warehouse.sql(
        """
        select
            count(*) filter (where is_sent) as sent,
            count(*) filter (where is_opened) as opened,
            count(*) filter (where is_clicked) as clicked,
            count(*) filter (where is_ordered) as ordered,
            cast(sum(orders) as bigint) as orders,
            sum(revenue) as revenue,
            count(*) filter (where is_opened and delivery_availability = 'measured')
            / count(*) filter (where is_delivered and is_opened is not null) as open_rate
        from core.fct_messages
        where email_source_type = 'campaign' and not is_test
            and booked_date between
                (select cast(data_through_at as date) - 29 from core.build)
                and (select cast(data_through_at as date) from core.build)
        """
    ).row(0, named=True)
    total = dashboard.total.row(0, named=True)
    assert {name: total[name] for name in expected} == expected
    assert expected["ordered"] > 0


def test_over_its_whole_life_a_campaign_has_the_published_numbers(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboard = load(sample_warehouse, monkeypatch, start_date="2000-01-01")
    names = [name for name, metric in dashboard.metrics.items() if metric.kind != "distinct"]
    published = warehouse.sql(
        """
        select * from marts.email_performance where email_source_type = 'campaign'
        order by first_sent_at desc nulls last, email_source_id
        """
    )
    assert published.height > 10
    assert dashboard.campaigns.select("email_source_id", *names).equals(
        published.select("email_source_id", *names)
    )


def test_the_trend_adds_up_to_the_events_of_the_period(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboard = load(sample_warehouse, monkeypatch, as_of="2026-03-31", last_days=90)
    expected = warehouse.sql(
        """
        select
            count(*) filter (where cast(sent_at as date) between $start and $end) as sent,
            count(*) filter (where cast(opened_at as date) between $start and $end) as opened
        from core.fct_messages
        where email_source_type = 'campaign' and not is_test
        """,
        start=dashboard.period.start,
        end=dashboard.period.end,
    )
    assert dashboard.activity.select("sent", "opened").sum().rows() == expected.rows()


def test_the_page_says_that_as_of_moved_the_dates(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = load(sample_warehouse, monkeypatch, as_of="2026-03-31").header().markup
    assert "as-of date, 31 Mar 2026, instead of the last day of the data" in header


def test_the_drop_off_before_purchases_counts_only_clicks_that_led_to_one(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboard = load(sample_warehouse, monkeypatch)
    clicked, both, ordered, opened = warehouse.sql(
        """
        select
            count(*) filter (where is_clicked),
            count(*) filter (where is_clicked and is_ordered),
            count(*) filter (where is_ordered),
            count(*) filter (where is_ordered and is_opened and not coalesce(is_clicked, false))
        from core.fct_messages
        where
            email_source_type = 'campaign'
            and not is_test
            and booked_date between $start and $end
        """,
        start=dashboard.period.start,
        end=dashboard.period.end,
    ).row(0)
    assert 0 < both < ordered
    funnel = dashboard.engagement_funnel().markup
    assert f"{1 - both / clicked:.1%} drop-off: {both} of {clicked} went on" in funnel
    assert f"{both} of {ordered} who ordered had clicked; {opened} had only opened" in funnel


def test_numbers_that_are_not_measured_say_why(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = unmeasured_statements(build_database(sample_warehouse))
    path = copy(sample_warehouse, tmp_path, *statements)
    dashboard = load(path, monkeypatch)
    funnel = dashboard.engagement_funnel().markup
    assert "Not measured: open tracking was off, or the sending domain isn" in funnel
    assert "Not measured: click tracking doesn" in funnel
    assert "es-value" not in dashboard.rates().markup
    assert "Opens: not measured" in dashboard.performance_analysis().markup
    top = dashboard.top_performing().markup
    assert "No open rate above 0" in top and "No click rate above 0" in top
    assert "Not measured<sup>1</sup>" in dashboard.recent().markup


def test_revenue_is_unknown_where_no_order_has_a_rate(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboard = load(copy(sample_warehouse, tmp_path, *rateless_statements()), monkeypatch)
    orders = dashboard.total["orders"].item()
    assert f"They brought unknown revenue in {orders:,} orders" in dashboard.header().markup
    tiles = dashboard.conversion_summary().markup
    assert tiles.count("Not known: none of these orders has an exchange rate") == 2
    assert "0.00" not in tiles and "None after refunds" not in tiles
    assert "No revenue above 0 here." in dashboard.top_performing().markup
    recent = dashboard.recent().markup
    sold = dashboard.campaigns.head(10).filter(pl.col("orders") > 0).height
    assert recent.count("Not known<sup>") == sold > 0


def test_revenue_of_orders_some_of_which_have_a_rate_says_of_how_many_not(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = (
        "update marts.email_performance_daily set orders_without_rate = orders - 1 where orders > 1"
    )
    dashboard = load(copy(sample_warehouse, tmp_path, one), monkeypatch)
    lead = dashboard.header().markup
    assert "left out: no exchange rate)" in lead and "unknown revenue" not in lead


def test_a_database_without_any_row_makes_a_page_that_says_so(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = ["email_performance_daily", "email_performance", "email_activity_hourly"]
    path = copy(
        sample_warehouse,
        tmp_path,
        *(f"delete from marts.{table}" for table in tables),
        "delete from core.fct_messages",
        "update core.build set data_through_at = null",
    )
    page = pieces(load(path, monkeypatch))
    assert "No event yet" in page
    assert page.count("No campaign went out in these data") == 6


def test_a_period_before_the_data_says_which_days_to_choose(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dates = {"start_date": "2020-01-01", "end_date": "2020-01-31"}
    page = pieces(load(sample_warehouse, monkeypatch, **dates))
    assert page.count("No campaign email was sent in these days.") == 6
    assert re.search(r"Campaign emails were sent \d+ \w+ 2025", page)


def test_few_delivered_do_not_rank_by_a_rate(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = load(sample_warehouse, monkeypatch, top_min_delivered=10**6).top_performing().markup
    assert top.count("<ol>") == 1
    assert "Campaigns with at least 1,000,000 delivered" in top
    assert "No open rate above 0" in top and "No click rate above 0" in top


def test_wrong_parameters_end_with_a_sentence(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="after the end"):
        load(sample_warehouse, monkeypatch, start_date="2026-02-01", end_date="2026-01-01")
    with pytest.raises(UsageError, match="top_min_delivered can't be -1"):
        load(sample_warehouse, monkeypatch, top_min_delivered=-1)


def test_a_notebook_in_git_has_no_outputs_and_any_python_3() -> None:
    notebook = json.loads(START.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)


def test_the_questions_have_one_answer_in_sql_and_in_polars(
    sample_warehouse: Path, tmp_path: Path
) -> None:
    notebook = execute(START, tmp_path / "start.ipynb", sample_warehouse)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    answers = [re.sub(r"decimal\[\d+,2\]", "decimal", _shown(cell)) for cell in code[-6:]]
    assert all("shape:" in answer for answer in answers)
    assert answers[0::2] == answers[1::2]


def _shown(cell: dict[str, Any]) -> str:
    return "".join(cell["outputs"][0]["data"]["text/plain"])


def test_the_page_is_a_small_whole_private_file(pages: dict[str, Path]) -> None:
    page = pages["sample"].read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert '<html lang="en">' in page
    assert "<title>Campaign dashboard</title>" in page
    assert page.count("<script") == page.count(f"<script>{script()}</script>") == 1
    assert "import campaign_dashboard" not in page
    assert len(page) < 1_500_000
    assert stat.S_IMODE(pages["sample"].stat().st_mode) == 0o600
    assert not list(pages["sample"].parent.glob("*.part"))


@pytest.mark.parametrize("name", ["sample", "empty", "hostile"])
def test_a_page_fits_its_window_and_asks_for_nothing(
    pages: dict[str, Path], browser: Browser, name: str
) -> None:
    grounds: dict[Scheme, str] = {"light": "rgb(246, 247, 249)", "dark": "rgb(16, 19, 24)"}
    for width in (1280, 390):
        with visit(browser, pages[name], width=width) as seen:
            for scheme, ground in grounds.items():
                seen.again(scheme)
                assert seen.overflow() == 0
                shown = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
                assert shown == ground
            assert set(seen.requests) == {pages[name].as_uri()}
            assert seen.complaints == []


@pytest.mark.parametrize(("width", "drawing"), [(1280, "wide"), (390, "narrow")])
def test_the_switch_shows_one_drawn_chart_at_a_time(
    pages: dict[str, Path], browser: Browser, width: int, drawing: str
) -> None:
    with visit(browser, pages["sample"], width=width) as seen:
        shown = seen.page.locator("svg.es-drawing:visible")
        alternatives = []
        for label in ("Emails sent", "Opens", "Clicks", "Unsubscribes"):
            seen.page.get_by_text(label, exact=True).first.click()
            assert seen.page.get_by_role("radio", name=label).is_checked()
            assert shown.count() == 1
            assert f"es-drawing--{drawing}" in (shown.get_attribute("class") or "")
            alternatives.append(shown.get_attribute("aria-label") or "")
            line = shown.locator(".mark-line path").first.bounding_box()
            assert line is not None and line["width"] > 200 and line["height"] > 20
        assert [text.split(" by day")[0] for text in alternatives] == [
            "Emails sent",
            "Opens",
            "Clicks",
            "Unsubscribes",
        ]


def test_the_switch_and_the_definitions_work_from_the_keyboard(
    pages: dict[str, Path], browser: Browser
) -> None:
    with visit(browser, pages["sample"]) as seen:
        seen.page.get_by_role("radio", name="Emails sent").focus()
        seen.page.keyboard.press("ArrowRight")
        assert seen.page.get_by_text("Opens by day", exact=True).first.is_visible()
        definition = seen.page.get_by_text("Total income of the orders").first
        assert not definition.is_visible()
        seen.page.locator("summary", has_text="Definition of Revenue").first.focus()
        seen.page.keyboard.press("Enter")
        assert definition.is_visible()


def test_hostile_names_are_shown_as_the_text_they_are(
    pages: dict[str, Path], browser: Browser
) -> None:
    with visit(browser, pages["hostile"]) as seen:
        rows = seen.page.locator(".es-table tbody th")
        names = [" ".join(name.split()) for name in rows.locator(".es-name").all_text_contents()]
        assert names[: len(NAMES)] == [" ".join(name.split()) for name in NAMES]
        assert seen.page.get_by_text("<script>alert(3)</script>").first.is_visible()
        assert seen.page.locator("main script, img, main b").count() == 0
        heights = [row.bounding_box() for row in rows.all()]
        assert all(box is not None and box["height"] < 200 for box in heights)


def test_a_long_name_unfolds_when_it_is_focused(pages: dict[str, Path], browser: Browser) -> None:
    with visit(browser, pages["hostile"], width=390) as seen:
        name = seen.page.locator(".es-table .es-name", has_text="W" * 200)
        folded = name.bounding_box()
        name.focus()
        whole = name.bounding_box()
        assert folded is not None and whole is not None
        assert whole["height"] > 2 * folded["height"]


def test_in_print_every_chart_is_there(pages: dict[str, Path], browser: Browser) -> None:
    with visit(browser, pages["sample"], scheme="dark") as seen:
        seen.page.emulate_media(media="print")
        assert seen.page.locator("svg.es-drawing:visible").count() == 4
        text = seen.page.evaluate("getComputedStyle(document.querySelector('h1')).color")
        assert text == "rgb(27, 31, 38)"
