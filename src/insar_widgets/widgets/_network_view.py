"""What a NetworkInspector shows, as plain values for its front end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from insar_widgets.errors import TemplateError
from insar_widgets.results import Triplet
from insar_widgets.runner.network import NetworkRules, Selection
from insar_widgets.widgets._network_sources import PairSource

__all__ = ["network", "outcome", "read_rules", "rules", "triplet"]

_NUMBERS = {"min_coherence": float, "max_days": float, "max_bperp": float, "max_connections": int}


def network(
    source: PairSource | None, bperps: Mapping[str, float], coherence: npt.NDArray[np.float64] | None
) -> dict[str, Any]:
    """Dates with their baseline, pairs as indices of dates with baseline, coherence and whether the file keeps them."""
    dates = sorted(bperps)
    place = {date: i for i, date in enumerate(dates)}
    given = source or PairSource((), np.empty(0))
    kept = given.kept
    return {
        "dates": [{"date": date, "bperp": round(bperps[date], 1)} for date in dates],
        "pairs": [
            {
                "name": pair.date12,
                "from": place[pair.reference],
                "to": place[pair.secondary],
                "days": pair.days,
                "bperp": round(float(base), 1),
                "coherence": _finite(coherence[i]) if coherence is not None else None,
                "in_file": bool(kept[i]) if kept is not None else None,
            }
            for i, (pair, base) in enumerate(zip(given.pairs, given.bperp, strict=True))
        ],
        "closure": given.closure is not None,
        "layers": given.layers,
        "missing": given.missing,
        "notes": list(given.notes),
    }


def outcome(selection: Selection, dates: Sequence[str]) -> dict[str, Any]:
    """Why each pair is dropped, which pairs are the tree, how many each date keeps, and the parts."""
    parts = selection.parts if selection.kept.any() else []
    return {
        "reasons": list(selection.reasons),
        "tree": np.flatnonzero(selection.tree).tolist(),
        "redundancy": [selection.redundancy(date) for date in dates],
        "parts": [list(part) for part in parts],
        "kept": int(selection.kept.sum()),
        "lost": [date for date in dates if not selection.redundancy(date)],
    }


def rules(values: NetworkRules) -> dict[str, Any]:
    """The rules as JSON."""
    return {
        "min_coherence": values.min_coherence,
        "keep_tree": values.keep_tree,
        "max_days": values.max_days,
        "max_bperp": values.max_bperp,
        "max_connections": values.max_connections,
        "months": sorted(values.months),
        "exclude_dates": sorted(values.exclude_dates),
        "exclude_pairs": sorted(values.exclude_pairs),
    }


def read_rules(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values that the front end sends, checked.

    Raises
    ------
    TemplateError
        A value is no number.
    """
    read: dict[str, Any] = {}
    for name, value in values.items():
        if name in _NUMBERS:
            try:
                read[name] = None if value in {None, ""} else _NUMBERS[name](value)
            except (TypeError, ValueError) as error:
                raise TemplateError(f"{value!r} is no number.") from error
        elif name == "months":
            read[name] = frozenset(int(month) for month in value)
        elif name == "keep_tree":
            read[name] = bool(value)
        else:
            raise TemplateError(f"There is no rule {name!r}.")
    return read


def triplet(closed: Triplet) -> dict[str, Any]:
    """A triplet as JSON."""
    return {
        "dates": list(closed.dates),
        "wrapped": _finite(closed.wrapped),
        "ambiguous": _finite(closed.ambiguous),
        "pixels": closed.pixels,
    }


def _finite(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
