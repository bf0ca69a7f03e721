"""Values at a place and along a line, from any DataArray with pixel-centre coordinates and ``rio.crs``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import rioxarray  # noqa: F401 - registers the `rio` accessor
import xarray as xr

from insar_widgets.errors import ResultsError
from insar_widgets.results._grid import GEOD, Floats, Grid
from insar_widgets.results._line import trace
from insar_widgets.results._swath import Method, Samples, Spread, Window, interpolate, spread, swath


def sample_point(array: xr.DataArray, lon: float, lat: float, radius: float = 0) -> xr.Dataset:
    """Values of a layer or a series at one place.

    Parameters
    ----------
    array
        Dimensions (y, x) or (date, y, x).
    lon, lat
        Degrees WGS84.
    radius
        Metres on the ellipsoid. 0 takes the pixel that holds the point; more takes the median of all pixels
        with a value whose centre is that near. Where no centre is, it is the pixel that holds the point.

    Returns
    -------
    xr.Dataset
        ``displacement`` of a series, ``value`` of a layer (units of `array`), ``p16`` and ``p84``
        (percentiles, the value itself for one pixel), ``count`` (pixels with a value), along ``date`` where
        there is one; ``pixel_lon``, ``pixel_lat`` (centre of the pixel that holds the point), ``distance`` (m,
        from the point to that centre), ``row``, ``column``. ``attrs["sampling"]`` says in words what was taken.

    Raises
    ------
    ResultsError
        The point is outside the frame, or `radius` is negative.
    """
    point = take_point(array, lon, lat, radius)
    stats, (centre_lon, centre_lat), (row, column) = point.stats, point.centre, point.pixel
    dims = array.dims[:-2]
    units = array.attrs.get("units", "")
    sample = xr.Dataset(
        {
            "displacement" if dims else "value": (
                dims,
                stats.median,
                {"units": units, "long_name": array.attrs.get("long_name", "value")},
            ),
            "p16": (dims, stats.p16, {"units": units, "long_name": "16th percentile"}),
            "p84": (dims, stats.p84, {"units": units, "long_name": "84th percentile"}),
            "count": (dims, stats.count, {"units": "1", "long_name": "pixels with a value"}),
            "pixel_lon": (
                (),
                centre_lon,
                {"units": "degrees_east", "long_name": "longitude of the pixel centre"},
            ),
            "pixel_lat": (
                (),
                centre_lat,
                {"units": "degrees_north", "long_name": "latitude of the pixel centre"},
            ),
            "distance": (
                (),
                point.distance,
                {"units": "m", "long_name": "from the point to the pixel centre"},
            ),
            "row": ((), row),
            "column": ((), column),
        },
        coords={dim: array[dim] for dim in dims if dim in array.coords},
    )
    kept = ("source", "reference_date", "reference_lon", "reference_lat", "center_line_utc")
    sample.attrs = {key: array.attrs[key] for key in kept if key in array.attrs}
    sample.attrs |= {
        "lon": float(lon),
        "lat": float(lat),
        "radius": float(radius),
        "layer": str(array.name or ""),
    }
    sample.attrs |= {"sampling": point.sampling, "pixels": point.pixels}
    return sample


@dataclass(frozen=True)
class PointSample:
    """What `sample_point` finds, without the labels; `stats` has shape (dates,) or ()."""

    stats: Spread
    pixel: tuple[int, int]
    centre: tuple[float, float]
    distance: float
    sampling: str
    pixels: int


def take_point(array: xr.DataArray, lon: float, lat: float, radius: float = 0) -> PointSample:
    """Values of a layer or a series at one place; see `sample_point`."""
    if not (np.isfinite(radius) and radius >= 0):
        raise ResultsError(f"A radius of {radius} m is not possible; give 0 or more metres.")
    grid = Grid.from_array(array)
    row, column = grid.pixel(lon, lat)
    centre_lon, centre_lat = (float(v) for v in grid.lonlat(row + 0.5, column + 0.5))
    distance = float(GEOD.inv(lon, lat, centre_lon, centre_lat)[2])
    sampling = "the pixel that holds the point"
    pixel = slice(row, row + 1), slice(column, column + 1)
    values: Floats | None = None
    if radius > 0:
        window = _read(array, grid, *grid.window(lon, lat, radius))
        near = _within(window, lon, lat, radius)
        sampling = f"median of the pixels whose centre is within {radius:g} m"
        if near.any():
            values = window.values[..., near].astype(float)
        else:
            sampling = f"the pixel that holds the point, because no pixel centre is within {radius:g} m"
    if values is None:
        single = _read(array, grid, *pixel).values
        values = single.reshape(*single.shape[:-2], 1).astype(float)
    return PointSample(
        spread(values + 0.0),
        (row, column),
        (centre_lon, centre_lat),
        distance,
        sampling,
        int(values.shape[-1]),
    )


def sample_transect(
    array: xr.DataArray,
    line: Sequence[Sequence[float]],
    *,
    width: float = 0,
    step: float | None = None,
    method: Method = "nearest",
    elevation: xr.DataArray | None = None,
) -> xr.Dataset:
    """Profile along a polyline, with a swath of a given width.

    Parameters
    ----------
    array
        Dimensions (y, x) or (date, y, x).
    line
        Polyline ``[[lon, lat], ...]`` in degrees WGS84; its legs are geodesics.
    width
        Metres across the line. The swath of a sample holds each pixel once: the one under the sample and
        those whose centre is within half the width of the line and half a step along it.
    step
        Metres between samples; one pixel if not given. The last sample is the end of the line.
    method
        ``"nearest"`` takes the pixel under the sample, ``"bilinear"`` weighs the four centres around it
        and is NaN where one of those that count has no value. Only ``value`` and ``elevation`` obey it.
    elevation
        Layer (y, x) on the same grid for ``elevation``; NaN if not given.

    Returns
    -------
    xr.Dataset
        On ``distance`` (m along the line on the WGS84 ellipsoid): ``value``, ``median``, ``p16``, ``p84``,
        ``count``, ``elevation``, ``lon``, ``lat``. NaN where there is no data or no frame. On ``sample``: each
        pixel of the swath, ``sample_value``, ``sample_distance`` and ``sample_offset`` (m, positive to the
        right). ``attrs["vertex_distance"]`` has the distance of each vertex.

    Raises
    ------
    ResultsError
        The line has fewer than two different points, lies wholly outside the frame, or a number is not possible.
    """
    grid = Grid.from_array(array)
    if method not in ("nearest", "bilinear"):
        raise ResultsError(f"The method {method!r} is unknown; choose 'nearest' or 'bilinear'.")
    if not (np.isfinite(width) and width >= 0):
        raise ResultsError(f"A swath of {width} m is not possible; give 0 or more metres.")
    track = trace(line, min(grid.pixel_size()) if step is None else step)
    at = Samples.of(track, grid)
    if not at.inside.any():
        raise ResultsError(f"The line lies outside the frame ({grid.describe_extent()}); draw it inside.")
    rows, columns = grid.window(track.lon, track.lat, width / 2 + track.step)
    window = _read(array, grid, rows, columns)
    value = interpolate(window, at, method)
    across = swath(window, track, at, width / 2)
    heights = np.full(track.distance.size, np.nan)
    if elevation is not None:
        heights = interpolate(_read(elevation, grid, rows, columns), at, method)
    dims = (*array.dims[:-2], "distance")
    units = array.attrs.get("units", "")
    name = array.attrs.get("long_name", str(array.name or "value"))
    profile = xr.Dataset(
        {
            "value": (dims, value, {"units": units, "long_name": name}),
            "median": (dims, across.stats.median, {"units": units, "long_name": f"median of {name}"}),
            "p16": (dims, across.stats.p16, {"units": units, "long_name": "16th percentile"}),
            "p84": (dims, across.stats.p84, {"units": units, "long_name": "84th percentile"}),
            "count": (dims, across.stats.count, {"units": "1", "long_name": "pixels with a value"}),
            "elevation": ("distance", heights, {"units": "m", "long_name": "elevation"}),
            "sample_value": ((*array.dims[:-2], "sample"), across.value, {"units": units}),
            "sample_distance": ("sample", across.along, {"units": "m"}),
            "sample_offset": ("sample", across.offset, {"units": "m"}),
        },
        coords={
            "distance": ("distance", track.distance, {"units": "m", "long_name": "distance along the line"}),
            "lon": ("distance", track.lon, {"units": "degrees_east"}),
            "lat": ("distance", track.lat, {"units": "degrees_north"}),
            **{dim: array[dim] for dim in array.dims[:-2] if dim in array.coords},
        },
    )
    profile.attrs = {
        "layer": str(array.name or ""), "width": float(width), "step": track.step, "method": method,
        "length": track.length, "vertex_distance": track.vertices.tolist(), "source": array.attrs.get("source", ""),
    }  # fmt: skip
    return profile


def _within(window: Window, lon: float, lat: float, radius: float) -> npt.NDArray[np.bool_]:
    row, column = np.meshgrid(
        np.arange(window.rows.start, window.rows.stop) + 0.5,
        np.arange(window.columns.start, window.columns.stop) + 0.5,
        indexing="ij",
    )
    lons, lats = window.grid.lonlat(row, column)
    _, _, distance = GEOD.inv(np.full(lons.shape, lon), np.full(lats.shape, lat), lons, lats)
    return np.asarray(distance <= radius)


def _read(array: xr.DataArray, grid: Grid, rows: slice, columns: slice) -> Window:
    return Window(grid, rows, columns, array.isel(y=rows, x=columns).values)
