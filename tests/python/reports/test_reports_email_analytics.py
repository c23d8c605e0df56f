"""Email Analytics: its boxes, its contact list, and what it says where there is neither."""

import html
import re
from pathlib import Path
from typing import Any

import pytest
from helpers.report_worlds import copy, loaded, rateless_statements
from helpers.support import build_database

from email_statistics import history, warehouse
from email_statistics.errors import UsageError
from email_statistics.explorer.pieces import contact_header, list_cells
from email_statistics.reports.ask.contact_lists import BOXES, OUTCOMES, contact_list
from email_statistics.reports.ask.queries import asking
from email_statistics.reports.pages.email_analytics import EmailAnalytics
from email_statistics.reports.run import runner
from email_statistics.reports.run.registry import read_registry

WHOLE = {"start_date": "2000-01-01"}


def load(path: Path, monkeypatch: pytest.MonkeyPatch, **parameters: Any) -> EmailAnalytics:
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(path))
    page: EmailAnalytics = loaded("email_analytics", **parameters)
    return page


def shown_numbers(markup: str) -> dict[str, str]:
    """What the tiles of a piece show: label to number."""
    tiles = re.findall(r'aria-label="([^"]+)">(.*?)</section>', markup, re.DOTALL)
    numbers = {label: re.findall(r'es-value">([^<]+)<', tile) for label, tile in tiles}
    return {label: shown[0] for label, shown in numbers.items() if shown}


def test_the_boxes_count_the_messages_of_the_source_booked_in_the_days(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(
        sample_warehouse,
        monkeypatch,
        source_type="workflow",
        email_source_id="src_workflow_004",
        start_date="2026-06-10",
        end_date="2026-06-20",
    )
    expected = warehouse.sql(
        f"""
        select {", ".join(f"cast(sum({name}) as bigint) as {name}" for name in BOXES)}
        from marts.email_performance_daily
        where email_source_id = 'src_workflow_004'
            and booked_date between date '2026-06-10' and date '2026-06-20'
        """
    ).row(0, named=True)
    labels = {page.metrics[name].label: f"{value:,}" for name, value in expected.items()}
    assert shown_numbers(page.boxes().markup) == labels
    assert expected["opened"] > 0


@pytest.mark.parametrize("source_id", ["src_campaign_026", "src_workflow_002"])
def test_a_list_adds_up_to_its_metric(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch, source_id: str
) -> None:
    period = load(sample_warehouse, monkeypatch, **WHOLE).period
    counts = warehouse.sql(
        "select * from marts.email_performance where email_source_id = $id", id=source_id
    ).row(0, named=True)
    with asking() as asked:
        asked.over(period)
        for metric in OUTCOMES:
            listed = contact_list(asked, source_id, metric, 3)
            assert listed.total == counts[metric]
            assert listed.rows.height == min(3, listed.total)


def test_the_list_is_the_outcomes_of_the_source_the_latest_first(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch, metric="bounced", **WHOLE)
    expected = warehouse.sql(
        """
        select message_id, full_name, email, status, reason, outcome_at, last_updated_at
        from marts.message_outcomes
        where email_source_id = 'src_campaign_026' and outcome in ('hard_bounced', 'soft_bounced')
        order by outcome_at desc, message_id
        """
    )
    assert page.contacts.select(expected.columns).equals(expected)
    assert expected.height > 0
    assert "Reason" in page.contact_lists().markup


def test_pages_of_a_list_follow_each_other(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch, **WHOLE)
    with asking() as asked:
        asked.over(page.period)
        listed = [
            message
            for skip in range(0, page.contacts.height, 100)
            for message in contact_list(asked, "src_campaign_026", "delivered", 100, skip).rows[
                "message_id"
            ]
        ]
    assert listed == page.contacts["message_id"].to_list()


def test_each_box_has_its_list_and_its_query_gives_all_of_it(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch, metric="bounced", **WHOLE)
    markup = page.contact_lists().markup
    labels = re.findall(r'<label for="contacts-\d">(.*?) <span', markup)
    assert labels == [page.metrics[name].label for name in BOXES]
    assert re.search(r'id="contacts-6"[^>]* checked', markup), "the one that was asked for is open"
    for metric, frame in page.lists.items():
        section = markup.split(f'data-file="email_analytics_{metric}"')[1]
        query = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", section, re.DOTALL)[0]
        assert warehouse.sql(html.unescape(query)).height == frame.height
        assert frame.height == page.booked[metric].item()


def test_without_an_id_it_is_the_most_recent_source_of_the_type(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for source_type, source_id in (("campaign", "026"), ("workflow", "005"), ("bulk", "003")):
        page = load(sample_warehouse, monkeypatch, source_type=source_type)
        assert page.source is not None
        assert page.source.email_source_id == f"src_{source_type}_{source_id}"
        assert "Showing the most recent" in page.source_name().markup


def test_without_any_source_of_the_type_the_name_is_said_to_be_required(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = copy(
        sample_warehouse,
        tmp_path,
        "delete from core.dim_email_sources where email_source_type = 'bulk'",
        "delete from marts.email_performance where email_source_type = 'bulk'",
    )
    page = load(path, monkeypatch, source_type="bulk")
    for piece in (page.source_name(), page.boxes(), page.contact_lists()):
        assert "Source Name is required." in piece.markup
        assert "There is no bulk send in these data." in piece.markup


def test_what_is_not_measured_says_why_and_lists_nobody(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch, email_source_id="src_campaign_019", **WHOLE)
    why = "Not measured: the sending service doesn&#39;t report delivery"
    assert why in page.contact_lists().markup
    boxes = page.boxes().markup
    assert boxes.count(why) == 2  # delivered, bounced
    for family in ("complaints", "unsubscribes"):
        assert f"Not measured: the sending service doesn&#39;t report {family}" in boxes
    assert set(shown_numbers(page.boxes().markup)) == {"Sent", "Opened", "Clicked", "Failed"}


def test_a_metric_of_nobody_says_so(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch, metric="ordered", source_type="workflow")
    assert "Ordered: nobody." in page.contact_lists().markup


def test_days_before_the_source_went_out_say_which_to_choose(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch, start_date="2020-01-01", end_date="2020-01-31")
    for piece in (page.boxes(), page.contact_lists()):
        assert "This campaign sent nothing in these days." in piece.markup
        assert "23 Jun \N{EN DASH} 24 Jun 2026" in piece.markup


def test_last_days_0_is_the_whole_life_of_the_source(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch, email_source_id="src_campaign_001", last_days=0)
    whole = warehouse.sql(
        "select sent from marts.email_performance where email_source_id = 'src_campaign_001'"
    )
    assert page.booked["sent"].to_list() == whole["sent"].to_list()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"metric": "opend"}, "'metric' of report 'email_analytics' can't be 'opend'"),
        ({"source_type": "letter"}, "give one of campaign, workflow, bulk"),
        ({"email_source_id": "src_bulk_003"}, "that is a bulk, give the id of a campaign"),
        ({"email_source_id": "src_campaign_0O1"}, "did you mean 'src_campaign_001'?"),
        ({"last_days": "-1"}, "give a whole number from 0"),
    ],
)
def test_a_wrong_parameter_ends_with_a_sentence_before_a_kernel_starts(
    sample_warehouse: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: dict[str, str],
    sentence: str,
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a kernel would have started")

    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(build_database(sample_warehouse)))
    monkeypatch.setenv("EMAIL_STATS_REPORTS", str(tmp_path))
    monkeypatch.setattr(runner, "_render", refuse)
    with pytest.raises(UsageError, match=re.escape(sentence)):
        runner.run(read_registry(), ["email_analytics"], given, say=lambda _: None)


