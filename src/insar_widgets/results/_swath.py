"""Gather values of a window along a track: under it, between pixel centres, and beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from insar_widgets.results._grid import Floats, Grid
from insar_widgets.results._line import Near, Track, pixels_near

Method = Literal["nearest", "bilinear"]
Bools = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Window:
    """A part of a layer: values (..., rows, columns) as stored, and where it lies in the grid."""

    grid: Grid
    rows: slice
    columns: slice
    values: npt.NDArray[Any]

    @property
    def width(self) -> int:
        """Columns of the window."""
        return int(self.columns.stop - self.columns.start)

    def pixels(self, flat: Integers) -> Floats:
        """Values (..., n) of flat indices into the window; a negative index is NaN."""
        found = self.values.reshape(*self.values.shape[:-2], -1)[..., flat].astype(float)
        return np.where(flat >= 0, found, np.nan)


@dataclass(frozen=True)
class Spread:
    """Median, percentiles and count of the finite values."""

    median: Floats
    p16: Floats
    p84: Floats
    count: Integers


def spread(values: Floats) -> Spread:
    """Statistics of the finite values along the last axis; percentiles interpolate linearly.

    >>> s = spread(np.array([1.0, np.nan, 3.0]))
    >>> float(s.median), int(s.count)
    (2.0, 2)
    """
    count = np.isfinite(values).sum(axis=-1)
    ordered = np.sort(np.where(np.isfinite(values), values, np.nan), axis=-1)
    if ordered.shape[-1] == 0:
        nothing = np.full(count.shape, np.nan)
        return Spread(nothing, nothing, nothing, count)

    def quantile(q: float) -> Floats:
        position = q * np.maximum(count - 1, 0)
        low = np.floor(position).astype(int)
        high = np.minimum(low + 1, np.maximum(count - 1, 0))
        at_low = np.take_along_axis(ordered, low[..., None], axis=-1)[..., 0]
        at_high = np.take_along_axis(ordered, high[..., None], axis=-1)[..., 0]
        return np.asarray(at_low + (at_high - at_low) * (position - low))

    return Spread(quantile(0.5), quantile(0.16), quantile(0.84), count)


@dataclass(frozen=True)
class Samples:
    """Fractional grid indices of the samples of a track."""

    row: Floats
    column: Floats
    inside: Bools
    """Whether the sample lies in the frame."""

    @classmethod
    def of(cls, track: Track, grid: Grid) -> Samples:
        """Where the samples of a track lie in a grid."""
        row, column = grid.indices(track.lon, track.lat)
        inside = (row >= 0) & (row < grid.rows) & (column >= 0) & (column < grid.columns)
        return cls(row, column, inside)


def interpolate(window: Window, at: Samples, method: Method) -> Floats:
    """Values (..., n) at samples; NaN outside the frame, or where a value that counts is NaN."""
    values = window.values
    rows, columns = values.shape[-2:]
    result = np.full((*values.shape[:-2], at.row.size), np.nan)
    row = at.row[at.inside] - window.rows.start
    column = at.column[at.inside] - window.columns.start
    if method == "nearest":
        result[..., at.inside] = values[..., row.astype(int), column.astype(int)]
        return result
    upper, left = np.floor(row - 0.5).astype(int), np.floor(column - 0.5).astype(int)
    down, right = row - 0.5 - upper, column - 0.5 - left
    total = np.zeros((*values.shape[:-2], row.size))
    for r, weight_r in ((upper, 1 - down), (upper + 1, down)):
        for c, weight_c in ((left, 1 - right), (left + 1, right)):
            weight = weight_r * weight_c
            exists = (r >= 0) & (r < rows) & (c >= 0) & (c < columns)
            part = values[..., r.clip(0, rows - 1), c.clip(0, columns - 1)].astype(float)
            total += np.where(weight > 1e-9, np.where(exists, part, np.nan) * weight, 0.0)
    result[..., at.inside] = total
    return result


@dataclass(frozen=True)
class Swath:
    """Statistics for each sample of a track, and the single pixels."""

    stats: Spread
    value: Floats
    along: Floats
    offset: Floats


def swath(window: Window, track: Track, at: Samples, reach: float) -> Swath:
    """Pixels under the samples of a track and within `reach` metres beside it."""
    under = np.full(track.distance.size, -1)
    row = at.row[at.inside].astype(int) - window.rows.start
    column = at.column[at.inside].astype(int) - window.columns.start
    under[at.inside] = row * window.width + column
    if reach <= 0:
        stats = spread(window.pixels(under[:, None]))
        own = under[at.inside]
        return Swath(stats, window.pixels(own), track.distance[at.inside], np.zeros(own.size))
    near = pixels_near(window.grid, window.rows, window.columns, track, reach)
    stats = spread(window.pixels(_members(under, near)))
    return Swath(stats, window.pixels(near.pixel), near.along, near.offset)


def _members(under: Integers, near: Near) -> Integers:
    """Flat indices of the pixels of each bin, shape (bins, most pixels), filled up with -1."""
    size = under.size
    extra = np.flatnonzero(under >= 0)
    bins = np.concatenate([near.bin, extra])
    pixels = np.concatenate([near.pixel, under[extra]])
    most = int(pixels.max(initial=0)) + 1
    keys = np.sort(
        bins * most + pixels
    )  # np.unique hashes, which takes ten times as long and stops other threads
    bins, pixels = np.divmod(keys[np.r_[True, keys[1:] != keys[:-1]]] if keys.size else keys, most)
    counts = np.bincount(bins, minlength=size)
    members = np.full((size, max(1, int(counts.max(initial=0)))), -1)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    members[bins, np.arange(bins.size) - starts[bins]] = pixels
    return members
