"""Range and distribution of a raster, from as little reading as does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from insar_widgets.tiles._cache import Cancelled, check
from insar_widgets.tiles._levels import Levels
from insar_widgets.tiles._raster import Floats32, Raster

__all__ = ["Statistics"]

_ENOUGH = 2**20
_PERCENTILES = (0.5, 1, 2, 5, 16, 25, 50, 75, 84, 95, 98, 99, 99.5)
_STRIPS, _STRIP_ROWS = 12, 8


@dataclass(frozen=True)
class Statistics:
    """Distribution of the values of one slice.

    Attributes
    ----------
    minimum, maximum, mean, std
        NaN where there are no values.
    percentiles
        Value below which that many percent of the values are, by percent: 0.5, 1, 2, 5, 16, 25, 50, ...
    counts, edges
        Histogram; ``counts`` has shape (bins,), ``edges`` (bins + 1,), from `minimum` to `maximum`.
    count
        How many values it was made from.
    basis
        What it was made from, in words.
    """

    minimum: float
    maximum: float
    mean: float
    std: float
    percentiles: dict[float, float]
    counts: npt.NDArray[np.int64]
    edges: npt.NDArray[np.float64]
    count: int
    basis: str

    def percentile(self, percent: float) -> float:
        """Value below which that many percent of the values are, interpolated between those that were computed."""
        known = sorted(self.percentiles.items())
        at = [0.0, *(p for p, _ in known), 100.0]
        return float(np.interp(percent, at, [self.minimum, *(v for _, v in known), self.maximum]))

    @classmethod
    def of(cls, values: Floats32, bins: int, basis: str) -> Statistics:
        """Statistics of all values that are not NaN."""
        valid = values[~np.isnan(values)].astype(np.float64)
        if valid.size == 0:
            nan = float("nan")
            return cls(
                nan, nan, nan, nan, dict.fromkeys(_PERCENTILES, nan), np.zeros(bins, np.int64),
                np.linspace(0, 1, bins + 1), 0, basis,
            )  # fmt: skip
        low, high = float(valid.min()), float(valid.max())
        counts, edges = np.histogram(valid, bins, (low, high) if high > low else (low - 0.5, high + 0.5))
        found = dict(zip(_PERCENTILES, map(float, np.percentile(valid, _PERCENTILES)), strict=True))
        return cls(
            low, high, float(valid.mean()), float(valid.std()), found, counts.astype(np.int64), edges,
            int(valid.size), basis,
        )  # fmt: skip


def summarise(
    raster: Raster, levels: Levels, index: int, bins: int, cancelled: Cancelled | None = None
) -> Statistics:
    """Statistics of a slice: of all pixels of a small raster, else of a coarse level, else of a sample."""
    level = next((k for k in range(levels.count + 1) if np.prod(levels.shape(k)) <= _ENOUGH), levels.count)
    if level == 0 or levels.stored is not None:
        height, width = levels.shape(level)
        values = levels.window(level, index, slice(0, height), slice(0, width), cancelled)[:-1]
        side = 2**level
        if level == 0:
            basis = "all pixels"
        elif raster.kind == "values":
            basis = f"means of {side} x {side} pixels"
        else:
            basis = f"commonest of {side} x {side} pixels"
        return Statistics.of(values, bins, basis)
    values = sample(raster, index, _STRIPS, cancelled)
    return Statistics.of(values, bins, f"a sample of {values.size:,} pixels")


def seen_range(raster: Raster) -> tuple[float, float] | None:
    """Smallest and largest value of a sample of a slice or two; None where there are no values."""
    numbers = sorted({raster.slices // 2, raster.slices - 1})
    strips = _STRIPS // len(numbers)
    values = np.concatenate([sample(raster, number, strips) for number in numbers])
    valid = values[~np.isnan(values)]
    return (float(valid.min()), float(valid.max())) if valid.size else None


def sample(raster: Raster, index: int, strips: int, cancelled: Cancelled | None = None) -> Floats32:
    """Values of strips of rows, spread evenly; flat. Few reads, as opening a file takes longer than reading a strip."""
    rows = raster.shape[0]
    starts = sorted({int(s) for s in np.linspace(0, max(0, rows - _STRIP_ROWS), strips + 2)[1:-1]})
    parts = []
    for top in starts:
        check(cancelled)
        part = slice(top, min(top + _STRIP_ROWS, rows))
        parts.append(raster.read(index, part, slice(0, raster.shape[1])).reshape(-1))
    return np.concatenate(parts)
