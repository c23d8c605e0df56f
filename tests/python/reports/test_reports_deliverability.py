"""Deliverability: its rates are those of the marts, its weeks are whole, its reasons add up."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from helpers.report_worlds import copy, loaded
from helpers.support import build_database

from email_statistics import warehouse
from email_statistics.reports.pages.deliverability import Deliverability, whole_weeks
from email_statistics.reports.words import formats
from email_statistics.reports.words.period import Period


def load(path: Path, monkeypatch: pytest.MonkeyPatch, **parameters: Any) -> Deliverability:
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(path))
    page: Deliverability = loaded("deliverability", **parameters)
    return page


def pieces(page: Deliverability) -> list[str]:
    """Every piece of the page that shows numbers."""
    return [
        piece.markup
        for piece in (
            page.rates(),
            page.trends(),
            page.by_provider(),
            page.by_provider_and_week(),
            page.reasons(),
        )
    ]


@pytest.mark.parametrize(
    ("start", "end", "monday", "sunday"),
    [
        (date(2026, 6, 1), date(2026, 6, 7), date(2026, 6, 1), date(2026, 6, 7)),
        (date(2026, 6, 7), date(2026, 6, 8), date(2026, 6, 1), date(2026, 6, 14)),
        (date(2026, 6, 3), date(2026, 6, 3), date(2026, 6, 1), date(2026, 6, 7)),
        # The data end on a Tuesday, and so does the last week of them.
        (date(2026, 6, 1), date(2026, 6, 30), date(2026, 6, 1), date(2026, 6, 30)),
    ],
)
def test_it_shows_the_whole_weeks_that_touch_the_period(
    start: date, end: date, monday: date, sunday: date
) -> None:
    widened = whole_weeks(Period(start, end, "The dates asked for"), date(2026, 6, 30))
    assert (widened.start, widened.end) == (monday, sunday)
    assert formats.days(start, end) in widened.chosen


def test_over_all_weeks_the_rates_are_those_of_all_messages(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch, start_date="2000-01-01")
    expected = warehouse.sql(
        """
        select
            sum(delivered) / sum(sent_reported) as delivered_rate,
            sum(hard_bounced) / sum(sent_reported) as hard_bounce_rate,
            sum(complained) / sum(delivered) as complaint_rate,
            sum(opened_reported) / sum(delivered_open_tracked) as open_rate
        from marts.email_performance
        """
    ).row(0, named=True)
    total = page.total.row(0, named=True)
    assert {name: total[name] for name in expected} == pytest.approx(expected)
    for rate in expected.values():
        assert f">{formats.rate(rate)}<" in page.rates().markup


def test_a_providers_row_is_the_sum_of_its_weeks(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch, start_date="2000-01-01")
    expected = warehouse.sql(
        """
        select mailbox_provider, cast(sum(sent) as bigint), sum(bounced) / sum(sent_reported)
        from marts.deliverability_weekly
        group by mailbox_provider
        order by 2 desc, mailbox_provider
        """
    )
    assert page.providers.select("mailbox_provider", "sent", "bounce_rate").rows() == [
        (provider, sent, pytest.approx(rate)) for provider, sent, rate in expected.iter_rows()
    ]
    assert page.weeks["sent"].sum() == page.provider_weeks["sent"].sum() == expected[:, 1].sum()


def test_bounce_reasons_add_up_to_the_bounces_with_what_they_are_about(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch)
    assert page.bounce_reasons["messages"].sum() == page.total["bounced"].item() > 0
    assert page.bounce_reasons["share"].sum() == pytest.approx(1)
    about = dict(page.bounce_reasons.select("reason", "subject").iter_rows())
    assert about["452 4.2.2 Mailbox full"] == "2"
    assert about["550 5.1.1 User unknown"] == "1"
    assert "<bdi>Network and routing</bdi>" in page.reasons().markup


def test_without_delivery_reports_each_number_says_why_it_is_missing(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with warehouse.connect(build_database(sample_warehouse)) as connection:
        counts = connection.sql(
            "select metric from core.dim_metrics where kind = 'count' and family is not null"
        ).fetchall()
    nothing = ", ".join(f"{name} = null" for (name,) in counts)
    path = copy(
        sample_warehouse,
        tmp_path,
        f"""
        update marts.deliverability_weekly
        set {nothing}, delivery_availability = 'not_reported', open_availability = 'not_tracked',
            click_availability = 'not_supported'
        """,
    )
    page = load(path, monkeypatch)
    assert "es-value" not in page.rates().markup
    why = "the sending service doesn&#39;t report delivery"
    assert page.rates().markup.count(f"Not measured: {why}") == 5
    assert page.trends().markup.count("no rate") == 5
    assert "Not measured<sup>1</sup>" in page.by_provider().markup
    assert "Delivery: The sending service" in page.by_provider_and_week().markup
    assert f"Not measured: {why}" in page.reasons().markup
    assert "What became of them isn&#39;t reported." in page.header().markup


def test_weeks_without_mail_say_which_to_choose(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch, start_date="2020-01-01", end_date="2020-01-31")
    for piece in pieces(page):
        assert "No email was sent in these weeks." in piece
        assert "from 30 Jun 2025 to 29 Jun 2026" in piece


def test_without_any_mail_it_says_so(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = copy(sample_warehouse, tmp_path, "delete from marts.deliverability_weekly")
    for piece in pieces(load(path, monkeypatch)):
        assert "Nothing was sent in these data." in piece


def test_the_calendars_last_day_is_in_its_last_week(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch, end_date="9999-12-31")
    assert str(page.period.end) == "9999-12-31"
    assert str(page.period.start) == "9999-11-29"
    assert all(pieces(page))


def test_the_highest_week_says_which_weeks_are_left_out(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch)
    assert page.weeks.sort("week").row(-1, named=True)["sent"] < 100
    assert "(1 week of fewer than 100 emails left out)" in page.trends().markup
