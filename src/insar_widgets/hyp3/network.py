"""Pairs of dates and the network they form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np

__all__ = ["Network", "Pair", "days_between", "invert_bperps"]


@dataclass(frozen=True, order=True)
class Pair:
    """Reference and secondary date of an interferogram, `YYYYMMDD`."""

    reference: str
    secondary: str

    @property
    def date12(self) -> str:
        """`YYYYMMDD_YYYYMMDD`, as MintPy writes a pair."""
        return f"{self.reference}_{self.secondary}"

    @property
    def days(self) -> int:
        """Days from reference to secondary, negative if the reference is the later one."""
        return days_between(self.reference, self.secondary)

    def __str__(self) -> str:
        return self.date12


@dataclass(frozen=True)
class Network:
    """The graph of a stack: dates are nodes, pairs are edges.

    Parameters
    ----------
    pairs
        Each pair once, sorted.
    bperp
        Perpendicular baseline of each pair in metres, in the order of `pairs`.
    """

    pairs: tuple[Pair, ...]
    bperp: tuple[float, ...]

    @cached_property
    def dates(self) -> tuple[str, ...]:
        """Every date once, `YYYYMMDD`, sorted."""
        return tuple(sorted({date for pair in self.pairs for date in (pair.reference, pair.secondary)}))

    @cached_property
    def components(self) -> list[list[str]]:
        """Parts that no pair connects with each other: lists of dates, the largest part first."""
        root = {date: date for date in self.dates}

        def find(date: str) -> str:
            while root[date] != date:
                root[date] = root[root[date]]
                date = root[date]
            return date

        for pair in self.pairs:
            root[find(pair.reference)] = find(pair.secondary)
        parts: dict[str, list[str]] = {}
        for date in self.dates:
            parts.setdefault(find(date), []).append(date)
        return sorted(parts.values(), key=lambda part: (-len(part), part))

    @cached_property
    def _degrees(self) -> Counter[str]:
        return Counter(date for pair in self.pairs for date in (pair.reference, pair.secondary))

    def degree(self, date: str) -> int:
        """Count the pairs a date takes part in; 0 for a date that is not in the network."""
        return self._degrees[date]

    @property
    def span(self) -> tuple[str, str] | None:
        """First and last date, None without pairs."""
        return (self.dates[0], self.dates[-1]) if self.pairs else None

    @cached_property
    def bperps(self) -> dict[str, float]:
        """Perpendicular baseline of each date in metres, relative to the first date of its part."""
        return invert_bperps(self)


def days_between(first: str, last: str) -> int:
    """Days from one `YYYYMMDD` to another."""
    return (datetime.strptime(last, "%Y%m%d") - datetime.strptime(first, "%Y%m%d")).days


def invert_bperps(network: Network) -> dict[str, float]:
    """Solve the pairs' perpendicular baselines for one per date, metres, by least squares.

    A pair's baseline is the secondary's minus the reference's. The first date of each connected part is zero:
    baselines of different parts cannot be compared.
    """
    result: dict[str, float] = {}
    for part in network.components:
        index = {date: column for column, date in enumerate(part)}
        rows = [
            (pair, b) for pair, b in zip(network.pairs, network.bperp, strict=True) if pair.reference in index
        ]
        design = np.zeros((len(rows), len(part)))
        for row, (pair, _) in enumerate(rows):
            design[row, index[pair.secondary]] += 1.0
            design[row, index[pair.reference]] -= 1.0
        values = np.zeros(len(part))
        if len(part) > 1:
            values[1:] = np.linalg.lstsq(design[:, 1:], np.array([b for _, b in rows]), rcond=None)[0]
        result |= dict(zip(part, values.tolist(), strict=True))
    return dict(sorted(result.items()))


def unique_pairs(pairs: Iterable[tuple[Pair, float]]) -> Network:
    """Build a network in which each pair occurs once, with the baseline met first."""
    first: dict[Pair, float] = {}
    for pair, bperp in pairs:
        first.setdefault(pair, bperp)
    ordered = sorted(first)
    return Network(tuple(ordered), tuple(first[pair] for pair in ordered))
