"""Values at a place and along a line, from any DataArray with pixel-centre coordinates and ``rio.crs``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import rioxarray  # noqa: F401 - registers the `rio` accessor
import xarray as xr

from insar_widgets.errors import ResultsError
from insar_widgets.results._grid import GEOD, Floats, Grid
from insar_widgets.results._line import Track, pixels_near, trace

Method = Literal["nearest", "bilinear"]


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
        ``displacement`` (the value; units of `array`), ``p16`` and ``p84`` (percentiles, the value itself for
        one pixel), ``count`` (pixels with a value), along ``date`` where there is one; ``pixel_lon``,
        ``pixel_lat`` (centre of the pixel that holds the point), ``distance`` (m, from the point to that
        centre), ``row``, ``column``. ``attrs["sampling"]`` says in words what was taken.

    Raises
    ------
    ResultsError
        The point is outside the frame, or `radius` is negative.
    """
    if not (np.isfinite(radius) and radius >= 0):
        raise ResultsError(f"A radius of {radius} m is not possible; give 0 or more metres.")
    grid = Grid.from_array(array)
    row, column = grid.pixel(lon, lat)
    centre_lon, centre_lat = (float(v) for v in grid.lonlat(row + 0.5, column + 0.5))
    distance = float(GEOD.inv(lon, lat, centre_lon, centre_lat)[2])
    sampling = "the pixel that holds the point"
    rows, columns, near = slice(row, row + 1), slice(column, column + 1), np.ones((1, 1), bool)
    if radius > 0:
        rows, columns = grid.window(lon, lat, radius)
        near = _within(grid, rows, columns, lon, lat, radius)
        if near.any():
            sampling = f"median of the pixels whose centre is within {radius:g} m"
        else:
            rows, columns, near = slice(row, row + 1), slice(column, column + 1), np.ones((1, 1), bool)
            sampling = f"the pixel that holds the point, because no pixel centre is within {radius:g} m"
    values = array.isel(y=rows, x=columns).values.astype(float)[..., near] + 0.0
    median, low, high, count = spread(values)
    dims = array.dims[:-2]
    units = array.attrs.get("units", "")
    sample = xr.Dataset(
        {
            "displacement": (
                dims,
                median,
                {"units": units, "long_name": array.attrs.get("long_name", "value")},
            ),
            "p16": (dims, low, {"units": units, "long_name": "16th percentile"}),
            "p84": (dims, high, {"units": units, "long_name": "84th percentile"}),
            "count": (dims, count, {"units": "1", "long_name": "pixels with a value"}),
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
            "distance": ((), distance, {"units": "m", "long_name": "from the point to the pixel centre"}),
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
    sample.attrs |= {"sampling": sampling, "pixels": int(near.sum())}
    return sample


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
    row, column = grid.indices(track.lon, track.lat)
    inside = (row >= 0) & (row < grid.rows) & (column >= 0) & (column < grid.columns)
    if not inside.any():
        raise ResultsError(f"The line lies outside the frame ({grid.describe_extent()}); draw it inside.")
    rows, columns = grid.window(track.lon[inside], track.lat[inside], width / 2 + track.step)
    values = array.isel(y=rows, x=columns).values.astype(float)
    local = row - rows.start, column - columns.start
    value = _interpolate(values, *local, inside, method)
    swath = _swath(grid, values, rows, columns, track, width, inside)
    heights = np.full(track.distance.size, np.nan)
    if elevation is not None:
        heights = _interpolate(elevation.isel(y=rows, x=columns).values.astype(float), *local, inside, method)
    dims = (*array.dims[:-2], "distance")
    units = array.attrs.get("units", "")
    name = array.attrs.get("long_name", str(array.name or "value"))
    profile = xr.Dataset(
        {
            "value": (dims, value, {"units": units, "long_name": name}),
            "median": (dims, swath["median"], {"units": units, "long_name": f"median of {name}"}),
            "p16": (dims, swath["p16"], {"units": units, "long_name": "16th percentile"}),
            "p84": (dims, swath["p84"], {"units": units, "long_name": "84th percentile"}),
            "count": (dims, swath["count"], {"units": "1", "long_name": "pixels with a value"}),
            "elevation": ("distance", heights, {"units": "m", "long_name": "elevation"}),
            "sample_value": ((*array.dims[:-2], "sample"), swath["sample_value"], {"units": units}),
            "sample_distance": ("sample", swath["sample_distance"], {"units": "m"}),
            "sample_offset": ("sample", swath["sample_offset"], {"units": "m"}),
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


def spread(values: Floats) -> tuple[Floats, Floats, Floats, npt.NDArray[np.int64]]:
    """Median, 16th and 84th percentile, and count of the finite values along the last axis."""
    count = np.isfinite(values).sum(axis=-1)
    shape = values.shape[:-1]
    found = np.full((3, *shape), np.nan)
    keep = np.isfinite(values).any(axis=tuple(range(values.ndim - 1)))
    values = values[..., keep]
    if values.size and np.isfinite(values).all():
        found[:] = np.percentile(values, [50, 16, 84], axis=-1)
    else:
        for index in zip(*np.nonzero(count), strict=True):
            own = values[index]
            found[(slice(None), *index)] = np.percentile(own[np.isfinite(own)], [50, 16, 84])
    return found[0], found[1], found[2], np.asarray(count, dtype=np.int64)


def _within(
    grid: Grid, rows: slice, columns: slice, lon: float, lat: float, radius: float
) -> npt.NDArray[np.bool_]:
    row, column = np.meshgrid(
        np.arange(rows.start, rows.stop) + 0.5, np.arange(columns.start, columns.stop) + 0.5, indexing="ij"
    )
    lons, lats = grid.lonlat(row, column)
    _, _, distance = GEOD.inv(np.full(lons.shape, lon), np.full(lats.shape, lat), lons, lats)
    return np.asarray(distance <= radius)


def _interpolate(
    values: Floats, row: Floats, column: Floats, inside: npt.NDArray[np.bool_], method: Method
) -> Floats:
    result = np.full((*values.shape[:-2], row.size), np.nan)
    row, column = row[inside], column[inside]
    if method == "nearest":
        result[..., inside] = values[..., row.astype(int), column.astype(int)]
        return result
    total = np.zeros((*values.shape[:-2], row.size))
    upper, left = np.floor(row - 0.5).astype(int), np.floor(column - 0.5).astype(int)
    down, right = row - 0.5 - upper, column - 0.5 - left
    for r, weight_r in ((upper, 1 - down), (upper + 1, down)):
        for c, weight_c in ((left, 1 - right), (left + 1, right)):
            weight = weight_r * weight_c
            within = (r >= 0) & (r < values.shape[-2]) & (c >= 0) & (c < values.shape[-1])
            part = np.where(
                within, values[..., r.clip(0, values.shape[-2] - 1), c.clip(0, values.shape[-1] - 1)], np.nan
            )
            total += np.where(weight > 1e-9, part * weight, 0.0)
    result[..., inside] = total
    return result


def _swath(
    grid: Grid,
    values: Floats,
    rows: slice,
    columns: slice,
    track: Track,
    width: float,
    inside: npt.NDArray[np.bool_],
) -> dict[str, Any]:
    """Median, percentiles and count of each bin, and the single pixels."""
    size = track.distance.size
    row, column = grid.indices(track.lon, track.lat)
    under = np.full(size, -1)
    flat_columns = columns.stop - columns.start
    under[inside] = (
        (row[inside].astype(int) - rows.start) * flat_columns + column[inside].astype(int) - columns.start
    )
    lead = values.shape[:-2]
    flat = values.reshape(*lead, -1)
    near = pixels_near(grid, rows, columns, track, width / 2) if width > 0 else None
    members: list[npt.NDArray[np.int64]] = [np.array([u]) if u >= 0 else np.empty(0, np.int64) for u in under]
    if near is not None:
        order = np.argsort(near.bin, kind="stable")
        edges = np.searchsorted(near.bin[order], np.arange(size + 1))
        for i in range(size):
            own = near.pixel[order[edges[i] : edges[i + 1]]]
            members[i] = np.unique(np.concatenate([members[i], own]))
    found: dict[str, Any] = {
        "median": np.full((*lead, size), np.nan),
        "p16": np.full((*lead, size), np.nan),
        "p84": np.full((*lead, size), np.nan),
        "count": np.zeros((*lead, size), np.int64),
    }
    for i, own in enumerate(members):
        if own.size:
            stats = spread(flat[..., own])
            for key, stat in zip(("median", "p16", "p84", "count"), stats, strict=True):
                found[key][..., i] = stat
    if near is not None:
        found |= {
            "sample_value": flat[..., near.pixel], "sample_distance": near.along, "sample_offset": near.offset
        }  # fmt: skip
    else:
        at = under[inside]
        found |= {
            "sample_value": flat[..., at], "sample_distance": track.distance[inside],
            "sample_offset": np.zeros(at.size),
        }  # fmt: skip
    return found
