"""The pages about one email source: their numbers, on every kind of data, as readers see them."""

import csv
import html
import io
import itertools
import re
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from helpers.browser import Visit, visit
from helpers.report_worlds import (
    NAMES,
    copy,
    job,
    loaded,
    rateless_statements,
    rendered,
    start_rendering,
    unmeasured_statements,
    wait_for,
)
from helpers.support import build_database
from playwright.sync_api import Browser

from email_statistics import warehouse
from email_statistics.errors import UsageError
from email_statistics.reports.pages.source_page import SourcePage
from email_statistics.reports.pieces import Html
from email_statistics.reports.words import formats
from email_statistics.reports.words.reasons import EXCLUSIONS, begun

REPORTS = ["campaign_summary", "click_performance", "workflow_statistics", "bulk_statistics"]
TABS = [
    "delivered",
    "opened",
    "clicked",
    "ordered",
    "replied",
    "hard_bounced",
    "soft_bounced",
    "complained",
    "unsubscribed",
    "skipped",
    "failed",
]

Pages = tuple[dict[str, Path], dict[str, Path]]


def hostile(sample: Path, folder: Path) -> Path:
    """The sample with hostile texts wherever these pages show a text."""
    path = copy(sample, folder)
    with duckdb.connect(path) as connection:
        connection.execute("create temp table names (place integer, name varchar)")
        connection.executemany("insert into names values (?, ?)", list(enumerate(NAMES)))
        for table, columns in (
            ("core.dim_email_sources", ("email_source_name", "subject", "workflow_name", "status")),
            ("marts.email_performance", ("email_source_name", "subject", "workflow_name")),
            ("core.dim_contacts", ("full_name", "email")),
            ("marts.email_diagnostics", ("message",)),
            ("marts.link_performance", ("link_source",)),
            ("marts.link_clicks", ("full_name", "email")),
            ("core.fct_messages", ("reason",)),
        ):
            sets = ", ".join(f"{column} = names.name" for column in columns)
            connection.execute(
                f"""
                update {table} as changed set {sets} from names
                where names.place = hash(changed.rowid) % {len(NAMES)}
                """
            )
        connection.execute(
            """
            update marts.link_performance
            set url = 'javascript:alert(4)', tagged_url = 'java\nscript:alert(5)'
            where link_key in (
                select max(link_key) from marts.link_performance group by email_source_id
            )
            """
        )
    return path


def unmeasured(sample: Path, folder: Path) -> Path:
    """The sample with nothing measured of any source."""
    flags = [
        f"is_{name} = null" for name in (*TABS[:3], *TABS[4:9], "accepted", "rejected", "bounced")
    ]
    return copy(
        sample,
        folder,
        *unmeasured_statements(build_database(sample)),
        f"update core.fct_messages set {', '.join(flags)}, opens = null, clicks = null",
        "update marts.email_performance set link_click_availability = 'not_tracked', "
        "clicks = null, clicked = null",
        "update marts.link_performance set total_clicks = null, total_unique_clicks = null",
        "update core.fct_engagement_events set is_counted = false, "
        "exclusion_reason = coalesce(exclusion_reason, 'not_tracked')",
    )


