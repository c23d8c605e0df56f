"""What makes starting dbt and Great Expectations cheaper, within what Python offers for it."""

import gc
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@contextmanager
def uncollected() -> Iterator[None]:
    """Switch the garbage collector off for the block.

    dbt's imports, project and nodes are hundreds of thousands of objects that stay. Each round of
    the collector would check all of them: a tenth of the time. It would check them once more when
    the process ends, so it skips them after the block too, until ``free_memory`` is called.
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
    """Delete the garbage of ``uncollected`` blocks: a process that runs for long calls this."""
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
