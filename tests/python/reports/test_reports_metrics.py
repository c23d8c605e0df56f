"""Numbers on a page: how rates are formed, judged, worded, and what stands for none."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from email_statistics.reports.words import formats
from email_statistics.reports.words.figures import Figure, figure
from email_statistics.reports.words.metrics import (
    FAMILIES,
    Availability,
    Metric,
    verdict,
    why_not_measured,
    with_ratios,
)


def metric(name: str, kind: str = "count", **values: Any) -> Metric:
    given: dict[str, Any] = {
        "label": name.replace("_", " ").capitalize(),
        "definition": f"What {name} means.",
        "numerator": None,
        "denominator": None,
        "unit": "messages",
        "family": None,
        "benchmark": None,
        "benchmark_direction": None,
    }
    return Metric(metric=name, kind=kind, **given | values)


METRICS = {
    each.metric: each
    for each in (
        metric("delivered", family="delivery"),
        metric("sent_reported", family="delivery"),
        metric("orders"),
        metric("revenue", "money", unit="reporting currency"),
        metric(
            "delivered_rate",
            "rate",
            numerator="delivered",
            denominator="sent_reported",
            family="delivery",
            benchmark=0.9,
            benchmark_direction="at_least",
        ),
        metric(
            "hard_bounce_rate",
            "rate",
            numerator="delivered",
            denominator="sent_reported",
            benchmark=0.02,
            benchmark_direction="below",
        ),
        metric(
            "average_order_value",
            "average",
            unit="reporting currency",
            numerator="revenue",
            denominator="orders",
        ),
    )
}
MEASURED: Availability = {family: ["measured"] for family in FAMILIES}


def row(
    delivered: int | None = 9,
    sent_reported: int | None = 10,
    orders: int = 3,
    revenue: str = "10.00",
) -> dict[str, Any]:
    sums = pl.DataFrame(
        {
            "delivered": [delivered],
            "sent_reported": [sent_reported],
            "orders": [orders],
            "revenue": [Decimal(revenue)],
        },
        schema_overrides={"delivered": pl.Int64, "sent_reported": pl.Int64},
    )
    return with_ratios(sums, METRICS).row(0, named=True)


def worded(name: str, values: dict[str, Any], availability: Availability = MEASURED) -> Figure:
    return figure(METRICS[name], values, METRICS, availability, "USD")


def test_rates_and_averages_are_ratios_of_sums_and_never_rounded() -> None:
    formed = row(delivered=1, sent_reported=3)
    assert formed["delivered_rate"] == 1 / 3
    assert formed["average_order_value"] == 10 / 3


@pytest.mark.parametrize(("delivered", "sent"), [(0, 0), (None, 10), (None, None), (5, None)])
def test_a_rate_is_null_without_a_denominator_or_a_numerator(
    delivered: int | None, sent: int | None
) -> None:
    assert row(delivered, sent)["delivered_rate"] is None


def test_a_measured_zero_stays_a_zero() -> None:
    assert row(delivered=0)["delivered_rate"] == 0
    assert worded("delivered", row(delivered=0)).text == "0"


def test_a_benchmark_from_below_is_met_at_its_bound() -> None:
    good = verdict(METRICS["delivered_rate"], 0.9)
    bad = verdict(METRICS["delivered_rate"], 0.8999)
    assert good and good.is_met and good.text == "Good: at least 90%"
    assert bad and not bad.is_met and bad.text == "Low: aim for at least 90%"


def test_a_benchmark_from_above_is_not_met_at_its_bound() -> None:
    good = verdict(METRICS["hard_bounce_rate"], 0.0199)
    bad = verdict(METRICS["hard_bounce_rate"], 0.02)
    assert good and good.is_met and good.text == "Good: under 2%"
    assert bad and not bad.is_met and bad.text == "High: keep it under 2%"


def test_nothing_is_judged_without_a_benchmark_or_a_number() -> None:
    assert verdict(METRICS["average_order_value"], 12.0) is None
    assert verdict(METRICS["delivered_rate"], None) is None


def test_a_rate_says_what_it_is_made_of() -> None:
    assert worded("delivered_rate", row()).made_of == "9 of 10 sent reported"
    assert worded("average_order_value", row()).made_of == "10.00\xa0USD from 3 orders"


def test_what_is_not_measured_says_why_and_is_never_0() -> None:
    outside: Availability = {**MEASURED, "delivery": ["not_reported"]}
    shown = worded("delivered", row(delivered=None), outside)
    assert shown.text is None
    assert shown.missing == "Not measured: the sending service doesn't report delivery"
    assert worded("delivered_rate", row(None, None), outside).missing == shown.missing


def test_a_rate_of_nothing_says_so_instead_of_not_measured() -> None:
    assert worded("delivered_rate", row(0, 0)).missing == "No rate: 0 sent reported"


def test_all_reasons_are_told_where_sources_differ() -> None:
    clicks = metric("clicked", family="click")
    mixed: Availability = {**MEASURED, "click": ["not_supported", "not_tracked"]}
    assert why_not_measured(clicks, mixed) == (
        "click tracking doesn't support A/B test and RSS campaigns; "
        "the campaign's Track Clicks or the domain's click tracking was off, or the sending domain "
        "isn't dedicated"
    )


def test_a_rate_of_two_families_tells_the_reason_of_the_missing_one() -> None:
    open_rate = metric("open_rate", "rate", family="open")
    outside: Availability = {**MEASURED, "delivery": ["not_reported"]}
    assert why_not_measured(open_rate, outside) == ("the sending service doesn't report delivery")
    assert "measured for none" in why_not_measured(
        open_rate, {**MEASURED, "open": ["partly_measured"]}
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0%"), (1.0, "100%"), (0.3416, "34.2%"), (0.0081, "0.81%"), (0.00042, "0.042%")],
)
def test_rates_are_percent_with_sensible_decimals(value: float, text: str) -> None:
    assert formats.rate(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1234567.80"), "1,234,567.80\xa0EUR"),
        (0.0042, "0.0042\xa0EUR"),
        (Decimal(0), "0.00\xa0EUR"),
        (Decimal("-12.30"), "-12.30\xa0EUR"),
    ],
)
def test_money_has_separators_and_its_currency(value: Decimal | float, text: str) -> None:
    assert formats.money(value, "EUR") == text


def test_days_and_times_are_written_out_with_their_zone() -> None:
    assert formats.days(date(2026, 10, 24), date(2026, 11, 22)) == "24 Oct \N{EN DASH} 22 Nov 2026"
    assert (
        formats.days(date(2025, 12, 31), date(2026, 1, 1)) == "31 Dec 2025 \N{EN DASH} 1 Jan 2026"
    )
    assert formats.days(date(2026, 1, 1), date(2026, 1, 1)) == "1 Jan 2026"
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert formats.moment(noon, ZoneInfo("Europe/Berlin")) == "1 Jul 2026, 14:00 CEST"
