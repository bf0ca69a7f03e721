"""The part of the stack's grid that a template loads, and where points fall in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyproj import Transformer

from insar_widgets.runner._template_values import numbers_in

if TYPE_CHECKING:
    from insar_widgets.hyp3 import Grid
    from insar_widgets.runner._template_context import Context

__all__ = ["Frame", "frame_of"]


@dataclass(frozen=True)
class Frame:
    """Rows and columns that are loaded.

    Attributes
    ----------
    grid : the stack's grid.
    box : first row, end row, first column, end column of the subset, not cut to the grid.
    steps : rows and columns of multilooking.
    subset_key : the option that sets the subset; None without one.
    """

    grid: Grid
    box: tuple[int, int, int, int]
    steps: tuple[int, int]
    subset_key: str | None

    @property
    def rows(self) -> int:
        """Rows of the whole grid."""
        return self.grid.height

    @property
    def columns(self) -> int:
        """Columns of the whole grid."""
        return self.grid.width

    @property
    def cut(self) -> tuple[int, int, int, int]:
        """The box, cut to the grid."""
        row0, row1, column0, column1 = self.box
        return max(row0, 0), min(row1, self.rows), max(column0, 0), min(column1, self.columns)

    @property
    def is_empty(self) -> bool:
        """Whether box and grid have no pixel in common."""
        row0, row1, column0, column1 = self.cut
        return row0 >= row1 or column0 >= column1

    @property
    def reaches_out(self) -> bool:
        """Whether a part of the box is outside the grid."""
        return self.cut != self.box

    @property
    def what(self) -> str:
        """What a point can be outside of."""
        return "subset" if self.subset_key else "products"

    @property
    def outline(self) -> str:
        """Extent of the grid in degrees, in words."""
        ring = self.grid.polygon()
        lons, lats = zip(*ring, strict=True)
        return f"latitude {min(lats):.4f} to {max(lats):.4f}, longitude {min(lons):.4f} to {max(lons):.4f}"

    def pixel_of_lalo(self, lat: float, lon: float) -> tuple[int, int] | None:
        """Row and column in the whole grid; None outside what is loaded."""
        row, column = lalo_to_pixel(self.grid, lat, lon)
        row0, row1, column0, column1 = self.cut
        return (row, column) if row0 <= row < row1 and column0 <= column < column1 else None

    def pixel_of_yx(self, row: int, column: int) -> tuple[int, int] | None:
        """Row and column in the whole grid of a pixel of the loaded one; None outside."""
        row0, row1, column0, column1 = self.cut
        inside = (
            0 <= row < (row1 - row0) // self.steps[0] and 0 <= column < (column1 - column0) // self.steps[1]
        )
        return (row0 + row * self.steps[0], column0 + column * self.steps[1]) if inside else None


def lalo_to_pixel(grid: Grid, lat: float, lon: float) -> tuple[int, int]:
    """Row and column as MintPy's ``coordinate.lalo2yx`` finds them.

    Pairs of numbers that can be degrees are degrees; others are northing and easting.
    """
    x, y = lon, lat
    if abs(lat) <= 90 and abs(lon) <= 360:
        x, y = Transformer.from_crs(4326, grid.epsg, always_xy=True).transform(lon, lat)
    if not (math.isfinite(x) and math.isfinite(y)):
        return -1, -1
    left, top = grid.transform[2], grid.transform[5]
    return math.floor((top - y) / grid.yres + 0.01), math.floor((x - left) / grid.xres + 0.01)


def frame_of(context: Context) -> Frame | None:
    """What the template loads of the stack; None without a stack on one grid."""
    grid = context.stack.grid if context.stack is not None and context.stack.products else None
    if grid is None:
        return None
    steps = tuple(int(context.text(f"mintpy.multilook.{axis}step") or 1) for axis in "yx")
    box: tuple[int, int, int, int] = (0, grid.height, 0, grid.width)
    key = next(
        (f"mintpy.subset.{name}" for name in ("lalo", "yx") if context.text(f"mintpy.subset.{name}")), None
    )
    if key is not None:
        numbers = numbers_in(context.text(key))
        if key.endswith("lalo"):
            south, north, west, east = numbers
            corners = [lalo_to_pixel(grid, lat, lon) for lat in (south, north) for lon in (west, east)]
            rows, columns = zip(*corners, strict=True)
            box = (min(rows), max(rows), min(columns), max(columns))
        else:
            box = (int(numbers[0]), int(numbers[1]), int(numbers[2]), int(numbers[3]))
    return Frame(grid, box, (steps[0], steps[1]), key)
