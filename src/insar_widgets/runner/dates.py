"""Dates without data: named, never passed over in silence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from insar_widgets.errors import RunError

__all__ = ["MOST_DATES", "Tell", "connected_dates", "refuse_missing_dates", "some_dates", "span_of"]

MOST_DATES = 12
"""That many dates are written out in a sentence."""


class Tell(Protocol):
    """Takes what is to be shown: progress (fraction 0 to 1 and label) and warnings."""

    def progress(self, fraction: float, label: str) -> None: ...

    def warning(self, message: str) -> None: ...


def refuse_missing_dates(wanted: Iterable[str], found: Iterable[str], what: str, remedy: str) -> None:
    """Raise :class:`RunError` that names the dates without data, which MintPy leaves as they are."""
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


def connected_dates(pairs: Iterable[str]) -> list[list[str]]:
    """Groups of dates that interferograms (``YYYYMMDD_YYYYMMDD``) join, each sorted, the earliest first."""
    group_of: dict[str, set[str]] = {}
    for pair in pairs:
        first, second = pair.split("_")
        joined = group_of.get(first, {first}) | group_of.get(second, {second})
        group_of |= dict.fromkeys(joined, joined)
    return sorted(sorted(group) for group in {id(group): group for group in group_of.values()}.values())


def span_of(dates: Sequence[str]) -> str:
    """First and last date, and how many they are."""
    return f"{dates[0]} to {dates[-1]} ({len(dates)})" if len(dates) > 1 else dates[0]
