"""A length of time on the command line: ``30s``, ``5m``, ``2h``, ``1d``."""

import re
from datetime import timedelta

import click

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Duration(click.ParamType[timedelta]):
    """A number and its unit; click ends with exit code 2 where it is neither."""

    name = "duration"

    def convert(
        self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Return the length of time."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(\d{1,6})([smhd])", value.strip().lower(), re.ASCII)
        if not found:
            self.fail(f"{value!r} is no length of time: write 30s, 5m, 2h or 1d.", param, ctx)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
