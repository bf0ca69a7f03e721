"""Where the pairs of a network come from: a work directory, products, or any dataset along pairs."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insar_widgets.errors import CancelledError, InsarWidgetsError
from insar_widgets.hyp3 import Stack
from insar_widgets.hyp3.network import Pair
from insar_widgets.results import Results, Triplet
from insar_widgets.results.interferograms import close_triplets

__all__ = ["PairSource", "pairs_of_data", "pairs_of_results", "pairs_of_stack"]

Floats = npt.NDArray[np.float64]
Progress = Callable[[float, str], None]
_DIMS = ("pair", "pairs", "date12", "ifg", "interferogram")
_FIRST, _SECOND = ("reference", "reference_date", "date1"), ("secondary", "secondary_date", "date2")
_BPERP = ("bperp", "perp_baseline", "perpendicular_baseline")
_COHERENCE = ("coherence", "corr", "average_coherence", "mean_coherence")
_PHASE = ("unwrapPhase", "unw_phase", "unwrapped_phase", "phase")


@dataclass(frozen=True)
class PairSource:
    """Pairs, and what can be asked of them.

    Attributes
    ----------
    pairs, bperp : N pairs and their perpendicular baselines in metres.
    kept : (N,) whether the stack keeps them now; None where nothing is loaded.
    coherence : computes the mean coherence (N,), with progress and an event that cancels it; None where there is none.
    closure : how the triplets of a pair close; None where there is no phase.
    layers : whether a map can show a pair as the layer ``unwrapPhase-YYYYMMDD_YYYYMMDD``.
    missing : why there is no coherence, in a sentence.
    notes : what was assumed, in sentences.
    """

    pairs: tuple[Pair, ...]
    bperp: Floats
    kept: npt.NDArray[np.bool_] | None = None
    coherence: Callable[[Progress, threading.Event], Floats] | None = None
    closure: Callable[[str, threading.Event], list[Triplet]] | None = None
    layers: bool = False
    missing: str = ""
    notes: tuple[str, ...] = ()


def pairs_of_results(results: Results) -> PairSource:
    """The interferograms that MintPy loaded; the mean coherence is taken over land as MintPy takes it.

    Raises
    ------
    ResultsError
        The work directory has none.
    """
    interferograms = results.interferograms

    def coherence(progress: Progress, cancelled: threading.Event) -> Floats:
        water = results["waterMask"] if "waterMask" in results.layers else None
        return interferograms.mean_coherence(water, progress, cancelled)

    return PairSource(
        tuple(Pair(*name.split("_")) for name in interferograms.pairs),
        interferograms.bperp,
        interferograms.kept,
        coherence,
        lambda pair, cancelled: interferograms.closure(pair, cancelled=cancelled),
        layers=True,
    )


def pairs_of_stack(stack: Stack) -> PairSource:
    """Pairs of products, from their metadata alone."""
    network = stack.network
    return PairSource(
        network.pairs,
        np.array(network.bperp, float),
        missing="Coherence is known once the stack is loaded.",
    )


def pairs_of_data(data: xr.Dataset | xr.DataArray) -> PairSource:
    """Pairs of an ordinary dataset.

    Parameters
    ----------
    data
        Along ``pair``, whose coordinate is ``YYYYMMDD_YYYYMMDD``, or with the dates ``reference`` and ``secondary``.
        Used if there: ``bperp`` (pair), metres; ``coherence`` (pair) or (pair, y, x); ``unwrapPhase`` (pair, y, x),
        radian.

    Raises
    ------
    InsarWidgetsError
        There are no pairs in it, or the dates cannot be read.
    """
    given = data.to_dataset(name=data.name or "coherence") if isinstance(data, xr.DataArray) else data
    dim = next((str(d) for d in given.dims if str(d).lower() in _DIMS), None)
    if dim is None:
        raise InsarWidgetsError(
            f"The data have the dimensions {tuple(map(str, given.dims))}; a network needs 'pair', with coordinates as "
            "20200101_20200113."
        )
    pairs = _pairs(given, dim)
    if len(set(pairs)) < len(pairs):
        twice = next(pair for pair in pairs if pairs.count(pair) > 1)
        raise InsarWidgetsError(f"The pair {twice} is in the data twice; drop one of them.")
    notes = []
    bperp = _named(given, _BPERP, dim)
    if bperp is None or bperp.ndim > 1:
        notes.append("The data have no bperp: all perpendicular baselines are drawn as 0 m.")
        baselines = np.zeros(len(pairs))
    else:
        baselines = np.nan_to_num(np.asarray(bperp.values, float))
    coherence, phase = _named(given, _COHERENCE, dim), _named(given, _PHASE, dim)
    closure = None
    if phase is not None and phase.ndim == 3:
        rasters = phase.assign_coords({dim: [pair.date12 for pair in pairs]}).rename({dim: "pair"})
        rasters = rasters.transpose("pair", ...)

        def closure(pair: str, cancelled: threading.Event) -> list[Triplet]:
            return close_triplets(rasters, pair, cancelled=cancelled)

    return PairSource(
        pairs,
        baselines,
        coherence=None if coherence is None else _mean(coherence.transpose(dim, ...)),
        closure=closure,
        missing="" if coherence is not None else "The data hold no coherence.",
        notes=tuple(notes),
    )


def _named(data: xr.Dataset, names: tuple[str, ...], dim: str) -> xr.DataArray | None:
    known = {str(name).lower(): name for name in data.variables if dim in data[name].dims}
    return next((data[known[name.lower()]] for name in names if name.lower() in known), None)


def _pairs(data: xr.Dataset, dim: str) -> tuple[Pair, ...]:
    first, second = _named(data, _FIRST, dim), _named(data, _SECOND, dim)
    if first is not None and second is not None:
        return tuple(Pair(_day(a), _day(b)) for a, b in zip(first.values, second.values, strict=True))
    if dim not in data.coords:
        raise InsarWidgetsError(
            f"The dimension {dim!r} has no coordinates; give pairs as 20200101_20200113, or the dates reference and "
            "secondary of each."
        )
    found = []
    for value in data[dim].values.tolist():
        ends = re.findall(r"\d{8}|\d{4}-\d{2}-\d{2}", str(value))
        if len(ends) != 2:
            raise InsarWidgetsError(f"{value!r} names no pair of dates; write it as 20200101_20200113.")
        found.append(Pair(_day(ends[0]), _day(ends[1])))
    return tuple(found)


def _day(value: Any) -> str:
    text = str(value).replace("-", "")[:8]
    try:
        np.datetime64(f"{text[:4]}-{text[4:6]}-{text[6:8]}")
    except ValueError as error:
        raise InsarWidgetsError(f"{value!r} is no date; give datetime64 or YYYYMMDD.") from error
    return text


def _mean(coherence: xr.DataArray) -> Callable[[Progress, threading.Event], Floats]:
    """Mean over the pixels with a value, pair by pair: a lazy array is never whole in memory."""

    def compute(progress: Progress, cancelled: threading.Event) -> Floats:
        if coherence.ndim == 1:
            return np.asarray(coherence.values, float)
        means = np.full(coherence.shape[0], np.nan)
        for i in range(means.size):
            if cancelled.is_set():
                raise CancelledError("Cancelled.")
            values = np.asarray(coherence[i].values, float)
            values = values[np.isfinite(values) & (values != 0)]
            if values.size:
                means[i] = values.mean()
            progress((i + 1) / means.size, "mean coherence of the pairs")
        return means

    return compute
