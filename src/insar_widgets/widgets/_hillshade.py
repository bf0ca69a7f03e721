"""A shaded relief of a stack's own DEM, for maps that must not need the internet."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile
from rasterio.vrt import WarpedVRT
from rasterio.warp import Resampling, calculate_default_transform, transform_bounds

__all__ = ["Hillshade", "hillshade", "shade"]


@dataclass(frozen=True)
class Hillshade:
    """A grey PNG with transparency in Web Mercator, and its `(south, west, north, east)` in degrees WGS84."""

    png: bytes
    bounds: tuple[float, float, float, float]


def shade(heights: NDArray[np.float64], pixel: float, exaggeration: float = 1.0) -> NDArray[np.float64]:
    """Brightness 0..1 of a surface lit from the north-west, 45 degrees high (Lambert).

    Parameters
    ----------
    heights
        Metres, rows from north to south; NaN stays NaN.
    pixel
        Size of a pixel on the ground in metres.
    exaggeration
        Factor on the heights.
    """
    north_to_south, west_to_east = np.gradient(heights * exaggeration, pixel)
    # The normal is (-dz/dx, -dz/dy, 1) with y to the north; light comes from (-1, 1, sqrt 2) / 2.
    light = (west_to_east + north_to_south) / 2.0 + np.sqrt(0.5)
    steepness: NDArray[np.float64] = np.sqrt(1 + west_to_east**2 + north_to_south**2)
    brightness: NDArray[np.float64] = np.clip(light / steepness, 0, 1)
    return brightness


def hillshade(dem: str, max_size: int = 1024) -> Hillshade | None:
    """Shade a DEM, warped to Web Mercator and at most `max_size` pixels wide and high.

    Returns None when the DEM cannot be read or holds nothing: a map does without it.

    Parameters
    ----------
    dem
        Path of a GeoTIFF, as rasterio takes it; heights in metres.
    """
    try:
        # nothing but the file itself: a GeoTIFF's overviews and mask may lie in other files, anywhere
        with (
            rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"),
            rasterio.open(dem, driver="GTiff", overview_level="NONE") as source,
        ):
            transform, width, height = calculate_default_transform(
                source.crs, 3857, source.width, source.height, *source.bounds
            )
            shrink = max(1.0, width / max_size, height / max_size)
            columns, rows = round(width / shrink), round(height / shrink)
            a, _, left, _, e, top = transform[:6]
            transform = Affine(a * width / columns, 0, left, 0, e * height / rows, top)
            with WarpedVRT(
                source,
                crs=3857,
                transform=transform,
                width=columns,
                height=rows,
                resampling=Resampling.bilinear,
                add_alpha=source.nodata is None,
            ) as warped:
                heights = warped.read(1).astype(float)
                valid = warped.dataset_mask() > 0
                west, south, east, north = transform_bounds(3857, 4326, *warped.bounds)
    except (RasterioError, OSError, ValueError):
        return None
    if not valid.any() or min(heights.shape) < 2:
        return None
    heights[~valid] = np.nan
    on_ground = abs(transform.a) * np.cos(np.radians((south + north) / 2))
    surface = np.where(valid, heights, np.nanmean(heights))
    brightness = shade(surface, on_ground, _exaggeration(surface, on_ground))
    grey = np.where(valid, np.round(60 + 195 * brightness), 0).astype(np.uint8)
    return Hillshade(_png(grey, np.where(valid, 255, 0).astype(np.uint8)), (south, west, north, east))


def _exaggeration(heights: NDArray[np.float64], pixel: float) -> float:
    """Factor on the heights that lets plains show their relief and leaves mountains as they are."""
    steep = float(np.percentile(np.hypot(*np.gradient(heights, pixel)), 95))
    return float(np.clip(0.5 / max(steep, 1e-9), 1.0, 8.0))


def _png(grey: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> bytes:
    with warnings.catch_warnings(), MemoryFile() as memory:
        # A picture has no place on the ground; its bounds travel beside it.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with memory.open(
            driver="PNG", width=grey.shape[1], height=grey.shape[0], count=2, dtype="uint8"
        ) as picture:
            picture.write(grey, 1)
            picture.write(alpha, 2)
        return bytes(memory.read())
