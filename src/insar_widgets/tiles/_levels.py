"""Levels of a raster, each half as fine as the one before, read in blocks that are kept for a while."""

from __future__ import annotations

import itertools
import threading
import weakref
from typing import Protocol

import numpy as np

from insar_widgets.tiles._cache import ByteCache, Cancelled, check
from insar_widgets.tiles._mercator import TILE
from insar_widgets.tiles._raster import Floats32, Raster
from insar_widgets.tiles._reduce import reduce_mean, reduce_mode

BLOCK = 512
"""Pixels on each side of a block."""
_COARSEST = 256
_MOST = 10
_PIECE_PIXELS = 2**18
_AT_A_TIME = 2
_CACHE_BYTES = 128 * 2**20
_SHARPER = 0.25
"""How far into the next level the finer one is still used: a pixel of the map is 0.84 to 1.68 of the level's."""


class DamagedPyramid(Exception):  # noqa: N818 - never reaches a user
    """A pyramid on disk lacks something; levels are computed instead."""


class Stored(Protocol):
    """Levels from 1 on that were computed before."""

    @property
    def range(self) -> tuple[float, float] | None:
        """Smallest and largest value of the raster, all slices."""
        ...

    def block(self, level: int, index: int, down: int, across: int) -> Floats32:
        """A block of a level of one slice."""
        ...


def _new_cache(limit: int) -> ByteCache[Floats32]:
    return ByteCache(limit, lambda block: block.nbytes)


_shared = _new_cache(_CACHE_BYTES)
_numbers = itertools.count()


class Levels:
    """Level 0 is the raster; a pixel of level k stands for 2^k x 2^k of its pixels.

    Attributes
    ----------
    count
        Levels beside the raster itself; the coarsest fits into 256 x 256 pixels.
    stored
        Where levels from 1 on are read from; None: they are computed from the raster when they are needed.
    """

    def __init__(self, raster: Raster, cache_bytes: int | None = None) -> None:
        self.raster = raster
        self.count = int(np.clip(np.ceil(np.log2(max(raster.shape) / _COARSEST)), 0, _MOST))
        self.stored: Stored | None = None
        # what is read of the raster for a coarse block takes memory, whoever asks for it
        self._computing = threading.BoundedSemaphore(_AT_A_TIME)
        self._blocks = _shared if cache_bytes is None else _new_cache(cache_bytes)
        self._key = next(_numbers)
        weakref.finalize(self, self._blocks.forget, self._key)

    def shape(self, level: int) -> tuple[int, int]:
        """Rows and columns of a level."""
        rows, columns = self.raster.shape
        return -(-rows // 2**level), -(-columns // 2**level)

    def for_zoom(self, z: int) -> int:
        """The level whose pixels are about as large as those of the map; one for all tiles of a zoom."""
        ratio = self.raster.grid.pixels_per_world / (TILE * 2.0**z)
        return int(np.clip(np.floor(np.log2(ratio) + _SHARPER), 0, self.count))

    def window(
        self, level: int, index: int, rows: slice, columns: slice, cancelled: Cancelled | None = None
    ) -> Floats32:
        """A window of a level as a flat array, row by row, with a NaN after it."""
        height, width = rows.stop - rows.start, columns.stop - columns.start
        flat = np.empty(height * width + 1, np.float32)
        flat[-1] = np.nan
        out = flat[:-1].reshape(height, width)
        for down in range(rows.start // BLOCK, (rows.stop - 1) // BLOCK + 1):
            for across in range(columns.start // BLOCK, (columns.stop - 1) // BLOCK + 1):
                check(cancelled)
                block = self.block(level, index, down, across, cancelled)
                top, left = down * BLOCK, across * BLOCK
                first_row, first_column = max(rows.start, top), max(columns.start, left)
                last_row = min(rows.stop, top + block.shape[0])
                last_column = min(columns.stop, left + block.shape[1])
                out[
                    first_row - rows.start : last_row - rows.start,
                    first_column - columns.start : last_column - columns.start,
                ] = block[first_row - top : last_row - top, first_column - left : last_column - left]
        return flat

    def block(
        self, level: int, index: int, down: int, across: int, cancelled: Cancelled | None = None
    ) -> Floats32:
        """A block of a level, at most 512 x 512 pixels."""

        def make() -> Floats32:
            height, width = self.shape(level)
            rows = slice(down * BLOCK, min((down + 1) * BLOCK, height))
            columns = slice(across * BLOCK, min((across + 1) * BLOCK, width))
            if level == 0:
                return self.raster.read(index, rows, columns)
            stored = self.stored
            if stored is not None:
                try:
                    return stored.block(level, index, down, across)
                except DamagedPyramid:
                    self.stored = None
            with self._computing:
                return self.compute(level, index, rows, columns, cancelled)

        return self._blocks.get((self._key, level, index, down, across), make, cancelled)

    def compute(
        self, level: int, index: int, rows: slice, columns: slice, cancelled: Cancelled | None = None
    ) -> Floats32:
        """A window of a level, from the raster; in pieces, so that little of the raster is in memory at a time."""
        factor = 2**level
        reduce = reduce_mean if self.raster.kind == "values" else reduce_mode
        out = np.empty((rows.stop - rows.start, columns.stop - columns.start), np.float32)
        native = slice(columns.start * factor, min(columns.stop * factor, self.raster.shape[1]))
        step = max(1, _PIECE_PIXELS // ((native.stop - native.start) * factor))
        for first in range(rows.start, rows.stop, step):
            check(cancelled)
            last = min(first + step, rows.stop)
            part = self.raster.read(
                index, slice(first * factor, min(last * factor, self.raster.shape[0])), native
            )
            out[first - rows.start : last - rows.start] = reduce(part, factor)
        return out
