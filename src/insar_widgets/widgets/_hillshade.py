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
from rasterio.transform import array_bounds
from rasterio.warp import Resampling, reproject, transform_bounds

from insar_widgets.warping import warped_grid

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
            transform, shape = warped_grid(source.crs, 3857, source.transform, source.shape, max_size)
            step = max(1, min(had // has for had, has in zip(source.shape, shape, strict=True)))
            rows, columns = (-(-had // step) for had in source.shape)
            x, y = source.width / columns, source.height / rows
            a, b, left, d, e, top = source.transform[:6]
            heights = np.full(shape, np.nan)
            reproject(
                source.read(1, out_shape=(rows, columns), out_dtype=float, masked=True).filled(np.nan),
                heights,
                src_transform=Affine(a * x, b * y, left, d * x, e * y, top),
                src_crs=source.crs,
                src_nodata=np.nan,
                dst_transform=transform,
                dst_crs=3857,
                dst_nodata=np.nan,
                resampling=Resampling.bilinear,
            )
            west, south, east, north = transform_bounds(3857, 4326, *array_bounds(*shape, transform))
    except (RasterioError, OSError, ValueError):
        return None
    valid = np.isfinite(heights)
    if not valid.any() or min(heights.shape) < 2:
        return None
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
