"""The pixel grid of a work directory, and the way between its coordinates and degrees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import CRSError

from insar_widgets.errors import ResultsError

GEOD = Geod(ellps="WGS84")
Floats = npt.NDArray[np.float64]


@lru_cache(maxsize=16)
def _crs(wkt: str) -> tuple[CRS, bool]:
    crs = CRS.from_wkt(wkt)
    return crs, bool(crs.is_geographic)


@lru_cache(maxsize=16)
def _wkt(text: str) -> str:
    return str(CRS.from_user_input(text).to_wkt())


@lru_cache(maxsize=16)
def _transformers(wkt: str) -> tuple[Transformer, Transformer]:
    crs, wgs84 = CRS.from_wkt(wkt), CRS.from_epsg(4326)
    return (
        Transformer.from_crs(crs, wgs84, always_xy=True),
        Transformer.from_crs(wgs84, crs, always_xy=True),
    )


@dataclass(frozen=True)
class Grid:
    """A north-up or south-up raster grid; ``x_first`` and ``y_first`` are the outer corner of pixel (0, 0)."""

    x_first: float
    y_first: float
    x_step: float
    y_step: float
    rows: int
    columns: int
    wkt: str

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], where: str) -> Grid:
        """Grid of a MintPy file; `where` names the file in errors."""
        try:
            x0, y0, dx, dy = (float(metadata[key]) for key in ("X_FIRST", "Y_FIRST", "X_STEP", "Y_STEP"))
            rows, columns = int(metadata["LENGTH"]), int(metadata["WIDTH"])
        except (KeyError, ValueError) as error:
            raise ResultsError(
                f"{where} does not say where its pixels are ({error}); run the step that writes it again."
            ) from error
        return cls(x0, y0, dx, dy, rows, columns, _crs_of(metadata, where).to_wkt())

    @classmethod
    def from_array(cls, array: xr.DataArray) -> Grid:
        """Grid of a DataArray with dimensions ``y`` and ``x``, pixel centres as coordinates, and ``rio.crs``."""
        spatial = array.coords.get("spatial_ref")
        wkt = str(spatial.attrs.get("crs_wkt", "")) if spatial is not None else ""
        if not wkt and array.rio.crs is not None:
            wkt = _wkt(array.rio.crs.to_wkt())
        if not wkt or "x" not in array.coords or "y" not in array.coords:
            raise ResultsError(
                "The array has no coordinate reference system or no x and y coordinates; "
                "set them with array.rio.write_crs(...) and assign_coords(...)."
            )
        x0, dx = _regular(array["x"].values, "x")
        y0, dy = _regular(array["y"].values, "y")
        return cls(x0 - dx / 2, y0 - dy / 2, dx, dy, array.sizes["y"], array.sizes["x"], wkt)

    @property
    def crs(self) -> CRS:
        """Coordinate reference system of x and y."""
        return _crs(self.wkt)[0]

    @property
    def x(self) -> Floats:
        """Pixel centres of the columns, shape (columns,)."""
        return self.x_first + np.arange(0.5, self.columns) * self.x_step

    @property
    def y(self) -> Floats:
        """Pixel centres of the rows, shape (rows,)."""
        return self.y_first + np.arange(0.5, self.rows) * self.y_step

    def matches(self, other: Grid) -> bool:
        """Whether two grids have the same pixels, to a hundredth of a pixel."""
        return (
            (self.rows, self.columns) == (other.rows, other.columns)
            and abs(self.x_first - other.x_first) < 0.01 * abs(self.x_step)
            and abs(self.y_first - other.y_first) < 0.01 * abs(self.y_step)
            and abs(self.x_step - other.x_step) * self.columns < 0.01 * abs(self.x_step)
            and abs(self.y_step - other.y_step) * self.rows < 0.01 * abs(self.y_step)
        )

    def lonlat(self, row: npt.ArrayLike, column: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Longitude and latitude (degrees WGS84) of fractional indices; pixel centres are at + 0.5."""
        x = self.x_first + np.asarray(column, float) * self.x_step
        y = self.y_first + np.asarray(row, float) * self.y_step
        lon, lat = _transformers(self.wkt)[0].transform(x, y)
        return (np.asarray(lon, float) + 180) % 360 - 180, np.asarray(lat, float)

    def indices(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Fractional row and column of degrees WGS84; ``floor`` of them is the pixel that holds the point."""
        x, y = _transformers(self.wkt)[1].transform(np.asarray(lon, float), np.asarray(lat, float))
        x, y = np.asarray(x, float), np.asarray(y, float)
        if _crs(self.wkt)[1]:
            opposite = self.x_first + self.columns * self.x_step / 2 - 180
            x = opposite + (x - opposite) % 360
        return (y - self.y_first) / self.y_step, (x - self.x_first) / self.x_step

    def pixel(self, lon: float, lat: float) -> tuple[int, int]:
        """Row and column of the pixel that holds a point.

        Raises
        ------
        ResultsError
            The point is not a place on Earth, or lies outside the frame.
        """
        if not (np.isfinite(lon) and np.isfinite(lat) and -90 <= lat <= 90 and -360 <= lon <= 360):
            raise ResultsError(
                f"({lon}, {lat}) is not a longitude and latitude in degrees; give lon first, then lat."
            )
        row, column = (float(v) for v in self.indices(lon, lat))
        if not (0 <= row < self.rows and 0 <= column < self.columns):
            raise ResultsError(
                f"The point lon {lon:.5f}, lat {lat:.5f} lies outside the frame ({self.describe_extent()}); "
                "choose a point inside it."
            )
        return int(row), int(column)

    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the outline in degrees WGS84."""
        along = np.linspace(0, 1, 21)
        rows = np.concatenate([along * 0, along, along * 0 + 1, along]) * self.rows
        columns = np.concatenate([along, along * 0 + 1, along, along * 0]) * self.columns
        lon, lat = self.lonlat(rows, columns)
        middle = float(self.lonlat(self.rows / 2, self.columns / 2)[0])
        lon = middle + (lon - middle + 180) % 360 - 180
        return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())

    def describe_extent(self) -> str:
        """The outline in words."""
        west, south, east, north = self.bounds()
        return f"lon {west:.4f} to {east:.4f}, lat {south:.4f} to {north:.4f}"

    def pixel_size(self) -> tuple[float, float]:
        """Height and width of the middle pixel in metres on the ellipsoid."""
        row, column = self.rows // 2, self.columns // 2
        lon, lat = self.lonlat([row + 0.5, row + 0.5, row + 1.5], [column + 0.5, column + 1.5, column + 0.5])
        _, _, width = GEOD.inv(lon[0], lat[0], lon[1], lat[1])
        _, _, height = GEOD.inv(lon[0], lat[0], lon[2], lat[2])
        return float(height), float(width)

    def window(self, lon: npt.ArrayLike, lat: npt.ArrayLike, margin: float) -> tuple[slice, slice]:
        """Rows and columns that hold everything within `margin` metres of the points."""
        row, column = (np.atleast_1d(v) for v in self.indices(lon, lat))
        known = np.isfinite(row) & np.isfinite(column)
        row, column = row[known], column[known]
        box = np.array([[r, c] for r in (row.min(), row.max()) for c in (column.min(), column.max())])
        box_lon, box_lat = self.lonlat(box[:, 0], box[:, 1])
        azimuths = np.arange(0, 360, 45.0)
        around_lon, around_lat, _ = GEOD.fwd(
            np.repeat(box_lon, azimuths.size),
            np.repeat(box_lat, azimuths.size),
            np.tile(azimuths, 4),
            np.full(4 * azimuths.size, margin * 1.1),
        )
        around_row, around_column = self.indices(around_lon, around_lat)
        return _clip(around_row, self.rows), _clip(around_column, self.columns)


