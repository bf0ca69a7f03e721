"""Dates without data: named, never dropped in silence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from insar_widgets.errors import RunError

__all__ = ["MOST_DATES", "Tell", "refuse_missing_dates", "some_dates"]

MOST_DATES = 12
"""That many dates are written out in a sentence."""


class Tell(Protocol):
    """Takes what is to be shown: progress (fraction 0 to 1 and label) and warnings."""

    def progress(self, fraction: float, label: str) -> None: ...

    def warning(self, message: str) -> None: ...


def refuse_missing_dates(wanted: Iterable[str], found: Iterable[str], what: str, remedy: str) -> None:
    """Raise :class:`RunError` that names the dates without data; MintPy drops them from the series."""
    wanted = list(wanted)
    missing = sorted(set(wanted) - set(found))
    if missing:
        raise RunError(
            f"{len(missing)} of {len(wanted)} dates have no {what}: {some_dates(missing)}.\n{remedy}"
        )


def some_dates(dates: Sequence[str]) -> str:
    shown = ", ".join(dates[:MOST_DATES])
    more = len(dates) - MOST_DATES
    return f"{shown} and {more} more, all of them in the log" if more > 0 else shown
