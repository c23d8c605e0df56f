"""The forms of reports, made from the parameters that their notebooks declare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from email_statistics.errors import UsageError
from email_statistics.reports.ask.contact_lists import OUTCOMES
from email_statistics.reports.ask.parameters import Value
from email_statistics.reports.ask.sources import TYPES
from email_statistics.reports.run import parameters
from email_statistics.reports.run.registry import Registry
from email_statistics.reports.run.site import Subject
from email_statistics.reports.words.period import Period, choose_period
from email_statistics.reports.words.reasons import named

PERIODS = {
    "7": "Last 7 days",
    "30": "Last 30 days",
    "90": "Last 90 days",
    "month": "This month",
    "life": "Whole life of the email",
    "own": "Own dates",
}
"""What may be chosen as the days of a page."""

EMAIL = "email_source_id"
EXPERIMENT = "experiment_id"
_LABELS = {
    "policies": "Policies to compare with",
    "conversion_id": "One order, by its id",
    "top_min_delivered": "Rank rates of campaigns with so many delivered",
}
"""What a parameter is asked for by, where its name doesn't say it."""
_OF_DAYS = ("start_date", "end_date", "last_days", "as_of")


@dataclass(frozen=True)
class Field:
    """One control of a form: a choice where it has ``choices`` (value and text), else an input."""

    name: str
    label: str
    value: str
    choices: Sequence[tuple[str, str]] = ()
    type: str = "text"
    note: str = ""


@dataclass(frozen=True)
class Known:
    """What a report can be about: the data's emails, experiments by id and name, policies."""

    emails: Sequence[Subject]
    experiments: Sequence[tuple[str, str]]
    policies: Sequence[str]


@dataclass(frozen=True)
class ReportForm:
    """The controls of a report; ``periods`` are empty where it has no days."""

    name: str
    title: str
    shows: str
    fields: Sequence[Field]
    periods: Sequence[tuple[str, str]]
    period: str


def report_form(
    registry: Registry, name: str, known: Known, given: Mapping[str, str]
) -> ReportForm:
    """Make the form of a report; ``given`` are values in place of its defaults."""
    report = registry.reports[name]
    declared = {**parameters.defaults(registry.notebook(name)), **report.parameters}
    has_days = declared.keys() >= set(_OF_DAYS)
    has_life = declared.get("last_days") == 0
    return ReportForm(
        name,
        report.title,
        report.shows,
        [
            _field(one, value, given, known, report.for_each)
            for one, value in declared.items()
            if one not in _OF_DAYS
        ],
        [one for one in PERIODS.items() if has_days and (has_life or one[0] != "life")],
        given.get("period") or ("life" if has_life else str(declared.get("last_days", ""))),
    )


def _field(
    name: str, default: Value, given: Mapping[str, str], known: Known, kind: str | None
) -> Field:
    value = given.get(name, str(default))
    label = _LABELS.get(name) or named(name.removesuffix("_id"))
    if name == EMAIL:
        choices = [(one.id, one.name) for one in known.emails if kind in (None, one.type)]
        return Field(name, "Email", value, choices)
    if name == EXPERIMENT:
        return Field(name, "Experiment", value, known.experiments)
    if name == "metric":
        return Field(name, label, value, [(one, named(one)) for one in OUTCOMES])
    if name == "source_type":
        return Field(name, label, value, [(one, named(text)) for one, text in TYPES.items()])
    if isinstance(default, bool):
        return Field(name, label, value.lower(), [("true", "Yes"), ("false", "No")])
    if name == "policies":
        note = f"With commas between, of {', '.join(known.policies)}."
        return Field(name, label, value, note=note)
    return Field(name, label, value, type="number" if isinstance(default, int) else "text")


def report_parameters(form: ReportForm, given: Mapping[str, str], last_day: date) -> dict[str, str]:
    """Return the parameters that a filled-in form means.

    Raises ``UsageError`` where the days are none.
    """
    values = {field.name: given.get(field.name, field.value).strip() for field in form.fields}
    return values | (days_as_parameters(given, last_day) if form.periods else {})


def days_as_parameters(given: Mapping[str, str], last_day: date) -> dict[str, str]:
    """Return the chosen days as parameters of a report."""
    period = given.get("period", "")
    if period == "own":
        return {"start_date": given.get("start", ""), "end_date": given.get("end", "")}
    if period == "month":
        return {"start_date": last_day.replace(day=1).isoformat(), "end_date": ""}
    if period == "life":
        return {"last_days": "0"}
    if period in PERIODS:
        return {"last_days": period}
    raise UsageError(f"There are no days {period!r}: choose them from the list.")


def chosen_period(
    given: Mapping[str, str], last_day: date, first_day: date | None = None
) -> Period:
    """Return the days that a form of the live site means.

    ``first_day`` is the first of the whole life, where it can be chosen. Raises ``UsageError``.
    """
    days: dict[str, Any] = {"start_date": "", "end_date": "", "last_days": 30}
    days |= days_as_parameters({"period": "30", **given}, last_day)
    days["last_days"] = int(days["last_days"])
    return choose_period(**days, as_of="", last_day=last_day, first_day=first_day)
