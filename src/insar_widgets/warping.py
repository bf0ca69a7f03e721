"""Rasters in another reference system.

Without GDAL's virtual rasters, on which `rasterio.warp.calculate_default_transform` and `rasterio.vrt.WarpedVRT` are
built: the GDAL of a page that is confined to a folder has none, since a virtual raster reads any other file.
"""

from __future__ import annotations

import math
from typing import Any

from rasterio.transform import Affine, array_bounds
from rasterio.warp import transform as transform_points
from rasterio.warp import transform_bounds

__all__ = ["warped_grid"]


def warped_grid(
    crs: Any, to: Any, transform: Affine, shape: tuple[int, int], max_size: int | None = None
) -> tuple[Affine, tuple[int, int]]:
    """Grid of square pixels that holds a raster in another reference system, with about its resolution.

    As many pixels lie on its diagonal as on the raster's, which is GDAL's rule.

    Parameters
    ----------
    crs, to
        Reference systems of the raster and of the grid, as rasterio takes them.
    transform, shape
        The raster's grid: corner of its first pixel and steps, rows and columns.
    max_size
        Columns and rows the grid may have at most, with coarser pixels where it has to; None: any number.

    Returns
    -------
    transform, shape
        Of the grid, in the units of `to`.
    """
    left, bottom, right, top = array_bounds(*shape, transform)
    west, south, east, north = transform_bounds(crs, to, left, bottom, right, top)
    xs, ys = transform_points(crs, to, [left, right], [top, bottom])
    pixel = math.dist((xs[0], ys[0]), (xs[1], ys[1])) / math.hypot(*shape)
    if max_size is not None:
        pixel = max(pixel, (east - west) / max_size, (north - south) / max_size)
    rows, columns = (max(1, math.ceil(size / pixel - 0.01)) for size in (north - south, east - west))
    return Affine(pixel, 0, west, 0, -pixel, north), (rows, columns)
