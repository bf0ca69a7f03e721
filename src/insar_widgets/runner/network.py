"""Rules that drop pairs of a network, as ``mintpy.network.*`` has them, and what is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import minimum_spanning_tree

from insar_widgets.errors import TemplateError
from insar_widgets.hyp3.network import Network, Pair
from insar_widgets.runner._template_values import dates_in, pairs_in

__all__ = ["NetworkRules", "Selection", "select_pairs"]

_KEY = "mintpy.network."


@dataclass(frozen=True)
class NetworkRules:
    """What drops pairs; None and empty drop nothing.

    Attributes
    ----------
    min_coherence : least mean coherence of a pair, 0 to 1.
    keep_tree : whether pairs of the minimum spanning tree stay although their coherence is too low.
    max_days : longest time between the dates of a pair.
    max_bperp : largest absolute perpendicular baseline, m.
    max_connections : pairs of a date with so many next dates at most.
    start, end : first and last date to use, YYYYMMDD.
    months : months (1 to 12) whose dates are not used, such as those of snow.
    exclude_dates, exclude_pairs : by hand; pairs as YYYYMMDD_YYYYMMDD.
    """

    min_coherence: float | None = None
    keep_tree: bool = True
    max_days: float | None = None
    max_bperp: float | None = None
    max_connections: int | None = None
    start: str | None = None
    end: str | None = None
    months: frozenset[int] = frozenset()
    exclude_dates: frozenset[str] = frozenset()
    exclude_pairs: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.min_coherence is not None and not 0 <= self.min_coherence <= 1:
            raise TemplateError(f"The least coherence is a number from 0 to 1, not {self.min_coherence:g}.")
        for name, value in (("longest time", self.max_days), ("largest baseline", self.max_bperp)):
            if value is not None and not value > 0:
                raise TemplateError(f"The {name} must be above 0, not {value:g}.")
        if self.max_connections is not None and self.max_connections < 1:
            raise TemplateError(f"The number of connections must be 1 or more, not {self.max_connections}.")
        if wrong := [month for month in self.months if month not in range(1, 13)]:
            raise TemplateError(f"Months are numbers from 1 to 12, not {wrong[0]}.")

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> NetworkRules:
        """The rules of a template's effective options; lists of indices and reference files are not rules here."""

        def text(name: str) -> str:
            value = options.get(f"{_KEY}{name}")
            return "" if value in {None, False, "auto", "no"} else str(value)

        def number(name: str) -> float | None:
            value = text(name)
            return float(value) if value and value != "inf" else None

        connections = number("connNumMax")
        return cls(
            min_coherence=number("minCoherence")
            if options.get(f"{_KEY}coherenceBased") in (True, "yes")
            else None,
            keep_tree=options.get(f"{_KEY}keepMinSpanTree") not in (False, "no"),
            max_days=number("tempBaseMax"),
            max_bperp=number("perpBaseMax"),
            max_connections=None if connections is None else int(connections),
            start=next(iter(dates_in(text("startDate"))), None),
            end=next(iter(dates_in(text("endDate"))), None),
            exclude_dates=frozenset(dates_in(text("excludeDate"))),
            exclude_pairs=frozenset(pairs_in(text("excludeDate12"))),
        )

    def to_options(self, pairs: Sequence[Pair]) -> dict[str, str]:
        """The rules as values of ``mintpy.network.*``; ``auto`` where a rule drops nothing.

        MintPy has no rule for months: the dates of `pairs` in them are listed by name.
        """
        dates = {date for pair in pairs for date in (pair.reference, pair.secondary)}
        seasonal = {date for date in dates if int(date[4:6]) in self.months}

        def plain(value: float | int | str | None) -> str:
            return "auto" if value is None else f"{value:g}" if isinstance(value, float) else str(value)

        return {
            f"{_KEY}coherenceBased": "auto" if self.min_coherence is None else "yes",
            f"{_KEY}minCoherence": plain(self.min_coherence),
            f"{_KEY}keepMinSpanTree": "auto" if self.keep_tree else "no",
            f"{_KEY}tempBaseMax": plain(self.max_days),
            f"{_KEY}perpBaseMax": plain(self.max_bperp),
            f"{_KEY}connNumMax": plain(self.max_connections),
            f"{_KEY}startDate": plain(self.start),
            f"{_KEY}endDate": plain(self.end),
            f"{_KEY}excludeDate": ",".join(sorted(self.exclude_dates | seasonal)) or "auto",
            f"{_KEY}excludeDate12": ",".join(sorted(self.exclude_pairs)) or "auto",
        }

    def toggled_date(self, date: str) -> NetworkRules:
        """The rules with a date left out by hand, or taken back in."""
        return replace(self, exclude_dates=self.exclude_dates ^ {date})

    def toggled_pair(self, pair: str) -> NetworkRules:
        """The rules with a pair left out by hand, or taken back in."""
        return replace(self, exclude_pairs=self.exclude_pairs ^ {pair})


