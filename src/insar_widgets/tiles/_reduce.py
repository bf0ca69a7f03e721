"""Bring blocks of 2^k x 2^k pixels to one: the mean of the valid ones, or the commonest class."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats32 = npt.NDArray[np.float32]


def reduce_mean(values: Floats32, factor: int) -> Floats32:
    """Mean of the values that are not NaN in each block; NaN where there is none.

    Blocks at the lower and right edge may be smaller. `factor` is a power of two.
    """
    count = factor.bit_length() - 1
    return mean_levels(values, count)[-1] if count else values


def reduce_mode(values: Floats32, factor: int) -> Floats32:
    """Commonest value of each block, the smallest of equals, NaN left out; NaN where there is none."""
    if factor == 1:
        return values
    shape = -(-values.shape[0] // factor), -(-values.shape[1] // factor)
    best = np.full(shape, np.nan, np.float32)
    most = np.zeros(shape, np.float32)
    for value in np.unique(values[~np.isnan(values)]):
        count = _sum((values == value).astype(np.float32), factor)
        more = count > most
        best[more] = value
        most[more] = count[more]
    return best


def mean_levels(values: Floats32, count: int) -> list[Floats32]:
    """Means of the valid values of blocks of 2, 4, ... 2^count pixels a side; see `reduce_mean`."""
    empty = np.isnan(values)
    partly = bool(empty.any())
    total = np.where(empty, np.float32(0), values) if partly else values
    # how many of a row or column of pixels lie in a block: where nothing is missing, that is all there is to count
    down, across = np.ones(values.shape[0], np.float32), np.ones(values.shape[1], np.float32)
    valid = (~empty).astype(np.float32) if partly else down[:0, None]
    levels = []
    for _ in range(count):
        total = _halve(total)
        if partly:
            valid = _halve(valid)
        else:
            down, across = _pairs(down), _pairs(across)
            valid = down[:, None] * across[None, :]
        with np.errstate(invalid="ignore", divide="ignore"):
            levels.append(np.asarray(total / valid))
    return levels


def mode_levels(values: Floats32, count: int) -> list[Floats32]:
    """Commonest values of blocks of 2, 4, ... 2^count pixels a side; see `reduce_mode`."""
    return [reduce_mode(values, 2**level) for level in range(1, count + 1)]


def _halve(values: Floats32) -> Floats32:
    """Sums of 2 x 2 pixels; what lies beyond the edge counts as 0."""
    odd_rows, odd_columns = values.shape[0] % 2, values.shape[1] % 2
    if odd_rows or odd_columns:
        values = np.pad(values, ((0, odd_rows), (0, odd_columns)))
    rows = values[0::2] + values[1::2]
    return np.asarray(rows[:, 0::2] + rows[:, 1::2])


def _pairs(counts: Floats32) -> Floats32:
    return np.add.reduceat(counts, np.arange(0, counts.size, 2))


def _sum(values: Floats32, factor: int) -> Floats32:
    """Sums of blocks; rows first, as they lie together in memory."""
    height, width = values.shape
    whole = height // factor * factor
    rows = values[:whole].reshape(-1, factor, width).sum(axis=1)
    if whole < height:
        rows = np.concatenate([rows, values[whole:].sum(axis=0, keepdims=True)])
    whole = width // factor * factor
    sums = rows[:, :whole].reshape(rows.shape[0], -1, factor).sum(axis=2)
    if whole < width:
        sums = np.concatenate([sums, rows[:, whole:].sum(axis=1, keepdims=True)], axis=1)
    return np.asarray(sums)
