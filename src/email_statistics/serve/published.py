"""The published file as the live site reads it: which one it is, and what was asked of it."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TypeVar

from email_statistics import warehouse

Answer = TypeVar("Answer")

_REMEMBERED = 300


def version() -> str:
    """Return what tells the published file from the one before it.

    Raises ``WarehouseError`` where nothing is published.
    """
    about = warehouse.location().stat()
    return f"{about.st_ino:x}-{about.st_mtime_ns:x}"


def remembered(ask: Callable[[Mapping[str, str]], Answer]) -> Callable[[Mapping[str, str]], Answer]:
    """Ask the same thing of the same published file only once; the latest answers are kept."""
    answers: OrderedDict[tuple[object, ...], Answer] = OrderedDict()
    lock = Lock()

    def answer(given: Mapping[str, str]) -> Answer:
        key = (version(), *sorted(given.items()))
        with lock:
            if key in answers:
                answers.move_to_end(key)
                return answers[key]
        found = ask(given)
        with lock:
            answers[key] = found
            while len(answers) > _REMEMBERED:
                answers.popitem(last=False)
        return found

    return answer
