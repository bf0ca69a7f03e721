"""What MintPy loads or waits for without need, done without: a run begins sooner, products stay what they are.

Imported only inside a run's process, before MintPy is.
"""

from __future__ import annotations

import gc
import importlib
import sys
import time
from types import ModuleType, SimpleNamespace
from typing import Any

__all__ = ["RARELY_USED", "import_later", "settle_memory", "skip_pauses"]

RARELY_USED = ("pyresample", "scipy.stats")
"""What MintPy imports for data in radar coordinates, with all of dask and xarray, and to simulate noise."""


def import_later(*names: str) -> None:
    """Let modules be imported when something of them is used, for the sake of those that never use it."""
    for name in names:
        if name not in sys.modules:
            sys.modules[name] = _Later(name)


class _Later(ModuleType):
    """Stands for a module until something is asked of it."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def skip_pauses() -> None:
    """Spare the second after each series whose date of reference changes.

    MintPy waits for times of files to differ, by which its commands tell what is up to date. A run goes by its own
    record, and by nanoseconds.
    """
    import mintpy.reference_date  # noqa: PLC0415 - MintPy has to be there

    mintpy.reference_date.time = SimpleNamespace(time=time.time, sleep=lambda _seconds: None)


def settle_memory() -> None:
    """Spare the collector of garbage from going through all that was imported, again and again."""
    gc.collect()
    gc.freeze()
