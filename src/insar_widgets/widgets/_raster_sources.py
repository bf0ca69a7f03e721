"""The rasters of a layer, as sources of value tiles."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.tiles import PyramidStatus, TileSource

__all__ = ["Sources", "overview", "slice_count", "slice_dates"]

# Zooms beyond that of the data's pixels: the edges of a pixel are then off by no more than an eighth of it.
_FINER = 2
_KEPT = 8  # sources that stay open, so that going back to a layer costs nothing


def slice_count(data: xr.DataArray) -> int:
    """Number of slices: 1 for two dimensions."""
    return 1 if data.ndim == 2 else int(data.shape[0])


def slice_dates(data: xr.DataArray) -> list[str]:
    """YYYYMMDD of each slice, or an empty list."""
    if data.ndim != 3 or str(data.dims[0]) not in data.coords:
        return []
    coordinate = data[str(data.dims[0])]
    if not np.issubdtype(coordinate.dtype, np.datetime64):
        return []
    return [str(stamp) for stamp in pd.DatetimeIndex(coordinate.to_numpy()).strftime("%Y%m%d")]


def overview(bounds: tuple[float, float, float, float]) -> tuple[tuple[float, float], int]:
    """Centre ``(lat, lon)`` and zoom at which a map of ordinary size, 600 x 400 pixels, shows all of some bounds."""
    south, west, north, east = bounds
    below, above = (float(np.arcsinh(np.tan(np.radians(np.clip(v, -85, 85))))) for v in (south, north))
    lat = float(np.degrees(np.arctan(np.sinh((below + above) / 2))))
    worlds = min(
        600 / 256 / max((east - west) / 360, 1e-9), 400 / 256 / max((above - below) / (2 * np.pi), 1e-9)
    )
    return (lat, (west + east) / 2), int(np.clip(np.floor(np.log2(worlds)), 0, 18))


class Sources:
    """The rasters a layer shows or has lately shown, each under a key; those `in_use` names stay open."""

    def __init__(self, in_use: Callable[[], set[str]] = set) -> None:
        self._in_use = in_use
        self._open: OrderedDict[str, tuple[xr.DataArray, TileSource]] = OrderedDict()
        self._lock = threading.Lock()
        self._made = 0

    def add(self, data: xr.DataArray) -> dict[str, Any]:
        """Open a raster, or find it among the open ones, and describe it for the front end (`SourceInfo`)."""
        with self._lock:
            key = next((key for key, (known, _) in self._open.items() if known is data), None)
            if key is None:
                self._made += 1
                key = f"r{self._made}"
                self._open[key] = (data, TileSource(data))
            self._open.move_to_end(key)
            for old in [old for old in self._open if old != key and old not in self._in_use()]:
                if len(self._open) <= _KEPT:
                    break
                self._open.pop(old)[1].cancel_pyramid()
            source = self._open[key][1]
        west, south, east, north = source.bounds
        return {
            "key": key,
            "bounds": [south, west, north, east],
            "min_zoom": 0,
            "max_zoom": source.max_zoom + _FINER,
            "slices": slice_count(data),
            "dates": slice_dates(data),
            "revision": 0,
        }

    def tile(
        self, key: str, tile: tuple[int, int, int, int], cancelled: threading.Event | None = None
    ) -> list[Any]:
        """One tile ``(slice, z, x, y)`` as parts of its bytes; none where it is empty."""
        index, z, x, y = tile
        return self._source(key).encoded(z, x, y, index, cancelled=cancelled)

    def value(self, key: str, lon: float, lat: float, index: int) -> float:
        """The value of the pixel at a place; NaN where there is none."""
        return self._source(key).value(lon, lat, index)

    def range(self, key: str, index: int, symmetric: bool) -> tuple[float, float]:
        """A range for the colours: the 2nd to the 98th percentile."""
        found = self._source(key).statistics(index)
        low, high = found.percentile(2), found.percentile(98)
        if not (np.isfinite(low) and np.isfinite(high)):
            return (-1.0, 1.0) if symmetric else (0.0, 1.0)
        if symmetric:
            high = max(abs(low), abs(high))
            low = -high
        return (low, high) if high > low else (low - 0.5, high + 0.5)

    def build_overviews(self, key: str, on_change: Callable[[dict[str, Any]], None]) -> None:
        """Build overviews of a large raster beside its file, in the background; tells how far they are."""
        told = -1.0

        def tell(status: PyramidStatus) -> None:
            nonlocal told
            if status.state == "building" and status.fraction - told < 0.01:
                return
            told = status.fraction
            on_change({"state": status.state, "fraction": status.fraction, "message": status.message})

        tell(self._source(key).build_pyramid(tell))

    def clear(self) -> None:
        """Let go of all of them."""
        with self._lock:
            for _, source in self._open.values():
                source.cancel_pyramid()
            self._open.clear()

    def _source(self, key: str) -> TileSource:
        with self._lock:
            if key not in self._open:
                raise InsarWidgetsError(
                    "The kernel no longer holds this raster. Run the cell that made the layer again."
                )
            return self._open[key][1]