@pytest.fixture(scope="module")
def pages(
    sample_pages: Pages, sample_warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Each report on the sample, an empty period, hostile names, and where nothing is measured."""
    folder = tmp_path_factory.mktemp("source_pages")
    worlds: dict[str, tuple[Path, dict[str, Any]]] = {
        "empty": (sample_warehouse, {"start_date": "2020-01-01", "end_date": "2020-01-31"}),
        "hostile": (hostile(sample_warehouse, tmp_path_factory.mktemp("hostile")), {}),
        "unmeasured": (unmeasured(sample_warehouse, tmp_path_factory.mktemp("unmeasured")), {}),
    }
    jobs = [
        job(f"{report}-{world}", report, path, **parameters)
        for report in REPORTS
        for world, (path, parameters) in worlds.items()
    ]
    halves = [jobs[::2], jobs[1::2]]
    folders = [folder / "one", folder / "two"]
    started = [start_rendering(*one) for one in zip(folders, halves, strict=True)]
    for process in started:
        wait_for(process)
    samples = {f"{report}-sample": sample_pages[0][report] for report in REPORTS}
    return samples | rendered(folders[0]) | rendered(folders[1])


@pytest.fixture
def published(sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(sample_warehouse))


def latest(email_source_type: str, kind: str = "standard") -> dict[str, Any]:
    """The published numbers of the source that a page shows by default."""
    return warehouse.sql(
        """
        select * from marts.email_performance
        where email_source_type = $type and coalesce(campaign_kind, 'standard') = $kind
        order by first_sent_at desc, email_source_id
        limit 1
        """,
        type=email_source_type,
        kind=kind,
    ).row(0, named=True)


def tile(seen: Visit, label: str) -> tuple[str, str]:
    """A tile's value and what stands below it."""
    found = seen.page.locator(f'.es-tile[aria-label="{label}"]')
    value = " ".join(found.locator(".es-value").inner_text().split())
    made_of = found.locator(".es-made-of")
    return value, made_of.inner_text() if made_of.count() else ""


def csv_of(seen: Visit, index: int = 0) -> list[dict[str, str]]:
    """The CSV of the list of this place among those in sight."""
    with seen.page.expect_download() as event:
        seen.page.locator(".es-list:visible [data-part=csv]").nth(index).click()
    text = event.value.path().read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.usefixtures("published")
def test_a_campaigns_summary_has_the_published_numbers(
    pages: dict[str, Path], browser: Browser
) -> None:
    row = latest("campaign")
    with visit(browser, pages["campaign_summary-sample"]) as seen:
        for label, rate, made_of in (
            ("Delivered", "delivered_rate", ("delivered", "sent_reported")),
            ("Opened", "open_rate", ("opened_reported", "delivered_open_tracked")),
            ("Clicked", "click_rate", ("clicked_reported", "delivered_click_tracked")),
            ("Conversion", "conversion_rate", ("converted_reported", "delivered")),
            ("Soft bounced", "soft_bounce_rate", ("soft_bounced", "sent_reported")),
            ("Hard bounced", "hard_bounce_rate", ("hard_bounced", "sent_reported")),
            ("Unsubscribed", "unsubscribe_rate", ("unsubscribed", "delivered")),
            ("Spam", "complaint_rate", ("complained", "delivered")),
        ):
            value, below = tile(seen, label)
            assert value == formats.rate(row[rate])
            assert below.startswith(f"{row[made_of[0]]:,} of {row[made_of[1]]:,} ")
        skipped = formats.rate(row["skipped"] / row["recipients"])
        of = f"{row['skipped']} of {row['recipients']} recipients"
        assert tile(seen, "Skipped") == (skipped, of)
        assert tile(seen, "Revenue")[0] == f"{row['revenue']:,.2f} USD"
        assert tile(seen, "Revenue per recipient")[0] == f"{row['revenue_per_recipient']:,.2f} USD"
        assert tile(seen, "Orders")[0] == str(row["orders"])
        assert row["orders"] > 0


@pytest.mark.usefixtures("published")
def test_the_eleven_tabs_of_details_list_every_recipient_of_an_outcome(
    pages: dict[str, Path], browser: Browser
) -> None:
    expected = warehouse.sql(
        "select outcome, email, revenue from marts.message_outcomes where email_source_id = $id",
        id=latest("campaign")["email_source_id"],
    )
    labels = dict(warehouse.sql("select metric, label from core.dim_metrics").iter_rows())
    with visit(browser, pages["campaign_summary-sample"]) as seen:
        tabs = seen.page.locator("label[for^=details-]")
        assert len(tabs.all()) == len(TABS)
        for tab, outcome in zip(tabs.all(), TABS, strict=True):
            tab.click()
            rows = expected.filter(pl.col("outcome") == outcome)
            assert tab.inner_text().split() == [*labels[outcome].split(), str(rows.height)]
            if outcome in ("opened", "ordered", "skipped"):
                listed = csv_of(seen)
                emails = rows["email"].fill_null("")
                assert sorted(one["Email address"] for one in listed) == sorted(emails)
                assert ("Revenue (USD)" in listed[0]) == (outcome == "ordered")
                assert ("Reason" in listed[0]) == (outcome == "skipped")
        assert seen.complaints == []


@pytest.mark.usefixtures("published")
def test_click_performance_has_the_published_numbers(
    pages: dict[str, Path], browser: Browser
) -> None:
    source = latest("campaign")["email_source_id"]
    clicks = warehouse.sql(
        "select * from marts.click_performance where email_source_id = $id", id=source
    ).row(0, named=True)
    links = warehouse.sql(
        "select * from marts.link_performance where email_source_id = $id", id=source
    )
    clickers = warehouse.sql(
        "select * from marts.link_clicks where email_source_id = $id", id=source
    )
    excluded = warehouse.sql(
        """
        select count(*) as clicks from core.fct_engagement_events
        where email_source_id = $id and event_type = 'clicked' and not is_counted
        group by exclusion_reason
        """,
        id=source,
    )
    with visit(browser, pages["click_performance-sample"]) as seen:
        assert tile(seen, "Total clicks")[0] == str(clicks["total_clicks"])
        assert tile(seen, "Total unique clicks")[0] == str(clicks["total_unique_clicks"])
        assert tile(seen, "Unique engagements")[0] == str(clicks["unique_engagements"])
        per_open = formats.rate(clicks["clicks_per_unique_open"])
        assert tile(seen, "Clicks per unique open")[0] == per_open
        listed = csv_of(seen, 0)
        assert sorted(
            (one["Total clicks"], one["Total unique clicks"]) for one in listed
        ) == sorted(
            ("" if total is None else str(total), "" if unique is None else str(unique))
            for total, unique in links.select("total_clicks", "total_unique_clicks").rows()
        )
        who = csv_of(seen, 1)
        assert sorted((one["Email address"], int(one["Clicks"])) for one in who) == sorted(
            clickers.select("email", "clicks").rows()
        )
        reasons = csv_of(seen, 2)
        assert sorted(int(one["Clicks"]) for one in reasons) == sorted(excluded["clicks"])
        assert {one["Reason"] for one in reasons} <= {begun(words) for words in EXCLUSIONS.values()}
        assert seen.complaints == []


def booked_in_30_days(source: str, columns: dict[str, str]) -> dict[str, Any]:
    """Count the messages of a source that were booked in the last 30 days, from the facts."""
    counts = ", ".join(f"{expression} as {name}" for name, expression in columns.items())
    return warehouse.sql(
        f"""
        select {counts} from core.fct_messages
        where email_source_id = $id and not is_test
            and booked_date between
                (select cast(data_through_at as date) - 29 from core.build)
                and (select cast(data_through_at as date) from core.build)
        """,
        id=source,
    ).row(0, named=True)


NINE = ["delivered", "opened", "clicked", "replied", "bounced", "unsubscribed", "complained"]


@pytest.mark.usefixtures("published")
def test_workflow_statistics_are_the_nine_of_the_last_30_days(
    pages: dict[str, Path], browser: Browser
) -> None:
    row = latest("workflow")
    names = [*NINE, "accepted", "rejected"]
    expected = booked_in_30_days(
        row["email_source_id"], {name: f"count(*) filter (where is_{name})" for name in names}
    )
    labels = dict(warehouse.sql("select metric, label from core.dim_metrics").iter_rows())
    with visit(browser, pages["workflow_statistics-sample"]) as seen:
        assert {name: int(tile(seen, labels[name])[0]) for name in names} == expected
        actions = seen.page.locator("table[class=es-table]", has_text="Email action").last
        own = actions.locator("tbody tr", has_text="this page").inner_text()
        assert [int(n) for n in re.findall(r"\d+", own.split("this page")[1])][1:] == list(
            expected.values()
        )
        siblings = warehouse.sql(
            "select email_source_name from marts.email_performance where workflow_name = $name",
            name=row["workflow_name"],
        )
        for name in siblings["email_source_name"]:
            assert actions.get_by_text(name).count() == 1


@pytest.mark.usefixtures("published")
def test_bulk_statistics_count_attempts_and_list_each_recipient(
    pages: dict[str, Path], browser: Browser
) -> None:
    names = [name for name in NINE if name != "complained"]
    expected = booked_in_30_days(
        latest("bulk")["email_source_id"],
        {name: f"count(*) filter (where is_{name})" for name in names}
        | {
            "attempts": "count(*) filter (where is_sent or is_failed)",
            "recipients": "count(*)",
            "clicks": "cast(sum(clicks) as bigint)",
        },
    )
    with visit(browser, pages["bulk_statistics-sample"]) as seen:
        assert int(tile(seen, "Total attempts")[0]) == expected["attempts"]
        steps = seen.page.locator(".es-funnel .es-count").all_inner_texts()
        assert [int(step) for step in steps[1:]] == [expected[name] for name in names]
        listed = csv_of(seen)
        assert len(listed) == expected["recipients"]
        assert sum(int(one["Clicks"]) for one in listed) == expected["clicks"]


@pytest.mark.parametrize("world", ["empty", "hostile", "unmeasured"])
@pytest.mark.parametrize("report", REPORTS)
def test_on_any_data_a_page_fits_and_is_quiet(
    pages: dict[str, Path], browser: Browser, report: str, world: str
) -> None:
    for width in (1280, 390):
        with visit(browser, pages[f"{report}-{world}"], width=width) as seen:
            assert seen.requests == [pages[f"{report}-{world}"].as_uri()]
            assert seen.complaints == []
            assert seen.overflow() == 0


@pytest.mark.parametrize("report", REPORTS)
def test_an_empty_period_says_which_days_to_choose(pages: dict[str, Path], report: str) -> None:
    page = pages[f"{report}-empty"].read_text(encoding="utf-8")
    assert "sent nothing in these days." in page
    assert re.search(r"Its emails are of \d+ \w+", page)
    assert 'class="es-value"' not in page


@pytest.mark.parametrize("report", REPORTS)
def test_what_is_not_measured_is_never_0(
    pages: dict[str, Path], browser: Browser, report: str
) -> None:
    with visit(browser, pages[f"{report}-unmeasured"]) as seen:
        assert seen.page.get_by_text("Not measured", exact=False).count() > 3
        measurable = {"Delivered", "Opened", "Clicked", "Replied", "Bounced", "Unsubscribed"}
        shown = set()
        for one in seen.page.locator(".es-tile", has=seen.page.locator(".es-value")).all():
            shown.add(one.get_attribute("aria-label"))
        assert not shown & {*measurable, "Spam", "Complained (spam)", "Accepted", "Rejected"}
        if report != "click_performance":
            said = seen.page.get_by_text("Engagement: not measured")
            assert said.filter(visible=True).count() == 1
        assert not shown & {"Total clicks", "Total unique clicks", "Clicks per unique open"}
        reason = {
            "campaign_summary": "Not measured: the sending service",
            "click_performance": "Not measured: click tracking doesn",
            "workflow_statistics": "Not measured: open tracking was off",
            "bulk_statistics": "Not measured: the sending service",
        }[report]
        assert seen.page.get_by_text(reason).first.is_visible()


@pytest.mark.parametrize("report", REPORTS)
def test_hostile_texts_stay_text(pages: dict[str, Path], browser: Browser, report: str) -> None:
    with visit(browser, pages[f"{report}-hostile"]) as seen:
        assert seen.page.locator("main script, main img, main b").count() == 0
        assert seen.page.locator("a[href^='java']").count() == 0
        name = seen.page.locator(".es-title bdi").text_content() or ""
        assert " ".join(name.split()) in {" ".join(one.split()) for one in NAMES}
        if report == "click_performance":
            assert seen.page.get_by_text("javascript:alert(4)").count() > 0
        for row in seen.page.locator(".es-list tbody tr:visible").all()[:25]:
            box = row.bounding_box()
            assert box is not None and box["height"] < 260


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("report", REPORTS)
def test_a_source_of_another_type_or_none_ends_with_a_sentence(report: str) -> None:
    own = {"workflow_statistics": "workflow", "bulk_statistics": "bulk"}.get(report, "campaign")
    other = latest("bulk" if own != "bulk" else "workflow")
    with pytest.raises(UsageError, match=f"that is a .*, give the id of a {own}"):
        loaded(report, email_source_id=other["email_source_id"])
    with pytest.raises(UsageError, match=f"no {own} has that id"):
        loaded(report, email_source_id="x'--")


@pytest.mark.usefixtures("published")
def test_a_draft_shows_no_numbers_and_says_so() -> None:
    draft = warehouse.sql("select email_source_id from core.dim_email_sources where status='draft'")
    page = loaded("campaign_summary", email_source_id=draft.row(0)[0])
    assert "Nothing went out from this campaign yet." in page.header().markup
    assert "Drafts and scheduled sends show no data" in page.summary().markup


@pytest.mark.usefixtures("published")
def test_click_performance_of_an_ab_test_says_that_there_is_none() -> None:
    page = loaded(
        "click_performance", email_source_id=latest("campaign", "ab_test")["email_source_id"]
    )
    for piece in (page.overview(), page.links(), page.who_clicked()):
        assert "Only standard campaigns have Click Performance." in piece.markup


@pytest.mark.usefixtures("published")
def test_a_count_without_a_rate_stands_alone_and_says_why() -> None:
    found = warehouse.sql(
        "select * from marts.email_performance where delivery_availability = 'not_reported' "
        "and email_source_type = 'campaign' and opened > 0"
    ).row(0, named=True)
    markup = loaded("campaign_summary", email_source_id=found["email_source_id"]).summary().markup
    opened = markup.split('aria-label="Opened"')[1].split("</section>")[0]
    assert f'<p class="es-value">{found["opened"]}</p>' in opened
    assert "Open rate: not measured: the sending service doesn" in opened


def empty_pieces(page: SourcePage) -> list[Html]:
    start = page.page_start("", "")
    return [start, page.engagement_analysis(), page.what_was_measured()]


def test_without_any_source_a_page_says_so(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = copy(sample_warehouse, tmp_path, "delete from core.dim_email_sources")
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(path))
    pieces = [piece for report in REPORTS for piece in empty_pieces(loaded(report))]
    assert len(pieces) == 3 * len(REPORTS)
    assert all("There is no " in piece.markup for piece in pieces)


@pytest.mark.usefixtures("published")
def test_ranged_pages_add_up_to_the_whole_life() -> None:
    source = latest("campaign")
    days = warehouse.sql(
        """
        select booked_date
        from marts.email_performance_daily
        where email_source_id = $id
        order by booked_date
        """,
        id=source["email_source_id"],
    )["booked_date"].to_list()
    assert len(days) > 1
    parts = [loaded("click_performance", start_date=str(one), end_date=str(one)) for one in days]
    totals = [one.total["clicks"] for one in parts]
    assert sum(totals) == source["clicks"]
    assert len(list(itertools.filterfalse(None, totals))) < len(totals)


@pytest.mark.usefixtures("published")
def test_the_query_of_a_list_gives_its_rows() -> None:
    clicks = loaded("click_performance")
    markup = "".join(
        piece.markup
        for piece in (
            loaded("campaign_summary").details(),
            clicks.links(),
            clicks.who_clicked(),
            loaded("bulk_statistics").recipients(),
        )
    )
    lists = re.findall(r'<section class="es es-list".*?</section>', markup, re.DOTALL)
    assert len(lists) > 5
    for one in lists:
        [query] = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", one, re.DOTALL)
        rows = one.split("<tbody>")[1].count("<tr")
        assert f'data-count="{rows}"' in one
        assert warehouse.sql(html.unescape(query)).height == rows


def test_what_has_no_name_is_called_by_its_id(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = "email_source_name = null, subject = null, sending_domain = null"
    path = copy(
        sample_warehouse,
        tmp_path,
        f"update core.dim_email_sources set {nothing}, workflow_name = null, status = null",
        f"update marts.email_performance set {nothing}",
        "update core.dim_contacts set full_name = null, email = null",
    )
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(path))
    summary = loaded("campaign_summary")
    campaign = latest("campaign")["email_source_id"]
    assert campaign in summary.header().markup
    assert "(none named)" in summary.header().markup
    assert "no name" in summary.details().markup
    assert latest("workflow")["email_source_id"] in loaded("workflow_statistics").actions().markup
    assert campaign in loaded("campaign_dashboard").recent().markup


def test_a_campaigns_revenue_is_unknown_where_no_order_has_a_rate(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = copy(sample_warehouse, tmp_path, *rateless_statements())
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(path))
    sold = warehouse.sql(
        "select email_source_id from marts.email_performance "
        "where email_source_type = 'campaign' order by orders desc, 1 limit 1"
    ).item()
    page = loaded("campaign_summary", email_source_id=sold)
    assert f"It brought unknown revenue in {page.total['orders']} orders" in page.header().markup
    tiles = page.revenue().markup
    assert tiles.count("Not known: none of these orders has an exchange rate") == 3
    assert "0.00" not in tiles and "None after refunds" not in tiles
    assert "Revenue" not in page.conversion_analysis().markup
    details = page.details().markup
    assert "no exchange rate" in details and ">0.00<" not in details


def test_a_clicked_url_that_is_no_link_of_the_email_says_so(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(sample_warehouse))
    page = loaded("click_performance", email_source_id="src_campaign_026")
    links = warehouse.sql(
        "select count(*) from core.dim_links where email_source_id = 'src_campaign_026'"
    ).item()
    assert f"on an email with {links} links." in page.header().markup
    others = warehouse.sql(
        "select count(*) from marts.link_performance"
        " where email_source_id = 'src_campaign_026' and link_id is null"
    ).item()
    assert others and page.links().markup.count("Not in the email") == others


def test_a_draft_says_once_that_nothing_went_out(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(sample_warehouse))
    page = loaded("campaign_summary", email_source_id="src_campaign_dirt")
    assert "es-period" not in page.header().markup.partition("</style>")[2]
    measured = page.what_was_measured().markup
    assert "It has not gone out yet (status: draft)." in measured
    assert "Nothing has been sent yet" not in measured


def test_an_email_that_cant_be_credited_says_why_it_has_no_orders(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(sample_warehouse))
    untracked = loaded("campaign_summary", email_source_id="src_campaign_025")
    why = "Neither opens nor clicks were tracked, so no order can be credited."
    assert why in untracked.header().markup and why in untracked.revenue().markup
    tracked = loaded("campaign_summary", email_source_id="src_campaign_012")
    assert "It brought no orders." in tracked.header().markup
    assert "None came within that time" in tracked.revenue().markup
    assert "Neither" not in tracked.revenue().markup


def test_home_has_no_orders_of_emails_that_earn_no_credit(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(sample_warehouse))
    emails = loaded("home").emails.filter(pl.col("sent") > 0)
    of_campaigns = pl.col("email_source_type") == "campaign"
    for column in ("orders", "revenue"):
        assert (
            emails.filter(~of_campaigns)[column].null_count()
            == emails.filter(~of_campaigns).height
            > 0
        )
        assert emails.filter(of_campaigns)[column].null_count() == 0


def test_findings_leave_out_what_the_page_is(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(sample_warehouse))
    measured = loaded("bulk_statistics", email_source_id="src_bulk_003").what_was_measured().markup
    assert "The settings give it no credit" in measured
    assert "It is a bulk send" not in measured
    assert "Track Clicks toggle" not in measured