def test_plain_papermill_is_refused_too(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="metric can't be 'opend': did you mean 'opened'"):
        load(sample_warehouse, monkeypatch, metric="opend")
    with pytest.raises(UsageError, match="source_type can't be 'letter'"):
        load(sample_warehouse, monkeypatch, source_type="letter")
    with pytest.raises(UsageError, match="no campaign has that id"):
        load(sample_warehouse, monkeypatch, email_source_id="nobody")


def test_a_name_keeps_its_direction_to_itself_in_the_lead(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = "set email_source_name = '\u202eshop'"
    path = copy(
        sample_warehouse,
        tmp_path,
        f"update core.dim_email_sources {named}",
        f"update marts.email_performance {named}",
    )
    header = load(path, monkeypatch, **WHOLE).header().markup
    assert header.count("\u2068\u202eshop\u2069") == header.count("\u202eshop") == 1


def test_revenue_is_unknown_where_no_order_has_a_rate(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = copy(sample_warehouse, tmp_path, *rateless_statements())
    page = load(path, monkeypatch, **WHOLE, metric="ordered")
    listed = page.contact_lists().markup
    assert page.contacts.height > 0
    assert listed.count(">no exchange rate") == page.contacts.height
    sold = warehouse.sql("select contact_id from marts.contact_engagement where orders > 0").item(
        0, 0
    )
    described = history.contact(sold)
    assert described is not None
    assert "unknown revenue" in contact_header(described, page.metrics, "USD").markup
    assert list_cells(page.contacts.row(0, named=True), page.build.timezone, "USD")[-1] == (
        "unknown revenue"
    )
