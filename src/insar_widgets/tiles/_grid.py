"""Where the pixels of a georeferenced array are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import rioxarray  # noqa: F401 - registers the `rio` accessor
import xarray as xr
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError
from rioxarray.exceptions import RioXarrayError

from insar_widgets.errors import TileError
from insar_widgets.tiles._mercator import Floats, to_pixels

_NAMES = (("y", "x"), ("lat", "lon"), ("latitude", "longitude"))
_OUTLINE = np.linspace(0, 1, 33)


@lru_cache(maxsize=32)
def _transformers(wkt: str) -> tuple[Transformer, Transformer]:
    crs, wgs84 = CRS.from_wkt(wkt), CRS.from_epsg(4326)
    return (
        Transformer.from_crs(wgs84, crs, always_xy=True),
        Transformer.from_crs(crs, wgs84, always_xy=True),
    )


@dataclass(frozen=True)
class RasterGrid:
    """A regular grid of pixels; ``x_first`` and ``y_first`` are the outer corner of pixel (0, 0).

    Steps may be negative. Longitudes of a geographic grid stay in the range they are stored in.
    """

    x_first: float
    y_first: float
    x_step: float
    y_step: float
    rows: int
    columns: int
    wkt: str
    geographic: bool

    @classmethod
    def from_array(cls, data: xr.DataArray) -> RasterGrid:
        """Grid of an array whose coordinates are pixel centres.

        Raises
        ------
        TileError
            No coordinate reference system, no coordinates, or pixels that are not evenly spaced.
        """
        y_dim, x_dim = spatial_dims(data)
        crs = _crs_of(data, x_dim)
        x_first, x_step = _axis(data, x_dim)
        y_first, y_step = _axis(data, y_dim)
        return cls(
            x_first,
            y_first,
            x_step,
            y_step,
            data.sizes[y_dim],
            data.sizes[x_dim],
            crs.to_wkt(),
            bool(crs.is_geographic),
        )

    def indices(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Fractional row and column of degrees; `floor` of them is the pixel that holds the point.

        Not finite where the projection knows no such place. On a geographic grid the longitude has to be in
        the grid's own range of 360 degrees.
        """
        lon, lat = np.asarray(lon, float), np.asarray(lat, float)
        x, y = (np.asarray(v, float) for v in _transformers(self.wkt)[0].transform(lon, lat))
        if self.geographic:
            x = x + 360 * np.round((lon - x) / 360)
        return (y - self.y_first) / self.y_step, (x - self.x_first) / self.x_step

    def lonlat(self, row: npt.ArrayLike, column: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Degrees of fractional indices; the centre of a pixel is at + 0.5.

        Longitudes are continuous over the grid, so they may leave ±180.
        """
        x = self.x_first + np.asarray(column, float) * self.x_step
        y = self.y_first + np.asarray(row, float) * self.y_step
        lon, lat = (np.asarray(v, float) for v in _transformers(self.wkt)[1].transform(x, y))
        middle = x if self.geographic else self._middle_lon
        return lon + 360 * np.round((middle - lon) / 360), lat

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees, in the longitudes of `lonlat`; a little too large, never too small."""
        row, column = np.meshgrid(_OUTLINE * self.rows, _OUTLINE * self.columns, indexing="ij")
        lon, lat = self.lonlat(row, column)
        known = np.isfinite(lon) & np.isfinite(lat)
        if not known.any():
            raise TileError(
                "No pixel of the array is a place on Earth in its coordinate reference system; "
                "check the coordinates and the CRS (array.rio.write_crs)."
            )
        lon, lat = lon[known], lat[known]
        west, east, south, north = float(lon.min()), float(lon.max()), float(lat.min()), float(lat.max())
        # between the points that were tried the outline bends outwards
        pad_lon, pad_lat = (east - west) / 64 + 1e-9, (north - south) / 64 + 1e-9
        west, east, south, north = west - pad_lon, east + pad_lon, south - pad_lat, north + pad_lat
        for pole in (-90.0, 90.0):
            if not self.geographic and self._holds(0.0, pole):
                west, east = self._middle_lon - 180, self._middle_lon + 180
                south, north = min(south, pole), max(north, pole)
        if east - west > 360:
            west, east = self._middle_lon - 180, self._middle_lon + 180
        return west, max(south, -90.0), east, min(north, 90.0)

    @cached_property
    def pixels_per_world(self) -> float:
        """Pixels of the grid along the equator of the map: their size as Web Mercator sees it, at the median place."""
        at = np.linspace(0.02, 0.98, 7)
        row, column = np.meshgrid(at * self.rows, at * self.columns, indexing="ij")
        step = 0.5
        here = [
            to_pixels(*self.lonlat(row + dr, column + dc), 0)
            for dr, dc in ((step, 0), (-step, 0), (0, step), (0, -step))
        ]
        (x1, y1), (x0, y0), (x3, y3), (x2, y2) = here
        with np.errstate(invalid="ignore"):
            area = np.abs((x1 - x0) * (y3 - y2) - (x3 - x2) * (y1 - y0)) / (2 * step) ** 2
        area = area[np.isfinite(area) & (area > 0)]
        return float(256 / np.sqrt(np.median(area))) if area.size else 256.0

    @cached_property
    def _middle_lon(self) -> float:
        if self.geographic:
            return self.x_first + self.columns * self.x_step / 2
        x = self.x_first + self.columns * self.x_step / 2
        y = self.y_first + self.rows * self.y_step / 2
        lon = float(_transformers(self.wkt)[1].transform(x, y)[0])
        return lon if np.isfinite(lon) else 0.0

    def _holds(self, lon: float, lat: float) -> bool:
        try:
            row, column = (float(v) for v in self.indices(lon, lat))
        except ProjError:
            return False
        return 0 <= row <= self.rows and 0 <= column <= self.columns


def spatial_dims(data: xr.DataArray) -> tuple[str, str]:
    """Names of the dimensions of rows and columns."""
    for y_dim, x_dim in _NAMES:
        if y_dim in data.dims and x_dim in data.dims:
            return y_dim, x_dim
    try:
        return str(data.rio.y_dim), str(data.rio.x_dim)
    except RioXarrayError as error:
        raise TileError(
            f"The array has the dimensions {', '.join(map(str, data.dims)) or 'none'}, and none of them are its rows "
            "and columns; rename them to y and x."
        ) from error


def _crs_of(data: xr.DataArray, x_dim: str) -> CRS:
    try:
        found = data.rio.crs
        crs = CRS.from_user_input(found) if found is not None else None
    except (CRSError, RioXarrayError, ValueError) as error:
        raise TileError(f"The coordinate reference system of the array is unknown ({error}).") from error
    if crs is None and x_dim in ("lon", "longitude"):
        return CRS.from_epsg(4326)
    if crs is None:
        raise TileError(
            "The array has no coordinate reference system; set it with array.rio.write_crs('EPSG:...')."
        )
    if not (crs.is_geographic or crs.is_projected):
        raise TileError(
            f"The coordinate reference system {crs.name} is no map; use a projected or geographic one."
        )
    return crs


def _axis(data: xr.DataArray, dim: str) -> tuple[float, float]:
    """Outer edge of the first pixel, and the step."""
    if dim not in data.coords or data.coords[dim].ndim != 1:
        raise TileError(
            f"The array has no coordinate {dim} of one dimension, so its pixels have no place on a map; "
            "assign pixel centres with assign_coords(...)."
        )
    values = np.asarray(data.coords[dim].values)
    if values.dtype.kind not in "fiu" or not np.isfinite(values).all():
        raise TileError(f"The coordinate {dim} holds values that are no numbers; assign pixel centres.")
    return _regular(values, dim, data)


def _regular(values: npt.NDArray[Any], dim: str, data: xr.DataArray) -> tuple[float, float]:
    wide = values.astype(np.float64)
    alone = wide.size < 2
    step = _step_of_transform(data, dim) if alone else float(wide[-1] - wide[0]) / (wide.size - 1)
    # what the coordinate's own type can resolve
    fine = float(np.spacing(np.abs(values).max())) if values.dtype.kind == "f" else 0.0
    off = np.abs(wide - (wide[0] + step * np.arange(wide.size))).max()
    uneven = off > 0.05 * abs(step) + 4 * fine
    if step == 0 or uneven:
        raise TileError(f"The {dim} coordinates are not evenly spaced; resample the array to a regular grid.")
    return float(wide[0]) - step / 2, step


def _step_of_transform(data: xr.DataArray, dim: str) -> float:
    spatial = data.coords.get("spatial_ref")
    words = str(spatial.attrs.get("GeoTransform", "")).split() if spatial is not None else []
    if len(words) != 6:
        raise TileError(
            f"The array has a single {dim} coordinate, so its pixel size is unknown; keep at least two."
        )
    return float(words[1] if dim == spatial_dims(data)[1] else words[5])
