"""Stands in until the tiles room has its TileSource."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import rioxarray  # noqa: F401
import xarray as xr
from numpy.typing import NDArray
from rasterio.transform import from_bounds, from_origin
from rasterio.warp import Resampling, reproject, transform, transform_bounds

HALF = 20037508.342789244


class TileSource:
    def __init__(self, data: xr.DataArray) -> None:
        self._data = data
        self._lock = threading.Lock()
        xs, ys = data.x.to_numpy(), data.y.to_numpy()
        dx, dy = float(xs[1] - xs[0]), float(ys[0] - ys[1])
        left, top = float(xs[0] - dx / 2), float(ys[0] + dy / 2)
        self._corner = (left, top, dx, dy)
        self._transform = from_origin(*self._corner)
        west, south, east, north = transform_bounds(
            data.rio.crs, 4326, left, top - dy * ys.size, left + dx * xs.size, top
        )
        self.bounds = (south, west, north, east)
        metres = (east - west) * 111320 / xs.size
        self.min_zoom = 0
        self.max_zoom = max(0, math.ceil(math.log2(156543 / metres)))

    def _slice(self, index: int | None) -> NDArray[np.float32]:
        with self._lock:
            data = self._data if self._data.ndim == 2 else self._data[index or 0]
            return data.to_numpy().astype("float32")

    def tile(
        self, z: int, x: int, y: int, index: int | None = None, cancelled: threading.Event | None = None
    ) -> NDArray[np.float32]:
        size = 2 * HALF / 2**z
        out = np.full((256, 256), np.nan, dtype="float32")
        reproject(
            self._slice(index),
            out,
            src_transform=self._transform,
            src_crs=self._data.rio.crs,
            dst_transform=from_bounds(
                -HALF + x * size, HALF - (y + 1) * size, -HALF + (x + 1) * size, HALF - y * size, 256, 256
            ),
            dst_crs=3857,
            src_nodata=np.nan,
            dst_nodata=np.nan,
            resampling=Resampling.nearest,
        )
        return out

    def encode(self, tile: NDArray[np.float32]) -> bytes:
        return tile.astype("<f4").tobytes()

    def value(self, lon: float, lat: float, index: int | None = None) -> float:
        xs, ys = transform(4326, self._data.rio.crs, [lon], [lat])
        left, top, dx, dy = self._corner
        column, row = math.floor((xs[0] - left) / dx), math.floor((top - ys[0]) / dy)
        values: Any = self._slice(index)
        if not (0 <= row < values.shape[0] and 0 <= column < values.shape[1]):
            return math.nan
        return float(values[row, column])

    def percentiles(self, shares: tuple[float, ...], index: int | None = None) -> list[float]:
        values = self._slice(index)
        values = values[np.isfinite(values)]
        return [float(v) for v in np.percentile(values, shares)] if values.size else [math.nan] * len(shares)
