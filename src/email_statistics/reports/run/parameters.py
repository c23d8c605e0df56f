"""The parameters of a notebook, judged before a kernel starts.

Its parameters cell declares them: name, default (whose type is the parameter's), and in a comment
what it is. The page of the same name says by the types of its ``load`` what each may be.
"""

import ast
import importlib
import importlib.util
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from email_statistics.errors import UsageError, suggest
from email_statistics.reports.ask.parameters import (
    Checked,
    Truth,
    Value,
    check,
    model_of,
    whole_number,
)
from email_statistics.reports.words.period import choose_period

_PAGES = "email_statistics.reports.pages"
_DATES = ("start_date", "end_date", "last_days", "as_of")


def literal_path(path: Path) -> str:
    """Write ``path`` for papermill, which fills in {names} in it."""
    return str(path).replace("{", "{{").replace("}", "}}")


def defaults(notebook: Path) -> dict[str, Value]:
    """Read the parameters of a notebook with their defaults, in the order of its cell.

    Raises ``UsageError`` where it can't be read or a default isn't a plain literal.
    """
    # Takes most of a second, and only this function needs it.
    from papermill import inspect_notebook

    if not notebook.is_file():
        raise UsageError(f"There is no notebook {notebook}: write it or correct reports.yml.")
    try:
        found = inspect_notebook(literal_path(notebook))
    except ValueError as error:
        raise UsageError(f"{notebook} is not a notebook that can be run: {error}.") from error
    return {name: _literal(notebook, name, one["default"]) for name, one in found.items()}


def _literal(notebook: Path, name: str, text: str) -> Value:
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        value = None
    if not isinstance(value, Value):
        raise UsageError(
            f"Parameter '{name}' of {notebook} is not a plain literal: give it text, a whole "
            "number, True or False."
        )
    return value


def resolve(
    report: str, declared: Mapping[str, Value], given: Mapping[str, Value]
) -> dict[str, Value]:
    """Give each parameter its value: what was ``given``, else its default.

    Raises ``UsageError`` where one that was given is unknown.
    """
    for name in given:
        if name not in declared:
            raise UsageError(
                f"Report '{report}' has no parameter '{name}': {suggest(name, declared)}"
            )
    return {**declared, **given}


def typed(
    report: str, notebook: Path, declared: Mapping[str, Value], values: Mapping[str, Value]
) -> dict[str, Value]:
    """Return the values with their types, after the page of the notebook has judged them.

    A notebook that no page belongs to takes any value of its default's type. Ids are looked up in
    the published warehouse. Raises ``UsageError`` where a value can't be.
    """
    page = _page(notebook.stem)
    if page is not None:
        return page.check(values, report)
    types = {name: _type_of(default) for name, default in declared.items()}
    return check(model_of(types), values, report)


def _page(name: str) -> Checked[..., object] | None:
    if importlib.util.find_spec(f"{_PAGES}.{name}") is None:
        return None
    load = getattr(importlib.import_module(f"{_PAGES}.{name}"), "load", None)
    return load if isinstance(load, Checked) else None


def _type_of(default: Value) -> Any:
    if isinstance(default, bool):
        return Truth
    return Annotated[int, whole_number()] if isinstance(default, int) else str


def check_period(values: Mapping[str, Value], last_day: date) -> None:
    """Raise ``UsageError`` where the days of a report make no period (an end before a start).

    ``last_day`` is the last day of the data. A report without these four parameters has no period.
    """
    if values.keys() >= set(_DATES):
        start, end, last_days, as_of = (values[name] for name in _DATES)
        choose_period(str(start), str(end), int(last_days), str(as_of), last_day, last_day)
