"""Marks each test by what it uses, so that nobody has to: ``unit``, ``build`` or ``browser``.

A test uses what its code names, and what is named by the fixtures and the tests' own functions and
classes that it names, and so on. Code below ``src`` isn't followed: a test of the command line is a
unit test as long as it runs in the test's own process.
"""

import inspect
import subprocess
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType
from typing import Any

import pytest
from dbt.cli.main import dbtRunner
from helpers.browser import chromium
from helpers.support import PROJECT_ROOT

_TESTS = str(PROJECT_ROOT / "tests")


def mark_by_use(items: Iterable[pytest.Item]) -> None:
    """Give each test its marker.

    ``browser`` opens Chromium; ``build`` runs dbt or starts another process, or reads what one
    built; ``unit`` is all else.
    """
    for item in items:
        used = _used(item)
        if id(chromium) in used:
            item.add_marker("browser")
        elif used & {id(subprocess), id(dbtRunner)}:
            item.add_marker("build")
        else:
            item.add_marker("unit")


def _used(item: pytest.Item) -> set[int]:
    """The ids of all objects that a test names, directly or through what it names."""
    waiting: list[object] = []
    if isinstance(item, pytest.Function):
        waiting.append(item.function)
        for fixtures in item._fixtureinfo.name2fixturedefs.values():
            waiting += [fixture.func for fixture in fixtures]
    seen: set[int] = set()
    while waiting:
        for function in _functions_of_tests(waiting.pop()):
            for named in _named(function):
                if id(named) not in seen:
                    seen.add(id(named))
                    waiting.append(named)
    return seen


def _functions_of_tests(thing: object) -> Iterator[FunctionType]:
    """The function, or the methods of the class, if the tests define it."""
    if isinstance(thing, type):
        members = [getattr(member, "fget", member) for member in vars(thing).values()]
    else:
        members = [thing]
    for member in members:
        function = inspect.unwrap(member) if callable(member) else member
        if isinstance(function, FunctionType) and function.__code__.co_filename.startswith(_TESTS):
            yield function


def _named(function: FunctionType) -> list[Any]:
    """The global objects that a function's code names."""
    names = _names(function.__code__) & function.__globals__.keys()
    return [function.__globals__[name] for name in names]


def _names(code: CodeType) -> set[str]:
    nested = [_names(part) for part in code.co_consts if isinstance(part, CodeType)]
    return set(code.co_names).union(*nested)
