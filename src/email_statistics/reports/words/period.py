"""The date range of a report, from its parameters and the build."""

from dataclasses import dataclass
from datetime import date, timedelta

from email_statistics.errors import UsageError
from email_statistics.reports.words import formats


@dataclass(frozen=True)
class Period:
    """Reporting days, ``start`` and ``end`` included, and in words how they were chosen."""

    start: date
    end: date
    chosen: str

    @property
    def days(self) -> int:
        """How many days there are in it, at least 1."""
        return (self.end - self.start).days + 1

    @property
    def before(self) -> "Period | None":
        """The days of the same number before it; None where the calendar begins later."""
        if (self.start - date.min).days < self.days:
            return None
        days = timedelta(days=self.days)
        return Period(self.start - days, self.end - days, f"The {self.days} days before")


def _parse_day(name: str, text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(
            f"{name} can't be {text!r}: give a day as YYYY-MM-DD, such as 2026-01-31."
        ) from None


def choose_period(
    start_date: str,
    end_date: str,
    last_days: int,
    as_of: str,
    last_day: date,
    first_day: date | None = None,
) -> Period:
    """Find the range that the parameters mean, where "" is "not given" and days are ``YYYY-MM-DD``.

    A given day wins over ``last_days``, which counts back from the end. The end is by default
    ``as_of``, else ``last_day``, the last day of the data. Where a page has a ``first_day``,
    ``last_days`` may be 0: from that day, the whole life of what it shows. Raises ``UsageError``
    for a bad day, ``last_days`` below 1 (or 0) and a start after the end.
    """
    start, end = _parse_day("start_date", start_date), _parse_day("end_date", end_date)
    as_of_day = _parse_day("as_of", as_of)
    is_whole_life = last_days == 0 and first_day is not None
    if last_days < 1 and not is_whole_life:
        raise UsageError(f"last_days can't be {last_days}: give a whole number from 1.")

    if end is not None:
        until = "the end date asked for"
    elif as_of_day is not None:
        until = f"the as-of date, {formats.day(as_of_day)}, instead of the last day of the data"
    else:
        until = "the last day of the data"
    last = end or as_of_day or last_day

    if start is not None:
        chosen = "The dates asked for" if end else f"From the start date asked for to {until}"
    elif is_whole_life and first_day is not None:
        chosen = f"Its whole life, from its first message to {until}"
        start = min(first_day, last)
    else:
        chosen = f"{formats.plural(last_days, 'day')} up to {until}"
        if last_days > (last - date.min).days:
            raise UsageError(f"last_days can't be {last_days}: no date is that long before {last}.")
        start = last - timedelta(days=last_days - 1)
    if start > last:
        raise UsageError(
            f"start_date {start} is after the end, {last}: give an earlier start_date."
        )
    return Period(start, last, chosen)
