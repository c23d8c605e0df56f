"""The parameters of a report: declared twice, converted strictly, judged before a kernel starts.

The notebook's parameters cell holds the defaults (so that plain papermill works), and
``notebooks/reports.yml`` says what each may be; ``check_notebook`` holds the two together.
"""

import ast
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

import duckdb
from pydantic import BaseModel, ConfigDict, Field, model_validator

from email_statistics.errors import UsageError, suggest
from email_statistics.reports.period import choose_period

Value = bool | int | str
"""What a notebook is given: a plain literal. A date is ISO text; empty text means "not given"."""

SourceType = Literal["campaign", "workflow", "bulk"]

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class _Parameter(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    help: str
    default: Value

    @model_validator(mode="after")
    def _has_a_good_default(self) -> Self:
        self.check(self.default)
        return self

    def parse(self, text: str) -> Value:
        """Return what ``text`` of the command line means; ``ValueError`` says what to give."""
        return self.check(text)

    def check(self, value: Value) -> Value:
        """Return ``value`` if the parameter may have it; ``ValueError`` says what to give."""
        if not isinstance(value, str):
            raise ValueError("give text")
        return value


class Text(_Parameter):
    """Any text."""

    type: Literal["text"]
    default: str


class Integer(_Parameter):
    """A whole number."""

    type: Literal["integer"]
    default: int
    minimum: int
    maximum: int

    def parse(self, text: str) -> Value:
        """Read digits, with a sign or without."""
        return self.check(int(text) if _INTEGER.fullmatch(text) else text)

    def check(self, value: Value) -> Value:
        """Refuse what is not a whole number, or out of bounds."""
        if type(value) is not int or not self.minimum <= value <= self.maximum:
            raise ValueError(f"give a whole number from {self.minimum} to {self.maximum}")
        return value


class Boolean(_Parameter):
    """True or false."""

    type: Literal["boolean"]
    default: bool

    def parse(self, text: str) -> Value:
        """Read ``true`` or ``false``."""
        return self.check({"true": True, "false": False}.get(text, text))

    def check(self, value: Value) -> Value:
        """Refuse what is neither true nor false."""
        if not isinstance(value, bool):
            raise ValueError("give true or false")
        return value


class Date(_Parameter):
    """A day, as ISO text; empty text, where that is the default, means "not given"."""

    type: Literal["date"]
    default: str

    def check(self, value: Value) -> Value:
        """Refuse what is no day, but empty text where that is the default."""
        problem = "give a date such as 2026-01-31"
        if not isinstance(value, str):
            raise ValueError(f"{problem}, in quotes")
        if value == "" == self.default:
            return value
        if not _DATE.fullmatch(value):
            raise ValueError(problem)
        try:
            date.fromisoformat(value)
        except ValueError as error:
            raise ValueError(f"{problem} ({error})") from error
        return value


class Choice(_Parameter):
    """One of a few words."""

    type: Literal["choice"]
    choices: Annotated[list[str], Field(min_length=1)]
    default: str

    def check(self, value: Value) -> Value:
        """Refuse what is none of the choices."""
        if value not in self.choices:
            raise ValueError(f"give one of {', '.join(self.choices)}")
        return value


class EmailSourceId(_Parameter):
    """The id of an email source; empty text means the most recent one of the type.

    Its type is ``source_type``, or what the parameter named by ``source_type_from`` says.
    """

    type: Literal["email_source_id"]
    default: Literal[""]
    source_type: SourceType | None = None
    source_type_from: str | None = None

    @model_validator(mode="after")
    def _has_one_type(self) -> Self:
        if (self.source_type is None) == (self.source_type_from is None):
            raise ValueError("give either source_type or source_type_from")
        return self


class OrderId(_Parameter):
    """The id of an order; empty text means one that the report chooses."""

    type: Literal["order_id"]
    default: Literal[""]


class AttributionPolicies(_Parameter):
    """Names of attribution policies, with commas between; empty text means none."""

    type: Literal["attribution_policies"]
    default: str


Parameter = Annotated[
    Text | Integer | Boolean | Date | Choice | EmailSourceId | OrderId | AttributionPolicies,
    Field(discriminator="type"),
]


def policy_names(text: str) -> list[str]:
    """Return the names of a list with commas between, each once."""
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def resolve(
    report: str,
    declared: Mapping[str, Parameter],
    fixed: Mapping[str, Value],
    given: Mapping[str, str],
) -> dict[str, Value]:
    """Give each parameter its value: its default, or what the report fixes, or what was ``given``.

    Raises ``UsageError`` where one that was given is unknown or can't have that value.
    """
    values = {name: parameter.default for name, parameter in declared.items()} | dict(fixed)
    for name, text in given.items():
        if name not in declared:
            raise UsageError(
                f"Report '{report}' has no parameter '{name}': {suggest(name, declared)}"
            )
        try:
            values[name] = declared[name].parse(text)
        except ValueError as error:
            raise UsageError(
                f"Parameter '{name}' of report '{report}' can't be {text!r}: {error}."
            ) from error
    return values


def check_notebook(notebook: Path, declared: Mapping[str, Parameter]) -> None:
    """Compare the parameters cell of a notebook with what ``notebooks/reports.yml`` declares.

    papermill takes an unknown parameter with a warning, so a name that only one of the two knows
    would change nothing in the report. Raises ``UsageError`` where they differ.
    """
    # Takes seconds, and only this function of the module needs it.
    from papermill import inspect_notebook

    if not notebook.is_file():
        raise UsageError(f"There is no notebook {notebook}: write it or correct reports.yml.")
    try:
        found = inspect_notebook(literal_path(notebook))
    except ValueError as error:
        raise UsageError(f"{notebook} is not a notebook that can be run: {error}.") from error
    for name in sorted(found.keys() ^ declared.keys()):
        place = "reports.yml" if name in found else "its cell tagged 'parameters'"
        raise UsageError(f"Parameter '{name}' of {notebook} is missing in {place}: declare it.")
    for name, parameter in declared.items():
        try:
            default = ast.literal_eval(found[name]["default"])
        except (SyntaxError, ValueError) as error:
            raise UsageError(
                f"Parameter '{name}' of {notebook} is not a plain literal: give it one."
            ) from error
        if type(default) is not type(parameter.default) or default != parameter.default:
            raise UsageError(
                f"Parameter '{name}' of {notebook} is {default!r} there and "
                f"{parameter.default!r} in reports.yml: make them equal."
            )


def literal_path(path: Path) -> str:
    """Write ``path`` for papermill, which fills in {names} in it."""
    return str(path).replace("{", "{{").replace("}", "}}")


def check_period(
    declared: Mapping[str, Parameter], values: Mapping[str, Value], last_day: date
) -> None:
    """Raise ``UsageError`` where the days of a report make no period (an end before a start).

    ``last_day`` is the last day of the data. A report without these four parameters has no period.
    """
    if declared.keys() >= {"start_date", "end_date", "last_days", "as_of"}:
        last_days = declared["last_days"]
        has_whole_life = isinstance(last_days, Integer) and last_days.minimum == 0
        choose_period(
            start_date=str(values["start_date"]),
            end_date=str(values["end_date"]),
            last_days=int(values["last_days"]),
            as_of=str(values["as_of"]),
            last_day=last_day,
            first_day=last_day if has_whole_life else None,
        )


def check_email_sources(
    report: str,
    declared: Mapping[str, Parameter],
    values: Mapping[str, Value],
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """Raise ``UsageError`` where an id is not that of an email source of the type asked for.

    ``connection`` is to the warehouse that the report will read.
    """
    for name, parameter in declared.items():
        email_source_id = values[name]
        if not isinstance(parameter, EmailSourceId) or email_source_id == parameter.default:
            continue
        source_type = parameter.source_type or values[str(parameter.source_type_from)]
        problem = f"Parameter '{name}' of report '{report}' can't be {email_source_id!r}"
        types = connection.execute(
            "select email_source_type from core.dim_email_sources where email_source_id = $id",
            {"id": email_source_id},
        ).fetchall()
        if types and types[0][0] != source_type:
            raise UsageError(f"{problem}: that is a {types[0][0]}, give the id of a {source_type}.")
        if not types:
            near = connection.execute(
                """
                select email_source_id
                from core.dim_email_sources
                where email_source_type = $type
                order by jaro_winkler_similarity(email_source_id, $id) desc, email_source_id
                limit 1
                """,
                {"id": email_source_id, "type": source_type},
            ).fetchall()
            advice = f"did you mean '{near[0][0]}'?" if near else "and there is none at all."
            raise UsageError(f"{problem}: no {source_type} has that id, {advice}")


def check_attribution(
    report: str,
    declared: Mapping[str, Parameter],
    values: Mapping[str, Value],
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """Raise ``UsageError`` where a policy or an order that is asked for isn't in the warehouse.

    ``connection`` is to the warehouse that the report will read.
    """
    for name, parameter in declared.items():
        problem = f"Parameter '{name}' of report '{report}' can't be {values[name]!r}"
        if isinstance(parameter, AttributionPolicies):
            known = [
                policy
                for (policy,) in connection.execute(
                    "select attribution_policy from core.dim_attribution_policies order by 1"
                ).fetchall()
            ]
            for policy in policy_names(str(values[name])):
                if policy not in known:
                    raise UsageError(
                        f"{problem}: no policy is {policy!r}, {suggest(policy, known)}"
                    )
        elif isinstance(parameter, OrderId) and values[name] != parameter.default:
            found = connection.execute(
                "select count(*) from core.fct_conversions "
                "where conversion_type = 'order' and conversion_id = $id",
                {"id": values[name]},
            ).fetchall()
            if not found[0][0]:
                raise UsageError(
                    f"{problem}: no paid order has that id; `email-stats trace` tells of any id."
                )
