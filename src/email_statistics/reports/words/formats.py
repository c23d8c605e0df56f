"""Numbers, days and times in words: thousands separators, percent, currency code, zone."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

# Between a number and its unit: never a line's end.
UNIT_SPACE = "\N{NO-BREAK SPACE}"

UNMEASURED = "not measured"
"""What stands in place of a number that isn't known because nothing reports it."""

# Isolates in the text itself would end ours early, or never; other marks end with ours.
_ISOLATES = dict.fromkeys(range(0x2066, 0x206A))


def count(value: int) -> str:
    """``12,345``."""
    return f"{value:,}"


def plural(value: int, noun: str) -> str:
    """``1 day``, ``12,345 days``."""
    return f"{count(value)} {noun}{'' if value == 1 else 's'}"


def rate(value: float) -> str:
    """Write a fraction as percent: ``34.2%``; smaller ones with more decimals: ``0.81%``."""
    if value in (0, 1):
        return f"{value:.0%}"
    return f"{value:.{1 if value >= 0.1 else 2 if value >= 0.001 else 3}%}"


def times(value: float) -> str:
    """``11.7 times``."""
    return f"{value:,.1f} times"


def benchmark(value: float) -> str:
    """Write a benchmark as the guide does: ``90%``, ``0.1%``."""
    return f"{value * 100:g}%"


def money(value: Decimal | float, currency: str) -> str:
    """Write an amount with its currency: ``12,345.67 USD``; below a cent with four decimals."""
    return f"{amount(value)}{UNIT_SPACE}{currency}"


def amount(value: Decimal | float) -> str:
    """Write an amount whose currency stands elsewhere: ``12,345.67``; below a cent ``0.0042``."""
    digits = 4 if 0 < abs(float(value)) < 0.01 else 2
    return f"{value:,.{digits}f}"


def day(value: date) -> str:
    """``24 Oct 2026``."""
    return f"{value.day} {value:%b %Y}"


def step(local: date | datetime) -> str:
    """Write a day, or the hour that begins at a local time: ``24 Oct 2026, 14:00``."""
    return f"{day(local)}, {local:%H:%M}" if isinstance(local, datetime) else day(local)


def days(start: date, end: date) -> str:
    """Write a range of days: ``24 Oct - 22 Nov 2026`` (en dash), both years where they differ."""
    if start == end:
        return day(end)
    first = f"{start.day} {start:%b}" if start.year == end.year else day(start)
    return f"{first} \N{EN DASH} {day(end)}"


def moment(value: datetime, timezone: ZoneInfo) -> str:
    """Write an aware time on the clocks of ``timezone``: ``22 Nov 2026, 14:05 UTC``."""
    local = value.astimezone(timezone)
    return f"{day(local)}, {local:%H:%M %Z}"


def isolated(text: str) -> str:
    """Keep the direction of a text from data its own within a sentence, as ``bdi`` does in markup.

    Isolates in it are removed.
    """
    return f"\N{FIRST STRONG ISOLATE}{text.translate(_ISOLATES)}\N{POP DIRECTIONAL ISOLATE}"
