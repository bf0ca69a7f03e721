"""The network of a stack as the kernels want it: plain integer arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from insar_widgets.runner.engine._kernels import Net

__all__ = ["network_arrays"]


def network_arrays(
    phases: NDArray[Any], velocities: NDArray[Any], years: NDArray[Any], *, velocity: bool
) -> Net:
    """Read MintPy's design matrices.

    Parameters
    ----------
    phases
        Design matrix of phases, (pair, date - 1): -1 and 1 at the dates of each pair, the column of the reference
        date left out.
    velocities
        Design matrix of velocities, (pair, date - 1): the years of each interval that a pair spans.
    years
        Time between successive dates in years, (date - 1,).
    velocity
        Whether the minimum-norm velocity is asked for: then the first date is grounded, and MintPy's reference
        date only matters for the redundancy.

    Raises
    ------
    ValueError
        If the matrices are not those of pairs of dates.
    """
    pairs, columns = velocities.shape
    spans = velocities != 0
    if phases.shape != velocities.shape or not spans.any(axis=1).all():
        raise ValueError("The design matrices are not those of pairs of dates.")
    early = spans.argmax(axis=1)
    late = columns - spans[:, ::-1].argmax(axis=1)
    sign = np.where(velocities[np.arange(pairs), early] > 0, 1.0, -1.0)
    whole = np.zeros((pairs, columns + 1))
    whole[np.arange(pairs), early] = -sign
    whole[np.arange(pairs), late] = sign
    candidates = (
        date for date in range(columns + 1) if np.array_equal(np.delete(whole, date, axis=1), phases)
    )
    reference = next(candidates, None)
    if reference is None:
        raise ValueError("The design matrices do not belong to each other.")

    def without(date: int, dates: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.where(dates == date, -1, dates - (dates > date)).astype(np.int64)

    grounded = 0 if velocity else reference
    first, second = without(grounded, early), without(grounded, late)
    start = np.arange(columns, dtype=np.int64)
    for low, high in zip(first, second, strict=True):
        if low >= 0 and high >= 0:
            start[high] = min(start[high], low)
    widths = np.arange(columns) - start + 1
    return Net(
        first=first,
        second=second,
        sign=sign,
        counted_first=without(reference, early),
        counted_second=without(reference, late),
        start=start,
        place=np.concatenate([[0], np.cumsum(widths)[:-1]]).astype(np.int64),
        size=int(widths.sum()),
        years=np.ascontiguousarray(years, dtype=np.float64).reshape(-1),
    )
