"""The year of the sample, and when people are awake. Times are microseconds since 1970, UTC."""

from datetime import UTC, datetime, timedelta

import numpy as np

from email_statistics.sample.arrays import Bools, Floats, Ints, whole

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    """Return a naive UTC moment as microseconds since 1970."""
    return (moment.replace(tzinfo=UTC) - _EPOCH) // MICROSECOND


YEAR_START = datetime(2025, 7, 1)
YEAR_END = datetime(2026, 7, 1)  # nothing happens at or after it: the lake was taken then
LAST_MOMENT = micros(YEAR_END) - 1

# How likely somebody reads mail at each hour of their own day.
_AWAKE = np.array(
    [
        *(0.10, 0.05, 0.03, 0.03, 0.05, 0.15, 0.45, 0.80, 1.00, 1.00, 0.95, 0.90),
        *(1.00, 0.90, 0.80, 0.80, 0.85, 0.90, 0.95, 1.00, 0.95, 0.80, 0.55, 0.25),
    ]
)
_WORK_STARTS = 7 * HOUR
_SATURDAY = 5


def when_awake(moment: Ints, offset: Ints, at_work: Bools, accept: Floats, later: Floats) -> Ints:
    """Move moments of sleep to the next morning, and a company's weekend mostly to Monday.

    `offset` is the reader's distance from UTC in microseconds; `accept` and `later` are uniform
    numbers that decide whether and how far. All shapes are equal. Never moves a moment back.
    """
    local = moment + offset
    day, time_of_day = local // DAY, local % DAY
    hour = time_of_day // HOUR
    asleep = accept > _AWAKE[hour]
    morning = day + (time_of_day >= _WORK_STARTS)
    day = np.where(asleep, morning, day)
    weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
    off_work = at_work & (weekday >= _SATURDAY) & (later < 0.8)
    day = np.where(off_work, day + 7 - weekday, day)
    new_time = _WORK_STARTS + whole(later, 3 * HOUR) // 1000 * 1000
    return np.where(asleep | off_work, day * DAY + new_time, local) - offset
