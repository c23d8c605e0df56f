"""What a page may be asked: types for the parameters of its ``load``, checked by pydantic.

Names and defaults are those of the notebook's parameters cell. Empty text means "not given".
"""

import inspect
import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import update_wrapper
from typing import Annotated, Any, Generic, ParamSpec, TypeVar, get_type_hints

import polars as pl
from pydantic import (
    AfterValidator,
    BaseModel,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    create_model,
)

from email_statistics.errors import UsageError, suggest
from email_statistics.reports.ask.contact_lists import OUTCOMES
from email_statistics.reports.ask.queries import asking
from email_statistics.reports.ask.sources import TYPES

Value = bool | int | str
"""What a notebook is given: a plain literal. A date is ISO text."""

P = ParamSpec("P")
T = TypeVar("T")


def whole_number(least: int | None = None, most: int | None = None) -> PlainValidator:
    """Take a whole number, or its digits, within these bounds."""
    bounds = "" if least is None else f" from {least} to {most}"

    def check(value: object) -> int:
        if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,18}", value):
            value = int(value)
        if (
            not isinstance(value, int)
            or isinstance(value, bool)
            or (least is not None and value < least)
            or (most is not None and value > most)
        ):
            raise ValueError(f"give a whole number{bounds}")
        return value

    return PlainValidator(check)


def _truth(value: object) -> bool:
    found = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise ValueError("give true or false")
    return found


def _day(text: str) -> str:
    if text and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError("give a date such as 2026-01-31")
    try:
        date.fromisoformat(text or "2000-01-01")
    except ValueError as error:
        raise ValueError(f"give a date such as 2026-01-31 ({error})") from error
    return text


def _one_of(*choices: str) -> AfterValidator:
    def check(text: str) -> str:
        if text not in choices:
            near = suggest(text, choices)
            raise ValueError(
                near if near.startswith("did") else f"give one of {', '.join(choices)}"
            )
        return text

    return AfterValidator(check)


def _is_source(email_source_type: str, email_source_id: str) -> str:
    if not email_source_id:
        return ""
    with asking() as asked:
        known = asked("shared/similar_sources", id=email_source_id)
    exact = known.filter(pl.col("email_source_id") == email_source_id)["email_source_type"]
    near = known.filter(pl.col("email_source_type") == email_source_type)["email_source_id"]
    if exact.is_empty():
        advice = f"did you mean '{near[0]}'?" if len(near) else "and there is none at all"
        raise ValueError(f"no {email_source_type} has that id, {advice}")
    if exact[0] != email_source_type:
        raise ValueError(f"that is a {exact[0]}, give the id of a {email_source_type}")
    return email_source_id


def _id_of(email_source_type: str) -> AfterValidator:
    return AfterValidator(lambda text: _is_source(email_source_type, text))


def _is_source_of_its_type(text: str, info: ValidationInfo) -> str:
    # A type that isn't allowed is the error to report.
    return _is_source(info.data["source_type"], text) if "source_type" in info.data else text


def _are_policies(text: str) -> str:
    with asking() as asked:
        known = asked("attribution/policies")["name"].to_list()
    for name in policy_names(text):
        if name not in known:
            raise ValueError(f"no policy is {name!r}, {suggest(name, known)}")
    return text


def _is_order(conversion_id: str) -> str:
    if conversion_id:
        with asking() as asked:
            found = asked("attribution/is_order", id=conversion_id)
        if found.is_empty():
            raise ValueError("no paid order has that id; `email-stats trace` finds any id")
    return conversion_id


def _is_experiment(experiment_id: str) -> str:
    if experiment_id:
        with asking() as asked:
            known = asked("shared/experiments")["experiment_id"].to_list()
        if experiment_id not in known:
            raise ValueError(f"no experiment has that id, {suggest(experiment_id, known)}")
    return experiment_id


Truth = Annotated[bool, PlainValidator(_truth)]
Day = Annotated[str, AfterValidator(_day)]
LastDays = Annotated[int, whole_number(1, 36_600)]
LastDaysOrAll = Annotated[int, whole_number(0, 36_600)]
"""0 is the whole life of what the page shows."""
Count = Annotated[int, whole_number(0, 1_000_000_000)]
ListedMetric = Annotated[str, _one_of(*OUTCOMES)]
SourceType = Annotated[str, _one_of(*TYPES)]
CampaignId = Annotated[str, _id_of("campaign")]
WorkflowActionId = Annotated[str, _id_of("workflow")]
BulkSendId = Annotated[str, _id_of("bulk")]
SourceIdOfType = Annotated[str, AfterValidator(_is_source_of_its_type)]
"""An id of the type that the parameter ``source_type`` has, which stands before it."""
Policies = Annotated[str, AfterValidator(_are_policies)]
"""Names of attribution policies, with commas between."""
OrderId = Annotated[str, AfterValidator(_is_order)]
ExperimentId = Annotated[str, AfterValidator(_is_experiment)]


def policy_names(text: str) -> list[str]:
    """Return the names of a list with commas between, each once."""
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


class Checked(Generic[P, T]):
    """A page's ``load``, called only with what the types of its parameters allow."""

    def __init__(self, load: Callable[P, T]) -> None:
        """The types of ``load`` are its parameters' declarations."""
        update_wrapper(self, load)
        self._load = load
        types = get_type_hints(load, include_extras=True)
        self._model = model_of({name: types[name] for name in inspect.signature(load).parameters})

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Load the page.

        Raises ``UsageError`` for parameters that aren't allowed and ``WarehouseError`` where
        nothing is published.
        """
        given = inspect.signature(self._load).bind(*args, **kwargs).arguments
        return self._load(**self.check(given))  # type: ignore[arg-type, call-arg]  # bound above

    def check(self, given: Mapping[str, Any], report: str = "") -> dict[str, Value]:
        """Return the values of ``given`` with their types.

        Raises ``UsageError``, one sentence, where one can't be; ``report`` is whose they are.
        """
        return check(self._model, given, report)


def model_of(types: Mapping[str, Any]) -> type[BaseModel]:
    """Make a model that has exactly these parameters."""
    fields: dict[str, Any] = {name: (its_type, ...) for name, its_type in types.items()}
    return create_model("Parameters", __config__={"extra": "forbid"}, **fields)


def check(model: type[BaseModel], given: Mapping[str, Any], report: str) -> dict[str, Value]:
    """Validate ``given`` by ``model``; see ``Checked.check``."""
    try:
        return model.model_validate(dict(given)).model_dump()
    except ValidationError as error:
        problem = error.errors()[0]
    name = str(problem["loc"][0])
    subject = f"Parameter '{name}' of report '{report}'" if report else name
    if problem["type"] in ("missing", "extra_forbidden"):
        what = "is missing" if problem["type"] == "missing" else "is unknown"
        raise UsageError(f"{subject} {what}: compare the notebook's parameters with load().")
    expected = "give text" if problem["type"] == "string_type" else problem["msg"]
    expected = expected.removeprefix("Value error, ")
    end = "" if expected.endswith(("?", ".")) else "."
    raise UsageError(f"{subject} can't be {problem['input']!r}: {expected}{end}")