def _clip(index: Floats, size: int) -> slice:
    low = int(np.clip(np.floor(index.min()) - 1, 0, size))
    high = int(np.clip(np.ceil(index.max()) + 1, 0, size))
    return slice(low, max(high, low))


def _regular(values: npt.NDArray[Any], name: str) -> tuple[float, float]:
    if values.size < 2:
        raise ResultsError(
            f"The array has a single {name} coordinate, so its pixel size is unknown; keep at least two."
        )
    step = (float(values[-1]) - float(values[0])) / (values.size - 1)
    if step == 0 or np.abs(np.diff(values.astype(float)) - step).max() > 0.01 * abs(step):
        raise ResultsError(
            f"The {name} coordinates are not evenly spaced; resample the array to a regular grid."
        )
    return float(values[0]), step


def _crs_of(metadata: Mapping[str, str], where: str) -> CRS:
    unit = metadata.get("X_UNIT", metadata.get("Y_UNIT", "degrees")).lower()
    zone = metadata.get("UTM_ZONE", "").strip()
    try:
        if metadata.get("EPSG", "").strip():
            return CRS.from_epsg(int(metadata["EPSG"]))
        if unit.startswith("deg"):
            return CRS.from_epsg(4326)
        if zone:
            return CRS.from_epsg((32600 if zone[-1].upper() >= "N" else 32700) + int(zone[:-1]))
    except (CRSError, ValueError) as error:
        raise ResultsError(
            f"{where} names a coordinate reference system that is unknown ({error})."
        ) from error
    raise ResultsError(
        f"{where} is in metres but names no coordinate reference system; load the products again with the step "
        "load_data, so that EPSG is written."
    )
