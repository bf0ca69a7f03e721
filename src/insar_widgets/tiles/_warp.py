"""Which pixel of a raster is seen at each pixel of a tile.

Projecting all 65,536 pixels of a tile exactly is slow, so a sparse grid of them is projected and the rest is
interpolated; the grid is refined until it is good to a fraction of a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from insar_widgets.tiles._grid import RasterGrid
from insar_widgets.tiles._mercator import TILE, Floats, to_degrees, to_pixels, world_pixels

TOLERANCE = 0.01
"""Largest error, in pixels of the raster, of the grid that is one step coarser than the one that is used."""
_FIRST_CELLS = 8
Indices = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Warp:
    """Row and column of the raster at each pixel of a tile, -1 outside; int32 (256, 256)."""

    rows: Indices
    columns: Indices


def warp_tile(grid: RasterGrid, z: int, x: int, y: int) -> Warp | None:
    """Warp of a tile; None where the tile shows nothing of the raster."""
    rows = np.full((TILE, TILE), -1, np.int32)
    columns = np.full((TILE, TILE), -1, np.int32)
    seen = False
    for shift, down, across in _pieces(grid, z, x, y):
        row, column = _indices(grid, z, (x + shift * 2**z) * TILE + across, y * TILE + down)
        with np.errstate(invalid="ignore"):
            inside = (row >= 0) & (row < grid.rows) & (column >= 0) & (column < grid.columns)
        if not inside.any():
            continue
        seen = True
        part = np.ix_(down, across)
        rows[part] = np.where(inside, np.floor(np.where(inside, row, 0)), rows[part])
        columns[part] = np.where(inside, np.floor(np.where(inside, column, 0)), columns[part])
    return Warp(rows, columns) if seen else None


def shows(grid: RasterGrid, z: int, x: int, y: int) -> bool:
    """Whether a tile touches the outline of the raster in degrees."""
    return bool(_pieces(grid, z, x, y))


def _pieces(
    grid: RasterGrid, z: int, x: int, y: int
) -> list[tuple[int, npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Parts of a tile that can show the raster: worlds to go east, rows and columns of the tile.

    A raster across the antimeridian is seen at both ends of the map.
    """
    west, south, east, north = grid.bounds
    size = world_pixels(z)
    (left, right), (top, bottom) = to_pixels([west, east], [north, south], z)
    down = _overlap(top, bottom, y * TILE)
    if down.size == 0:
        return []
    pieces = []
    first, last = int(np.floor(left / size)), int(np.floor(right / size))
    for shift in range(first, last + 1):
        across = _overlap(left, right, x * TILE + shift * size)
        if across.size:
            pieces.append((shift, down, across))
    return pieces


def _overlap(low: float, high: float, start: float) -> npt.NDArray[np.intp]:
    first = max(0, int(np.floor(low - start)) - 1)
    last = min(TILE, int(np.ceil(high - start)) + 1)
    return np.arange(first, max(first, last))


def _indices(
    grid: RasterGrid, z: int, px: npt.NDArray[np.intp], py: npt.NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """Fractional row and column at the centres of world pixels (columns `px`, rows `py`)."""
    px_centre, py_centre = px.astype(np.float64) + 0.5, py.astype(np.float64) + 0.5
    cells = _FIRST_CELLS
    coarse = _nodes(grid, z, px_centre, py_centre, cells)
    while 2 * cells < max(px.size, py.size) // 2:
        fine = _nodes(grid, z, px_centre, py_centre, 2 * cells)
        if not np.isfinite(fine).all():
            break
        if _error(coarse, fine) < TOLERANCE:
            row, column = (_interpolate(v, py.size, px.size) for v in fine)
            return row, column
        coarse, cells = fine, 2 * cells
    mesh_x, mesh_y = np.meshgrid(px_centre, py_centre)
    lon, lat = to_degrees(mesh_x, mesh_y, z)
    return grid.indices(lon, lat)


def _nodes(grid: RasterGrid, z: int, px: Floats, py: Floats, cells: int) -> Floats:
    """Exact row and column, shape (2, cells + 1, cells + 1), at nodes from the first centre to the last."""
    x = np.linspace(px[0], px[-1], cells + 1)
    y = np.linspace(py[0], py[-1], cells + 1)
    mesh_x, mesh_y = np.meshgrid(x, y)
    lon, lat = to_degrees(mesh_x, mesh_y, z)
    return np.stack(grid.indices(lon, lat))


def _error(coarse: Floats, fine: Floats) -> float:
    """Largest error of bilinear interpolation half-way between nodes.

    The middles of the edges are needed beside those of the cells: a conformal projection has opposite
    curvatures along rows and columns, which cancel in the middle of a cell.
    """
    down = (coarse[:, :-1] + coarse[:, 1:]) / 2
    across = (coarse[:, :, :-1] + coarse[:, :, 1:]) / 2
    middle = (across[:, :-1] + across[:, 1:]) / 2
    return max(
        float(np.abs(fine[:, 1::2, ::2] - down).max()),
        float(np.abs(fine[:, ::2, 1::2] - across).max()),
        float(np.abs(fine[:, 1::2, 1::2] - middle).max()),
    )


def _interpolate(nodes: Floats, height: int, width: int) -> Floats:
    return np.asarray(_weights(height, nodes.shape[0]) @ nodes @ _weights(width, nodes.shape[1]).T)


def _weights(size: int, nodes: int) -> Floats:
    """Matrix of linear interpolation from evenly spread nodes to `size` points, first and last included."""
    at = np.linspace(0, nodes - 1, size)
    low = np.minimum(at.astype(int), nodes - 2)
    weights = np.zeros((size, nodes))
    weights[np.arange(size), low] = 1 - (at - low)
    weights[np.arange(size), low + 1] = at - low
    return weights
