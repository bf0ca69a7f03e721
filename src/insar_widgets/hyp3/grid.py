"""The grid of a raster: projection, pixel size and origin; overlaps, alignment and windows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pyproj import Transformer

__all__ = ["Bounds", "Grid", "common_overlap", "transform_bounds"]

Bounds = tuple[float, float, float, float]
"""Left, bottom, right, top in the units of the projection."""

# Origins this close, in pixels, are the same: coordinates are written with finite digits.
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Grid:
    """A north-up raster grid.

    Parameters
    ----------
    epsg
        Code of the projection.
    transform
        `(a, b, c, d, e, f)`: x = a*column + b*row + c and y = d*column + e*row + f of the **outer corner** of
        the pixel, so (c, f) is the upper left corner of the raster.
    width, height
        Columns and rows.
    """

    epsg: int
    transform: tuple[float, float, float, float, float, float]
    width: int
    height: int

    @property
    def xres(self) -> float:
        """Width of a pixel in units of the projection, positive."""
        return self.transform[0]

    @property
    def yres(self) -> float:
        """Height of a pixel in units of the projection, positive."""
        return -self.transform[4]

    @property
    def bounds(self) -> Bounds:
        """Left, bottom, right, top of the outer edges."""
        left, top = self.transform[2], self.transform[5]
        return (left, top - self.height * self.yres, left + self.width * self.xres, top)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return (self.height, self.width)

    @property
    def is_north_up(self) -> bool:
        """Whether rows run south and columns east, as in every HyP3 product."""
        a, b, _, d, e, _ = self.transform
        return b == 0 and d == 0 and a > 0 and e < 0

    def offset(self, other: Grid) -> tuple[float, float]:
        """Columns and rows from this grid's origin to the other's, in pixels of this grid."""
        return (
            (other.transform[2] - self.transform[2]) / self.xres,
            (self.transform[5] - other.transform[5]) / self.yres,
        )

    def is_aligned(self, other: Grid) -> bool:
        """Whether pixels of both fall upon each other: same projection and size, whole-pixel offset."""
        if self.epsg != other.epsg or not self.has_pixels_of(other):
            return False
        return all(abs(value - round(value)) <= TOLERANCE for value in self.offset(other))

    def has_pixels_of(self, other: Grid) -> bool:
        """Whether pixels are of the same size, to a thousandth of a pixel over the whole raster."""
        pixels = max(self.width, self.height, other.width, other.height)
        return (
            abs(self.xres / other.xres - 1) * pixels <= TOLERANCE
            and abs(self.yres / other.yres - 1) * pixels <= TOLERANCE
        )

    def is_same(self, other: Grid) -> bool:
        """Whether both are one grid: aligned, with the same origin, rows and columns."""
        return (
            self.shape == other.shape
            and self.is_aligned(other)
            and all(abs(value) <= TOLERANCE for value in self.offset(other))
        )

    def within(self, bounds: Bounds, *, outward: bool) -> Grid | None:
        """Return the grid with these pixels that covers `bounds`, None if it would have no pixel.

        Parameters
        ----------
        bounds
            In this grid's projection; it may reach beyond the grid.
        outward
            Whether pixels that `bounds` cuts belong to it.
        """
        left, bottom, right, top = bounds
        x0, y0 = self.transform[2], self.transform[5]
        low, high = (math.floor, math.ceil) if outward else (math.ceil, math.floor)
        nudge = TOLERANCE if outward else -TOLERANCE
        first_column = low((left - x0) / self.xres + nudge)
        last_column = high((right - x0) / self.xres - nudge)
        first_row = low((y0 - top) / self.yres + nudge)
        last_row = high((y0 - bottom) / self.yres - nudge)
        if last_column <= first_column or last_row <= first_row:
            return None
        corner = (x0 + first_column * self.xres, y0 - first_row * self.yres)
        return Grid(
            self.epsg,
            (self.xres, 0.0, corner[0], 0.0, -self.yres, corner[1]),
            last_column - first_column,
            last_row - first_row,
        )

    def polygon(self, points_per_side: int = 4) -> list[list[float]]:
        """Outline as a closed ring of `[lon, lat]` in degrees WGS84."""
        left, bottom, right, top = self.bounds
        steps = [i / points_per_side for i in range(points_per_side)]
        ring = [(left + (right - left) * s, top) for s in steps]
        ring += [(right, top + (bottom - top) * s) for s in steps]
        ring += [(right + (left - right) * s, bottom) for s in steps]
        ring += [(left, bottom + (top - bottom) * s) for s in steps]
        ring.append(ring[0])
        lon, lat = transformer(self.epsg, 4326).transform([x for x, _ in ring], [y for _, y in ring])
        return [[x, y] for x, y in zip(lon, lat, strict=True)]


@lru_cache(maxsize=64)
def transformer(source: int, target: int) -> Transformer:
    """Return the transformation between two EPSG codes, x (or longitude) first."""
    return Transformer.from_crs(source, target, always_xy=True)


def transform_bounds(bounds: Bounds, source: int, target: int) -> Bounds:
    """Return the box around `bounds` in another projection."""
    if source == target:
        return bounds
    left, bottom, right, top = transformer(source, target).transform_bounds(*bounds, densify_pts=21)
    return (left, bottom, right, top)


def intersect(boxes: Iterable[Bounds]) -> Bounds | None:
    """Return what all boxes have in common, None if that is nothing."""
    left, bottom, right, top = (list(values) for values in zip(*boxes, strict=True))
    common = (max(left), max(bottom), min(right), min(top))
    return common if common[0] < common[2] and common[1] < common[3] else None


def area(box: Bounds | None) -> float:
    """Area of a box in square units of its projection; 0 for none."""
    return 0.0 if box is None else (box[2] - box[0]) * (box[3] - box[1])


def common_overlap(grids: Sequence[Grid], epsg: int) -> Bounds | None:
    """Return the box all grids have in common, in projection `epsg`; None if that is nothing."""
    return intersect(transform_bounds(grid.bounds, grid.epsg, epsg) for grid in grids) if grids else None
