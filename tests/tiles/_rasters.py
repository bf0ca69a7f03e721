"""Georeferenced arrays for the tests of tiles, and GDAL's opinion of them."""

from __future__ import annotations

import numpy as np
import rasterio.warp
import rioxarray  # noqa: F401
import xarray as xr
from pyproj import Transformer
from rasterio.transform import Affine

HALF = np.pi * 6378137.0


def georeferenced(values: np.ndarray, transform: Affine, crs: str, **kwargs: object) -> xr.DataArray:
    """An array with pixel centres as coordinates."""
    rows, columns = values.shape[-2:]
    x = transform.c + (np.arange(columns) + 0.5) * transform.a
    y = transform.f + (np.arange(rows) + 0.5) * transform.e
    dims = ("date", "y", "x")[-values.ndim :]
    return xr.DataArray(values, dims=dims, coords={"y": y, "x": x}, **kwargs).rio.write_crs(crs)


def make(
    crs: str, lon: float, lat: float, size: tuple[int, int] = (700, 900), pixel: float = 40.0
) -> xr.DataArray:
    """Noise without any pixel like its neighbour, in the middle of `lon`, `lat`."""
    values = np.random.default_rng(3).normal(size=size).astype(np.float32)
    values[:20, :30] = np.nan
    if crs == "EPSG:4326":
        step, x, y = pixel / 111_320, lon, lat
    else:
        step = pixel
        x, y = Transformer.from_crs(4326, crs, always_xy=True).transform(lon, lat)
    return georeferenced(
        values, Affine(step, 0, x - step * size[1] / 2, 0, -step, y + step * size[0] / 2), crs
    )


def gdal_tile(data: xr.DataArray, z: int, x: int, y: int) -> np.ndarray:
    """The same tile from GDAL, without its approximation."""
    step = 2 * HALF / 2**z / 256
    dx, dy = float(data.x[1] - data.x[0]), float(data.y[1] - data.y[0])
    source = Affine(dx, 0, float(data.x[0]) - dx / 2, 0, dy, float(data.y[0]) - dy / 2)
    target = np.full((256, 256), np.nan, np.float32)
    rasterio.warp.reproject(
        np.ascontiguousarray(data.values, dtype=np.float32), target, src_transform=source, src_crs=data.rio.crs,
        src_nodata=np.nan, dst_transform=Affine(step, 0, -HALF + x * 256 * step, 0, -step, HALF - y * 256 * step),
        dst_crs="EPSG:3857", dst_nodata=np.nan, resampling=rasterio.warp.Resampling.nearest, tolerance=0,
    )  # fmt: skip
    return target


def tile_at(lon: float, lat: float, z: int) -> tuple[int, int]:
    """The tile that holds a place."""
    y = (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * 2**z
    return int((lon + 180) / 360 * 2**z), int(y)


def pixel_centres(z: int, x: int, y: int) -> tuple[np.ndarray, np.ndarray]:
    """Web Mercator metres of the centres of a tile's pixels, shape (256, 256) each."""
    step = 2 * HALF / 2**z / 256
    east = -HALF + (x * 256 + np.arange(256) + 0.5) * step
    north = HALF - (y * 256 + np.arange(256) + 0.5) * step
    return tuple(np.meshgrid(east, north))


def positions(crs: str, transform: Affine, size: tuple[int, int]) -> xr.DataArray:
    """An array (slice, y, x) whose values are row and column of each pixel."""
    rows, columns = np.meshgrid(np.arange(size[0]), np.arange(size[1]), indexing="ij")
    return georeferenced(np.stack([rows, columns]).astype(np.float32), transform, crs)


def by_hand(values: np.ndarray, factor: int, classes: bool = False) -> np.ndarray:
    """Mean of the valid pixels, or commonest class (the smallest of equals), block by block."""
    rows, columns = -(-values.shape[0] // factor), -(-values.shape[1] // factor)
    whole = np.full((rows * factor, columns * factor), np.nan)
    whole[: values.shape[0], : values.shape[1]] = values
    blocks = whole.reshape(rows, factor, columns, factor).swapaxes(1, 2).reshape(rows, columns, -1)
    empty = np.isnan(blocks).all(axis=2)
    if classes:
        found = np.unique(values[~np.isnan(values)])
        best = found[np.stack([(blocks == value).sum(axis=2) for value in found]).argmax(axis=0)]
    else:
        best = np.nansum(blocks, axis=2) / np.maximum(1, (~np.isnan(blocks)).sum(axis=2))
    return np.where(empty, np.nan, best)
