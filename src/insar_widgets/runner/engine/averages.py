"""Averages of a stack over time, slab by slab instead of all at once: the same values in a third of the memory.

Imported only where MintPy is: in a run's process.
"""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
from mintpy.objects import ifgramStack
from mintpy.utils import ptime
from numpy.typing import NDArray

__all__ = ["Averages"]

_SLAB = 64 << 20  # bytes that are read at once


class Averages:
    """Puts our average in the place of MintPy's: the same values, to the last bit."""

    def __init__(self) -> None:
        self._original = ifgramStack.temporal_average

    def install(self) -> None:
        """From now on MintPy uses it."""
        original = self._original

        def temporal_average(
            stack: Any,
            datasetName: str | None = "coherence",  # noqa: N803 - MintPy's name
            dropIfgram: bool = True,  # noqa: N803
            **how: Any,
        ) -> NDArray[np.float32]:
            stack.open(print_msg=False)
            name = datasetName or "coherence"
            kept = np.flatnonzero(stack.dropIfgram) if dropIfgram else np.arange(stack.numIfgram)
            with h5py.File(stack.file, "r") as file:
                usual = name in file and file[name].dtype == np.float32
            if not len(kept) or not usual:
                print(f"the average of {name} is left to MintPy's own function", flush=True)  # noqa: T201
                return original(stack, datasetName, dropIfgram, **how)  # type: ignore[no-any-return]
            print(f"calculate the temporal average of {name} in file {stack.file} ...", flush=True)  # noqa: T201
            return _average(stack, name, kept)

        ifgramStack.temporal_average = temporal_average

    def remove(self) -> None:
        """From now on it is MintPy's own again."""
        ifgramStack.temporal_average = self._original


def _average(stack: Any, name: str, kept: NDArray[np.int64]) -> NDArray[np.float32]:
    """Average of the kept layers without NaN, added one by one in float32 as numpy does; of phases, m/year."""
    rates = _rates(stack) if "unwrapPhase" in name else None
    with h5py.File(stack.file, "r") as file:
        data = file[name]
        total = np.zeros(data.shape[1:], np.float32)
        count = np.zeros(data.shape[1:], np.int64)
        deep = data.chunks[0] if data.chunks else 1
        step = max(deep, _SLAB // (4 * total.size) // deep * deep)
        reference = data[:, stack.refY, stack.refX] if rates is not None and _has_reference(stack) else None
        bar = ptime.progressBar(maxValue=data.shape[0])
        for begin in range(0, data.shape[0], step):
            end = min(begin + step, data.shape[0])
            here = kept[(kept >= begin) & (kept < end)]
            if not len(here):
                continue
            slab = data[begin:end]
            for k in here:
                layer = slab[k - begin]
                if rates is not None:
                    if reference is not None:
                        layer -= reference[k]
                    layer *= rates[k]
                valid = ~np.isnan(layer)
                np.add(total, layer, out=total, where=valid)
                count += valid
            bar.update(end, suffix=f"{end}/{data.shape[0]} pairs")
        bar.close()
    with np.errstate(invalid="ignore", divide="ignore"):
        np.divide(total, count, out=total, casting="unsafe")
    return total


def _rates(stack: Any) -> NDArray[np.float64]:
    """From radians to metres a year, of each pair."""
    years = np.array(stack.tbaseIfgram, dtype=np.float64) / 365.25
    rates: NDArray[np.float64] = -1 * float(stack.metadata["WAVELENGTH"]) / (4.0 * np.pi) / years
    return rates


def _has_reference(stack: Any) -> bool:
    inside = ((stack.refY, stack.width), (stack.refX, stack.length))  # MintPy's own bounds
    return all(place is not None and 0 <= place <= bound for place, bound in inside)
