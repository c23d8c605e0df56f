"""Values as read from Parquet to values as the contract types them.

"A blank text (empty, or only white space) is null in every column." "A column whose type can be
cast without loss is cast (an int id, a date, an ISO-8601 string)". Each cast gives the value, or
``None`` for null, and raises ``UncastableError`` for what can't be cast.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Row = dict[str, Any]

# The Unicode property White_Space, in the form of a regular expression's character class.
WHITE_SPACE = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
BYTE_ORDER_MARK = "\ufeff"

_AROUND = re.compile(rf"\A[{WHITE_SPACE}{BYTE_ORDER_MARK}]+|[{WHITE_SPACE}{BYTE_ORDER_MARK}]+\Z")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_TIMESTAMP = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"([T ](?P<minute>[0-9]{2}:[0-9]{2})(:(?P<second>[0-9]{2})(\.(?P<fraction>[0-9]+))?)?"
    r"(?P<zone>Z|[+-][0-9]{2}(:?[0-9]{2})?| [A-Za-z]+(/[A-Za-z_]+)*)?)?"
)
_FLAGS = dict.fromkeys(["true", "t", "1", "yes", "y"], True) | dict.fromkeys(
    ["false", "f", "0", "no", "n"], False
)
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+(\.0*)?")
_WEIGHT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_MONEY_LIMIT = Decimal(10) ** 16


class UncastableError(ValueError):
    """A value that isn't of its column's type."""


def to_text(value: object) -> str | None:
    """Text, without white space around it; blank is null."""
    if value is None:
        return None
    return _AROUND.sub("", str(value)) or None


def to_enumeration(value: object) -> str | None:
    """One of a few words, compared "after trimming and lower-casing"."""
    text = to_text(value)
    return text.lower() if text else None


def to_currency(value: object) -> str | None:
    """A currency's code, "trimmed, upper case"."""
    text = to_text(value)
    return text.upper() if text else None


def to_flag(value: object) -> bool | None:
    """True or false, in the words that databases use for them."""
    word = to_enumeration(value)
    if word is None:
        return None
    if word not in _FLAGS:
        raise UncastableError(word)
    return _FLAGS[word]


def to_number(value: object) -> Decimal | None:
    """An exact decimal; not-a-number and infinity are no numbers."""
    text = to_text(value)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise UncastableError(text)
    return Decimal(text)


def to_money(value: object) -> Decimal | None:
    """An amount: a number that ``decimal(18,2)`` has room for."""
    number = to_number(value)
    if number is not None and abs(number) >= _MONEY_LIMIT:
        raise UncastableError(str(value))
    return number


def to_days(value: object) -> int | None:
    """A whole number of days, 1 to 60."""
    return _to_whole_number(value, 1, 60)


def to_plan(value: object) -> int | None:
    """How many contacts are planned: a whole number, at least 1."""
    return _to_whole_number(value, 1, 2**63 - 1)


def _to_whole_number(value: object, least: int, most: int) -> int | None:
    text = to_text(value)
    if text is None:
        return None
    if not _WHOLE_NUMBER.fullmatch(text) or not least <= int(text.split(".")[0]) <= most:
        raise UncastableError(text)
    return int(text.split(".")[0])


def to_shares(value: object) -> str | None:
    """A weight of more than 0 for each of several arms, `control=10,email=90`."""
    text = to_text(value)
    for share in text.split(",") if text else []:
        arm, _, weight = share.partition("=")
        number = to_text(weight) or ""
        if not to_text(arm) or not _WEIGHT.fullmatch(number) or not Decimal(number):
            raise UncastableError(text)
    return text


def to_timestamp(value: object) -> datetime | None:
    """A naive UTC time: "with an offset or a zone they are converted, not cut"."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if value is not None and not isinstance(value, str):
        raise UncastableError(f"{value} is a number, not a time")
    text = to_text(value)
    if text is None:
        return None
    match = _TIMESTAMP.fullmatch(text)
    if not match:
        raise UncastableError(text)
    clock = f"{match['minute'] or '00:00'}:{match['second'] or '00'}"
    microseconds = (match["fraction"] or "").ljust(6, "0")[:6]
    try:
        moment = datetime.fromisoformat(f"{match['day']}T{clock}.{microseconds}")
        zone = _zone(match["zone"] or "Z")
        return moment.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, ZoneInfoNotFoundError) as error:
        raise UncastableError(text) from error


def _zone(text: str) -> tzinfo:
    if text == "Z":
        return UTC
    if text[0] == " ":
        return ZoneInfo(text[1:])
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


CASTS: dict[str, Callable[[object], Any]] = {
    "text": to_text,
    "enumeration": to_enumeration,
    "currency": to_currency,
    "flag": to_flag,
    "number": to_number,
    "money": to_money,
    "time": to_timestamp,
    "days": to_days,
    "plan": to_plan,
    "shares": to_shares,
}


def is_blank(value: object) -> bool:
    """Null, or a text of nothing but white space."""
    return value is None or (isinstance(value, str) and to_text(value) is None)


def nulls_last(values: list[Any]) -> tuple[tuple[Any, ...], ...]:
    """A sort key whose smallest has a value where another has null."""
    return tuple((1,) if value is None else (0, value) for value in values)


def nulls_first(values: list[Any]) -> tuple[tuple[Any, ...], ...]:
    """A sort key whose greatest has a value where another has null."""
    return tuple((0,) if value is None else (1, value) for value in values)
