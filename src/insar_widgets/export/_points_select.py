"""Which pixels become points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from insar_widgets.errors import ExportError, ResultsError
from insar_widgets.results import Grid


def nearest_pixels(grid: Grid, points: Sequence[Mapping[str, Any]]) -> dict[tuple[int, int], str]:
    """Row and column of the pixel that holds each place, with its label; places in one pixel share it."""
    found: dict[tuple[int, int], str] = {}
    for number, point in enumerate(points, 1):
        try:
            pixel = grid.pixel(float(point["lon"]), float(point["lat"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ExportError(f"Point {number} has no lon and lat in degrees: {dict(point)}.") from error
        except ResultsError as error:
            raise ExportError(f"Point {number} cannot be written: {error}") from error
        label = str(point.get("label") or "")
        found[pixel] = ", ".join(filter(None, (found.get(pixel, ""), label)))
    return found


def inside(grid: Grid, part: slice, area: Sequence[Sequence[float]]) -> npt.NDArray[np.bool_]:
    """Pixels of some rows whose centre lies within a polygon in degrees."""
    try:
        polygon = shapely.Polygon([(float(lon), float(lat)) for lon, lat in area])
    except (TypeError, ValueError) as error:
        raise ExportError("The area is no polygon [[lon, lat], ...] of at least three places.") from error
    rows, columns = np.meshgrid(
        np.arange(part.start, part.stop) + 0.5, np.arange(grid.columns) + 0.5, indexing="ij"
    )
    lon, lat = grid.lonlat(rows, columns)
    return np.asarray(shapely.contains_xy(polygon, lon, lat), bool)
