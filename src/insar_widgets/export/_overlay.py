"""Layers on a grid of longitude and latitude, in tiles from fine to coarse: what Google Earth can put in its place."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from insar_widgets.results import Grid

Floats = npt.NDArray[Any]
TILE = 512
Read = Callable[[slice, slice], Floats]
"""Values of some rows and columns of the data."""


@dataclass(frozen=True)
class Overlay:
    """A grid in degrees that covers the frame; each pixel takes the value of the data's pixel that holds its centre.

    Its pixels are so small that no pixel of the data is missed, wherever in the frame it lies. Therefore a value is
    shown at most half a pixel in each direction from where it belongs.

    Attributes
    ----------
    west, north : outer corner of the first pixel, degrees WGS84.
    step_lon, step_lat : size of a pixel in degrees, both positive.
    rows, columns : number of pixels.
    """

    grid: Grid
    west: float
    north: float
    step_lon: float
    step_lat: float
    rows: int
    columns: int

    @classmethod
    def of(cls, grid: Grid) -> Overlay:
        """The overlay of a grid in any reference system."""
        west, south, east, north = grid.bounds()
        step_lon, step_lat = _steps(grid)
        if grid.crs.is_geographic and grid.y_step < 0:  # the very same pixels
            return cls(grid, grid.x_first, grid.y_first, step_lon, step_lat, grid.rows, grid.columns)
        west, north = (
            west - step_lon,
            north + step_lat,
        )  # the outline bulges between the places it is known at
        rows = int(np.ceil((north - south) / step_lat)) + 1
        columns = int(np.ceil((east - west) / step_lon)) + 1
        return cls(grid, west, north, step_lon, step_lat, rows, columns)

    @property
    def levels(self) -> int:
        """How many times tiles are joined until one is left."""
        return max(0, int(np.ceil(np.log2(max(self.rows, self.columns) / TILE))))

    def box(self, level: int, row: int, column: int) -> tuple[float, float, float, float]:
        """North, south, east, west of a tile in degrees."""
        size = TILE * 2**level
        north, west = self.north - row * size * self.step_lat, self.west + column * size * self.step_lon
        return north, north - size * self.step_lat, west + size * self.step_lon, west


def _steps(grid: Grid) -> tuple[float, float]:
    """Pixel size in degrees such that every pixel of the grid holds a centre, judged at corners and middle."""
    found = []
    for row in (0.5, grid.rows / 2, grid.rows - 0.5):
        for column in (0.5, grid.columns / 2, grid.columns - 0.5):
            lon, lat = grid.lonlat([row, row, row + 1], [column, column + 1, column])
            lon = lon[0] + (lon - lon[0] + 180) % 360 - 180
            jacobian = np.array([[lon[1] - lon[0], lon[2] - lon[0]], [lat[1] - lat[0], lat[2] - lat[0]]])
            width, height = abs(jacobian[0, 0]), abs(jacobian[1, 1])
            reach = np.abs(np.linalg.inv(jacobian)) @ np.array([width, height])
            found.append(np.array([width, height]) / max(1.0, float(reach.max())))
    step = np.min(found, axis=0)
    return float(step[0]), float(step[1])


class Places:
    """Row and column of the data for each pixel of a tile; the last ones used are kept."""

    def __init__(self, overlay: Overlay, memory: int) -> None:
        self._overlay = overlay
        self._most = max(1, memory // (TILE * TILE * 8))
        self._known: OrderedDict[tuple[int, int], tuple[Floats, Floats] | None] = OrderedDict()

    def of(self, row: int, column: int) -> tuple[Floats, Floats] | None:
        """Rows and columns (512, 512), -1 outside the data; None where the whole tile is outside."""
        key = row, column
        if key not in self._known:
            self._known[key] = self._find(row, column)
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]

    def _find(self, row: int, column: int) -> tuple[Floats, Floats] | None:
        o = self._overlay
        if row * TILE >= o.rows or column * TILE >= o.columns:
            return None
        lon = o.west + (column * TILE + np.arange(TILE) + 0.5) * o.step_lon
        lat = o.north - (row * TILE + np.arange(TILE) + 0.5) * o.step_lat
        place = o.grid.indices(*np.meshgrid(lon, lat.clip(-90, 90)))
        rows, columns = (np.floor(np.where(np.isfinite(v), v, -1)).astype(np.int32) for v in place)
        out = (rows < 0) | (rows >= o.grid.rows) | (columns < 0) | (columns >= o.grid.columns)
        if out.all():
            return None
        rows[out] = columns[out] = -1
        return rows, columns


def tiles(
    overlay: Overlay, places: Places, read: Read, coarsest: int
) -> Iterator[tuple[int, int, int, Floats]]:
    """Level, row, column and values (512, 512) of every tile with a value, children before their parent.

    A coarse pixel is the mean of the four finer ones with a value. No more than four tiles a level are held at a time.
    """

    def visit(level: int, row: int, column: int) -> Iterator[tuple[int, int, int, Floats]]:
        values = np.full((TILE, TILE), np.nan, np.float32)
        some = False
        if level == 0:
            some = _sample(places.of(row, column), read, values)
        else:
            half = TILE // 2
            for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
                child: Floats | None = None
                for tile in visit(level - 1, 2 * row + i, 2 * column + j):
                    yield tile
                    child = tile[3] if tile[:3] == (level - 1, 2 * row + i, 2 * column + j) else child
                if child is not None:
                    some = True
                    values[i * half : (i + 1) * half, j * half : (j + 1) * half] = _halved(child)
        if some:
            yield level, row, column, values

    yield from visit(coarsest, 0, 0)


def _sample(place: tuple[Floats, Floats] | None, read: Read, values: Floats) -> bool:
    if place is None:
        return False
    rows, columns = place
    inside = rows >= 0
    part = slice(int(rows[inside].min()), int(rows.max()) + 1)
    across = slice(int(columns[inside].min()), int(columns.max()) + 1)
    block = read(part, across)
    values[inside] = block[rows[inside] - part.start, columns[inside] - across.start]
    return bool(np.isfinite(values).any())


def _halved(values: Floats) -> Floats:
    """Mean of every two by two that have a value."""
    four = values.reshape(TILE // 2, 2, TILE // 2, 2)
    valid = np.isfinite(four)
    count = valid.sum(axis=(1, 3))
    total = np.where(valid, four, 0).sum(axis=(1, 3), dtype=np.float32)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
