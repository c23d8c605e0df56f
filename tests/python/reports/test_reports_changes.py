"""A number beside that of the period before: by how much, and where that can't be said."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from email_statistics.reports.words.changes import Before, Change, change
from email_statistics.reports.words.metrics import Metric
from email_statistics.reports.words.period import Period

MAY = Period(date(2026, 5, 2), date(2026, 5, 31), "")


def metric(name: str, kind: str = "count", unit: str = "messages") -> Metric:
    below = "delivered" if kind == "rate" else None
    return Metric(name, name, "", kind, None, below, unit, "open", None, None)


def changed(
    one: Metric, now: Any, then: Any, statuses_now: str = "measured", statuses: str = "measured"
) -> Change | None:
    before = Before(MAY, {one.metric: then, "recipients": 1}, {"open": [statuses]})
    return change(one, now, before, {"open": [statuses_now]}, "USD")


@pytest.mark.parametrize(
    ("one", "now", "then", "expected"),
    [
        (metric("opened"), 112, 100, Change("up", "12.0% from 100", True)),
        (metric("opened"), 90, 100, Change("down", "10.0% from 100", False)),
        (metric("opened"), 100, 100, Change("same", "As before")),
        (metric("opened"), 83, 4, Change("up", "from 4 (20.8 times)", True)),
        (metric("opened"), 3, 0, Change("up", "from 0", True)),
        (metric("sent"), 112, 100, Change("up", "12.0% from 100", None)),
        (metric("unsubscribed"), 3, 4, Change("down", "25.0% from 4", True)),
        (metric("complaint_rate", "rate"), 0.003, 0.001,
         Change("up", "0.2 points from 0.10%", False)),
        (metric("open_rate", "rate"), 0.5, 0.48, Change("up", "2.0 points from 48.0%", True)),
        (metric("revenue", "money", "reporting currency"), Decimal("15.00"), Decimal("10.00"),
         Change("up", "50.0% from 10.00\N{NO-BREAK SPACE}USD", True)),
    ],
)  # fmt: skip
def test_a_change_says_by_how_much_from_what_and_whether_that_is_good(
    one: Metric, now: Any, then: Any, expected: Change
) -> None:
    assert changed(one, now, then) == expected


@pytest.mark.parametrize(("now", "then"), [(None, 3), (3, None)])
def test_what_is_measured_once_only_is_not_comparable(now: Any, then: Any) -> None:
    found = changed(metric("opened"), now, then)
    assert found is not None and found.text.startswith("Not comparable")


def test_a_count_is_not_comparable_where_other_things_were_measured_and_a_rate_is() -> None:
    count = changed(metric("opened"), 3, 4, statuses="not_tracked")
    assert count is not None and count.direction == "unknown"
    rate = changed(metric("open_rate", "rate"), 0.3, 0.4, statuses="not_tracked")
    assert rate is not None and rate.direction == "down"


def test_what_is_never_measured_has_no_change() -> None:
    assert changed(metric("opened"), None, None) is None


def test_the_period_before_has_as_many_days_and_ends_the_day_before() -> None:
    before = Period(date(2026, 6, 1), date(2026, 6, 30), "").before
    assert before is not None and (before.start, before.end) == (MAY.start, MAY.end)
    assert Period(date(1, 1, 5), date(1, 1, 30), "").before is None