@dataclass(frozen=True)
class Selection:
    """What rules leave of a network of N pairs.

    Attributes
    ----------
    pairs : all pairs.
    reasons : why each is dropped; empty for those that stay.
    tree : (N,) pairs of the minimum spanning tree (of 1 / coherence) of what the other rules leave; none without
        coherence.
    """

    pairs: tuple[Pair, ...]
    reasons: tuple[str, ...]
    tree: npt.NDArray[np.bool_] = field(repr=False)

    @cached_property
    def kept(self) -> npt.NDArray[np.bool_]:
        """(N,) whether the pair stays."""
        return np.array([not reason for reason in self.reasons], bool)

    @cached_property
    def network(self) -> Network:
        """The pairs that stay."""
        left = tuple(pair for pair, stays in zip(self.pairs, self.kept, strict=True) if stays)
        return Network(left, (0.0,) * len(left))

    @property
    def parts(self) -> list[list[str]]:
        """Groups of dates that the pairs that stay connect, the largest first; one group is what is wanted."""
        return self.network.components

    def redundancy(self, date: str) -> int:
        """How many pairs a date keeps."""
        return self.network.degree(date)


def select_pairs(
    pairs: Sequence[Pair],
    bperp: Sequence[float],
    rules: NetworkRules,
    coherence: Sequence[float] | None = None,
) -> Selection:
    """Apply rules to a network as MintPy's ``modify_network`` does.

    Parameters
    ----------
    pairs
        N pairs in the stack's order.
    bperp
        (N,) perpendicular baselines, m.
    rules
        What drops pairs.
    coherence
        (N,) mean coherence; without it the rule on coherence drops nothing.
    """
    places = {d: i for i, d in enumerate(sorted({d for p in pairs for d in (p.reference, p.secondary)}))}
    reasons = [_reason(pair, base, rules, places) for pair, base in zip(pairs, bperp, strict=True)]
    tree = np.zeros(len(pairs), bool)
    if coherence is not None:
        known = np.asarray(coherence, float)
        tree = _tree(pairs, [not reason for reason in reasons], known, places)
        if rules.min_coherence is not None:
            for i, value in enumerate(known):
                if not reasons[i] and not value >= rules.min_coherence and not (rules.keep_tree and tree[i]):
                    reasons[i] = f"coherence {value:.2f} < {rules.min_coherence:g}"
    return Selection(tuple(pairs), tuple(reasons), tree)


def _reason(pair: Pair, bperp: float, rules: NetworkRules, places: Mapping[str, int]) -> str:
    dates = sorted((pair.reference, pair.secondary))
    apart = abs(places[pair.secondary] - places[pair.reference])
    out = [f"{date} left out" for date in dates if date in rules.exclude_dates]
    out += [f"{date} in a month left out" for date in dates if int(date[4:6]) in rules.months]
    limits = (
        (pair.date12 in rules.exclude_pairs, "left out by hand"),
        (bool(out), "".join(out[:1])),
        (dates[0] < (rules.start or ""), f"before {rules.start}"),
        (dates[1] > (rules.end or "9"), f"after {rules.end}"),
        (abs(pair.days) > (rules.max_days or np.inf), f"{abs(pair.days)} days > {rules.max_days or 0:g}"),
        (abs(bperp) > (rules.max_bperp or np.inf), f"|bperp| {abs(bperp):.0f} m > {rules.max_bperp or 0:g}"),
        (apart > (rules.max_connections or np.inf), f"{apart} dates apart > {rules.max_connections}"),
    )
    return next((words for dropped, words in limits if dropped), "")


def _tree(
    pairs: Sequence[Pair], left: Sequence[bool], coherence: npt.NDArray[np.float64], places: Mapping[str, int]
) -> npt.NDArray[np.bool_]:
    """Pairs of the minimum spanning tree of 1 / coherence among those that are left."""
    used = [i for i, stays in enumerate(left) if stays and coherence[i] > 0]
    rows = np.array([places[pairs[i].reference] for i in used], np.int64)
    columns = np.array([places[pairs[i].secondary] for i in used], np.int64)
    graph = coo_matrix((1 / coherence[used], (rows, columns)), shape=(len(places), len(places)))
    chosen = minimum_spanning_tree(graph).tocoo()
    edges = set(zip(chosen.row.tolist(), chosen.col.tolist(), strict=True))
    tree = np.zeros(len(pairs), bool)
    for i, row, column in zip(used, rows.tolist(), columns.tolist(), strict=True):
        tree[i] = (row, column) in edges or (column, row) in edges
    return tree
