"""Which pixel of a raster is seen at each pixel of a tile.

Projecting all 65,536 pixels of a tile exactly is slow, so a sparse grid of them is projected and the rest is
interpolated. Projections are smooth, so that a polynomial through few Chebyshev nodes follows them to a small fraction
of a pixel where bilinear interpolation would need thousands of nodes; the grid is refined until it does.
Source of the interpolation: Berrut and Trefethen (2004), Barycentric Lagrange Interpolation,
doi:10.1137/S0036144502417715.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from insar_widgets.tiles._grid import RasterGrid
from insar_widgets.tiles._mercator import TILE, Floats, to_degrees, to_pixels, world_pixels

TOLERANCE = 0.004
"""Largest error, in pixels of the raster, of the grid that is one step coarser than the one that is used."""
_DEGREES = (6, 12, 24)
_STRIP = 32
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
        part = slice(down[0], down[-1] + 1), slice(across[0], across[-1] + 1)
        with np.errstate(invalid="ignore"):
            np.copyto(rows[part], row.astype(np.int32), where=inside)
            np.copyto(columns[part], column.astype(np.int32), where=inside)
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
    coarse: Floats | None = None
    for before, degree in zip((0, *_DEGREES), _DEGREES, strict=False):
        if 2 * (degree + 1) ** 2 > px.size * py.size:
            break
        fine = _nodes(grid, z, px_centre, py_centre, degree)
        if not np.isfinite(fine).all():
            break
        if coarse is not None:
            error = np.abs(_interpolate(coarse, before, _chebyshev(degree), _chebyshev(degree)) - fine)
            if error.max() < TOLERANCE:
                row, column = _interpolate(fine, degree, _even(py.size), _even(px.size))
                return row, column
        coarse = fine
    mesh_x, mesh_y = np.meshgrid(px_centre, py_centre)
    lon, lat = to_degrees(mesh_x, mesh_y, z)
    return grid.indices(lon, lat)


def _nodes(grid: RasterGrid, z: int, px: Floats, py: Floats, degree: int) -> Floats:
    """Exact row and column, shape (2, degree + 1, degree + 1), at nodes from the first centre to the last."""
    at = (np.array(_chebyshev(degree)) + 1) / 2
    mesh_x, mesh_y = np.meshgrid(px[0] + at * (px[-1] - px[0]), py[0] + at * (py[-1] - py[0]))
    lon, lat = to_degrees(mesh_x, mesh_y, z)
    return np.stack(grid.indices(lon, lat))


def _interpolate(nodes: Floats, degree: int, down: tuple[float, ...], across: tuple[float, ...]) -> Floats:
    """Values at places of -1 to 1 from those at the nodes."""
    left, right = _weights(degree, down) @ nodes, _weights(degree, across).T
    out = np.empty((nodes.shape[0], len(down), len(across)))
    # in strips that a BLAS does on this thread alone: its own threads would cost more than they give
    for top in range(0, len(down), _STRIP):
        np.matmul(left[:, top : top + _STRIP], right, out=out[:, top : top + _STRIP])
    return out


@lru_cache(maxsize=512)
def _weights(degree: int, at: tuple[float, ...]) -> Floats:
    """Matrix that takes values at the nodes to values at `at`."""
    nodes = np.array(_chebyshev(degree))
    signs = (-1.0) ** np.arange(degree + 1)
    signs[[0, -1]] /= 2
    distance = np.array(at)[:, None] - nodes[None, :]
    hit = np.abs(distance) < 1e-14
    distance[hit] = 1.0
    weights: Floats = signs / distance
    weights /= weights.sum(axis=1, keepdims=True)
    on_node = hit.any(axis=1)
    weights[on_node] = hit[on_node]
    return weights


@lru_cache(maxsize=8)
def _chebyshev(degree: int) -> tuple[float, ...]:
    """Chebyshev points of the second kind, from -1 to 1."""
    return tuple(float(v) for v in -np.cos(np.pi * np.arange(degree + 1) / degree))


@lru_cache(maxsize=256)
def _even(size: int) -> tuple[float, ...]:
    return tuple(float(v) for v in np.linspace(-1, 1, size))
