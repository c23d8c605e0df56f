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
    would look through all of them again and again, for a tenth of the time, and once more when the
    process ends. So it leaves them alone after the block too, until ``free_memory`` is called.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def free_memory() -> None:
    """Collect the garbage of ``uncollected`` blocks, in a process that runs for long."""
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
