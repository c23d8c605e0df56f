"""Which days a report is about."""

from datetime import date

import pytest

from email_statistics.errors import UsageError
from email_statistics.reports.words.period import Period, choose_period

LAST_DAY = date(2026, 6, 30)


def chosen(
    start_date: str = "", end_date: str = "", last_days: int = 30, as_of: str = ""
) -> Period:
    return choose_period(start_date, end_date, last_days, as_of, LAST_DAY)


def test_by_default_it_is_the_last_30_days_of_the_data() -> None:
    period = chosen()
    assert (period.start, period.end, period.days) == (date(2026, 6, 1), LAST_DAY, 30)
    assert period.chosen == "30 days up to the last day of the data"


def test_last_days_counts_both_ends() -> None:
    assert chosen(last_days=1) == Period(LAST_DAY, LAST_DAY, "1 day up to the last day of the data")


def test_as_of_moves_the_end_and_the_page_says_so() -> None:
    period = chosen(as_of="2026-05-15", last_days=7)
    assert (period.start, period.end) == (date(2026, 5, 9), date(2026, 5, 15))
    assert "as-of date, 15 May 2026" in period.chosen


def test_given_days_win_over_last_days_and_as_of() -> None:
    period = chosen("2026-01-01", "2026-01-31", last_days=7, as_of="2026-05-15")
    assert (period.start, period.end, period.chosen) == (
        date(2026, 1, 1),
        date(2026, 1, 31),
        "The dates asked for",
    )


def test_a_start_alone_reaches_to_the_default_end() -> None:
    assert chosen("2026-02-03").end == LAST_DAY
    assert chosen("2026-02-03", as_of="2026-03-01").end == date(2026, 3, 1)


def test_last_days_counts_back_from_a_given_end() -> None:
    period = chosen(end_date="2026-03-31", last_days=31)
    assert (period.start, period.end) == (date(2026, 3, 1), date(2026, 3, 31))


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"start_date": "31.01.2026"}, "start_date can't be '31.01.2026'"),
        ({"end_date": "2026-02-30"}, "end_date can't be '2026-02-30'"),
        ({"as_of": "yesterday"}, "as_of can't be 'yesterday'"),
        ({"last_days": 0}, "last_days can't be 0"),
        ({"last_days": 10**9}, "last_days can't be 1000000000"),
        ({"start_date": "2026-02-02", "end_date": "2026-02-01"}, "2026-02-02 is after the end"),
        ({"start_date": "2026-07-01"}, "2026-07-01 is after the end, 2026-06-30"),
    ],
)
def test_wrong_input_ends_with_a_sentence(parameters: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        chosen(**parameters)  # type: ignore[arg-type]  # one parameter of any type


def test_no_last_days_are_the_whole_life_where_a_page_has_one() -> None:
    first = date(2025, 7, 8)
    period = choose_period("", "", 0, "", LAST_DAY, first)
    assert (period.start, period.end) == (first, LAST_DAY)
    assert period.chosen == "Its whole life, from its first message to the last day of the data"
    assert choose_period("", "", 7, "", LAST_DAY, first).days == 7
    assert choose_period("2026-01-01", "", 0, "", LAST_DAY, first).start == date(2026, 1, 1)
    before = choose_period("", "2025-01-01", 0, "", LAST_DAY, first)
    assert (before.start, before.end) == (date(2025, 1, 1), date(2025, 1, 1))
