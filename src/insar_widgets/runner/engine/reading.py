"""Observations of a patch, read once and made ready for the kernels as they come: what MintPy does in many passes.

Imported only where MintPy is: in a run's process, and in the processes of its dask workers.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from insar_widgets.runner.engine._kernels import BY_COMPONENT, BY_THRESHOLD, UNMASKED, prepare_pair

__all__ = ["Patch", "read_patch"]

_SLAB = 64 << 20  # bytes that are read at once

type _Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Patch:
    """What the interferograms observe in a patch.

    Attributes
    ----------
    obs
        Phase relative to the reference, radians, NaN where there is none, float32 (pair, pixel).
    coherence
        Spatial coherence, float32 (pair, pixel); None if it was not asked for.
    valid
        Number of pairs with a phase at each pixel, int32 (pixel,).
    """

    obs: NDArray[np.float32]
    coherence: NDArray[np.float32] | None
    valid: NDArray[np.int32]


def read_patch(
    file: str,
    box: _Box,
    name: str,
    reference: NDArray[Any],
    *,
    coherence: bool,
    mask: str | None = None,
    threshold: float = 0.0,
) -> Patch:
    """Read the kept interferograms of a patch, as MintPy's ``read_stack_obs`` and ``mask_stack_obs`` together.

    Parameters
    ----------
    file
        The ifgramStack.
    box
        Its part (x0, y0, x1, y1).
    name
        Data set to read.
    reference
        Phase at the reference pixel, radians, (pair,).
    coherence
        Whether the coherence is wanted too.
    mask
        "connectComponent", whose zeros mask a pixel, or "coherence" or "offsetSNR", which do below `threshold`; None
        for no mask.
    threshold
        See `mask`.

    Raises
    ------
    ValueError
        If there is no such mask.
    """
    if mask not in (None, "connectComponent", "coherence", "offsetSNR"):
        raise ValueError(f"Un-recognized mask dataset name: {mask}")
    kind = UNMASKED if mask is None else BY_COMPONENT if mask == "connectComponent" else BY_THRESHOLD
    with h5py.File(file, "r") as stack, ThreadPoolExecutor(1) as reader:
        kept = np.asarray(stack["dropIfgram"][:], np.bool_)
        shape = (int(kept.sum()), (box[2] - box[0]) * (box[3] - box[1]))
        obs = np.empty(shape, np.float32)
        weight = np.empty(shape, np.float32) if coherence else None
        valid = np.zeros(shape[1], np.int32)

        def read(rows: slice) -> NDArray[np.float32]:
            _read_rows(stack[name], kept, rows, box, obs[rows])
            if weight is not None:
                _read_rows(stack["coherence"], kept, rows, box, weight[rows])
            if mask is None:
                return obs[rows]
            if mask == "coherence" and weight is not None:
                return weight[rows]
            values = np.empty((rows.stop - rows.start, shape[1]), np.float32)
            _read_rows(stack[mask], kept, rows, box, values)
            return values

        slabs = _slabs(stack[name], shape)
        ahead = reader.submit(read, slabs[0])
        for rows, following in zip(slabs, [*slabs[1:], None], strict=True):
            masks = ahead.result()
            if following is not None:
                ahead = reader.submit(read, following)
            for k, values in zip(range(rows.start, rows.stop), masks, strict=True):
                no_zeros = "phase" in name.lower()
                prepare_pair(
                    obs[k], np.float32(reference[k]), no_zeros, values, kind, np.float32(threshold), valid
                )
    return Patch(obs, weight, valid)


def _slabs(dataset: Any, shape: tuple[int, int]) -> list[slice]:
    """Rows to read at once: as many as make a slab, and whole chunks."""
    deep = dataset.chunks[0] if dataset.chunks else 1
    step = max(1, _SLAB // (4 * shape[1]))
    step = max(deep, step // deep * deep)
    return [slice(begin, min(begin + step, shape[0])) for begin in range(0, shape[0], step)]


def _read_rows(
    dataset: Any, kept: NDArray[np.bool_], rows: slice, box: _Box, out: NDArray[np.float32]
) -> None:
    """Fill `out` with some of the kept layers; neighbours are read together."""
    width, height = box[2] - box[0], box[3] - box[1]
    space = (slice(box[1], box[3]), slice(box[0], box[2]))
    cube = out.reshape(-1, height, width)
    for layers, places in _runs(np.flatnonzero(kept)[rows]):
        dataset.read_direct(cube, np.s_[layers, *space], np.s_[places])


def _runs(numbers: NDArray[np.int64]) -> Iterator[tuple[slice, slice]]:
    """Runs of successive numbers, and their places."""
    edges = np.flatnonzero(np.diff(numbers) != 1) + 1
    for first, last in zip([0, *edges], [*edges, len(numbers)], strict=True):
        if last > first:
            yield slice(int(numbers[first]), int(numbers[last - 1]) + 1), slice(int(first), int(last))
