"""Roughly what a run will need, against what is free."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from insar_widgets.hyp3.grid import Grid
from insar_widgets.hyp3.product import PREPARED_LAYERS, Product
from insar_widgets.resources import cores, disk_free, memory_bytes

__all__ = ["Estimate", "estimate"]

# Compressed with a predictor, by layer: bytes per pixel (measured on real products, rounded up).
_PREPARED_BYTES = {"unw_phase": 3.6, "corr": 3.0, "dem": 2.0, "lv_theta": 3.0, "lv_phi": 3.0, "inc_map": 3.0}
_OTHER_BYTES = 0.2
# MintPy's weighted inversion, seconds per pixel against pairs, on one core, and a banded solver's on two.
_PAIRS = np.array([54, 288, 594, 1810])
_MINTPY_SECONDS = np.array([81e-6, 1.2e-3, 4.4e-3, 21e-3])
_FAST_SECONDS = np.array([0.7e-6, 4e-6, 9e-6, 25e-6])
_TIMESERIES_FILES = 5
_START_SECONDS = 18 * 2.0
_DISK_RATE = 80e6


@dataclass(frozen=True)
class Estimate:
    """Rough need of preparing a stack and running MintPy on it, and what is free now.

    Parameters
    ----------
    width, height
        Columns and rows of the prepared grid.
    products, dates
        How many take part.
    prepared_bytes, run_bytes
        Disk for the prepared products and for what MintPy writes (interferogram stack, geometry, one time
        series for each correction, in float32).
    memory_bytes
        Largest need of a step: three copies of the time series, or MintPy's own 4 GB for block-wise inversion if
        the stack is that large, plus half a gigabyte.
    seconds
        Preparing, and all steps with MintPy's own inversion; without downloads of weather models.
    fast_seconds
        The same with the fast engine.
    disk_free, memory_free, cores
        What this process may use.
    """

    width: int
    height: int
    products: int
    dates: int
    prepared_bytes: int
    run_bytes: int
    memory_bytes: int
    seconds: float
    fast_seconds: float
    disk_free: int
    memory_free: int
    cores: int

    @property
    def disk_bytes(self) -> int:
        """Disk for all of it."""
        return self.prepared_bytes + self.run_bytes

    @property
    def fits_disk(self) -> bool:
        """Whether the disk suffices."""
        return self.disk_bytes <= self.disk_free

    @property
    def fits_memory(self) -> bool:
        """Whether memory suffices."""
        return self.memory_bytes <= self.memory_free


def estimate(products: Sequence[Product], grid: Grid, folder: Path) -> Estimate:
    """Estimate the need of a run on `grid`; `folder` tells the disk."""
    pixels = grid.width * grid.height
    pairs = len({product.pair for product in products})
    dates = len({date for product in products for date in (product.pair.reference, product.pair.secondary)})
    prepared = pixels * sum(
        _PREPARED_BYTES.get(layer, _OTHER_BYTES)
        for product in products
        for layer in PREPARED_LAYERS
        if layer in product.layers
    )
    stack_bytes = pixels * pairs * (4 + 4 + (6 if all("conncomp" in p.layers for p in products) else 0))
    series_bytes = pixels * dates * 4
    run = stack_bytes + pixels * 6 * 4 + series_bytes * _TIMESERIES_FILES + pixels * 4 * 20
    memory = 5e8 + max(3 * series_bytes, min(4e9, 2 * stack_bytes))
    used_cores = cores()
    # Every byte is read and written a few times on the way.
    moving = _START_SECONDS + (3 * prepared + 3 * run) / _DISK_RATE
    return Estimate(
        width=grid.width,
        height=grid.height,
        products=len(products),
        dates=dates,
        prepared_bytes=math.ceil(prepared),
        run_bytes=math.ceil(run),
        memory_bytes=math.ceil(memory),
        seconds=moving + pixels * _per_pixel(pairs, _MINTPY_SECONDS),
        fast_seconds=moving + pixels * _per_pixel(pairs, _FAST_SECONDS) * 2 / used_cores,
        disk_free=disk_free(folder),
        memory_free=memory_bytes(),
        cores=used_cores,
    )


def _per_pixel(pairs: int, seconds: np.ndarray) -> float:
    """Interpolate seconds per pixel between the measured numbers of pairs, in proportion outside of them."""
    if pairs <= _PAIRS[0]:
        return float(seconds[0] * pairs / _PAIRS[0])
    if pairs >= _PAIRS[-1]:
        return float(seconds[-1] * (pairs / _PAIRS[-1]) ** 1.5)
    return float(np.exp(np.interp(np.log(pairs), np.log(_PAIRS), np.log(seconds))))
