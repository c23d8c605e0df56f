"""What makes starting dbt and Great Expectations cheaper, within what Python offers for it."""

import gc
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector from running while the block does.

    Imports, a project and its nodes make objects by the hundred thousand that stay. The collector
    would look through all of them again and again, for a tenth of the time, and once more as the
    process ends. So what the block leaves is put aside: a process that goes on calls ``let_go``.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def let_go() -> None:
    """Free the memory of what ``uncollected`` blocks have left and nobody needs."""
    gc.unfreeze()
    gc.collect()


class _Later(ModuleType):
    """Stands for a module until something in it is used."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.__name__), name)


def put_off(package: str, module: str) -> None:
    """Have ``from package import module`` load the module only where something in it is used.

    One that is loaded already stays as it is. Raises ``ModuleNotFoundError`` without ``package``.
    """
    parent = importlib.import_module(package)
    if module not in vars(parent):
        setattr(parent, module, _Later(f"{package}.{module}"))
