"""Geodesic polylines: equidistant samples along them, and the pixels beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer

from insar_widgets.errors import ResultsError
from insar_widgets.results._grid import GEOD, Floats, Grid

_MOST_SAMPLES = 200_000
_NEAR = 0.01  # metres; a pixel centre at the very end of a line counts


@dataclass(frozen=True)
class Track:
    """A polyline with equidistant samples; distances in metres along it."""

    corners: Floats
    """Longitude and latitude of the vertices, shape (vertices, 2)."""
    vertices: Floats
    """Distance of each vertex."""
    distance: Floats
    lon: Floats
    lat: Floats
    step: float

    @property
    def length(self) -> float:
        """Length of the polyline."""
        return float(self.vertices[-1])


@dataclass(frozen=True)
class Near:
    """Pixels beside a track."""

    pixel: npt.NDArray[np.int64]
    """Flat index into the window."""
    along: Floats
    """Distance along the track of the closest point."""
    offset: Floats
    """Metres across, positive to the right of the direction of the track."""
    bin: npt.NDArray[np.int64]
    """Sample that the pixel belongs to."""


def trace(line: Sequence[Sequence[float]], step: float) -> Track:
    """Samples every `step` metres along a polyline of ``[lon, lat]``, and at its end."""
    try:
        corners = np.asarray(line, float)
    except (TypeError, ValueError) as error:
        raise ResultsError("A line is a list of [lon, lat] pairs in degrees.") from error
    if corners.ndim != 2 or corners.shape[0] < 2 or corners.shape[1] != 2:
        raise ResultsError("A line needs at least two [lon, lat] pairs in degrees.")
    if (
        not np.isfinite(corners).all()
        or np.abs(corners[:, 1]).max() > 90
        or np.abs(corners[:, 0]).max() > 360
    ):
        raise ResultsError(
            "The line has a point that is no longitude and latitude in degrees; give lon first."
        )
    if not (np.isfinite(step) and step > 0):
        raise ResultsError(f"A step of {step} m is not possible; give more than 0 metres.")
    azimuth, _, legs = GEOD.inv(corners[:-1, 0], corners[:-1, 1], corners[1:, 0], corners[1:, 1])
    keep = legs > 0
    if not keep.any():
        raise ResultsError("The points of the line are all the same place; give at least two different ones.")
    corners = np.vstack([corners[:1], corners[1:][keep]])
    azimuth, legs = np.asarray(azimuth)[keep], np.asarray(legs)[keep]
    vertices = np.concatenate([[0.0], np.cumsum(legs)])
    length = vertices[-1]
    if length / step > _MOST_SAMPLES:
        raise ResultsError(
            f"{length:.0f} m in steps of {step:g} m are too many samples; choose a larger step."
        )
    distance = np.arange(0, length, step)
    distance = np.append(distance[distance < length - 1e-6 * step], length)
    leg = np.clip(np.searchsorted(vertices, distance, side="right") - 1, 0, legs.size - 1)
    lon, lat, _ = GEOD.fwd(corners[leg, 0], corners[leg, 1], azimuth[leg], distance - vertices[leg])
    return Track(corners, vertices, distance, np.asarray(lon), np.asarray(lat), float(step))


def pixels_near(grid: Grid, rows: slice, columns: slice, track: Track, reach: float) -> Near:
    """Pixels of a window whose centre is within `reach` metres of the track, each once, at its closest leg.

    Pixels before the start and after the end do not count; at a bend the outer corner is round.
    """
    candidates = _candidates(grid, rows, columns, track, reach)
    width = max(1, columns.stop - columns.start)
    lon, lat = grid.lonlat(candidates // width + rows.start + 0.5, candidates % width + columns.start + 0.5)
    best = np.full(lon.size, np.inf)
    along, offset = np.zeros(lon.size), np.zeros(lon.size)
    last = track.vertices.size - 2
    for i in range(last + 1):
        a, across, length = _leg_coordinates(track.corners[i], track.corners[i + 1], lon, lat)
        low, high = (-_NEAR if i == 0 else -np.inf), (length + _NEAR if i == last else np.inf)
        beyond = a - np.clip(a, 0, length)
        distance = np.hypot(beyond, across)
        closer = (a >= low) & (a <= high) & (distance < best) & (distance <= reach)
        best[closer] = distance[closer]
        along[closer] = track.vertices[i] + np.clip(a, 0, length)[closer]
        offset[closer] = np.copysign(distance, across)[closer]
    found = np.isfinite(best)
    pixel, along, offset = candidates[found], along[found], offset[found]
    middles = (track.distance[1:] + track.distance[:-1]) / 2
    order = np.argsort(along, kind="stable")
    return Near(
        pixel[order], along[order], offset[order], np.searchsorted(middles, along[order], side="right")
    )


def _candidates(grid: Grid, rows: slice, columns: slice, track: Track, reach: float) -> npt.NDArray[np.int64]:
    """Flat indices of pixels that may be within reach: a box around each pixel of a dense track."""
    height, width = rows.stop - rows.start, columns.stop - columns.start
    sizes = grid.pixel_size()
    dense = trace(track.corners.tolist(), max(min(sizes), track.length / _MOST_SAMPLES * 2))
    row, column = grid.indices(dense.lon, dense.lat)
    # A tenth more than needed, for pixels whose size in metres changes across a geographic grid, and the
    # distance between two samples.
    pad_row, pad_column = (int(np.ceil((1.1 * reach + dense.step) / size)) + 1 for size in sizes)
    known = np.isfinite(row) & np.isfinite(column)
    near = np.zeros((height + 2 * pad_row, width + 2 * pad_column), bool)
    r = np.floor(row[known]).astype(np.int64) - rows.start
    c = np.floor(column[known]).astype(np.int64) - columns.start
    within = (r >= -pad_row) & (r < height + pad_row) & (c >= -pad_column) & (c < width + pad_column)
    for i, j in set(zip(r[within].tolist(), c[within].tolist(), strict=True)):
        near[max(i, 0) : i + 2 * pad_row + 1, max(j, 0) : j + 2 * pad_column + 1] = True
    return np.flatnonzero(near[pad_row : pad_row + height, pad_column : pad_column + width])


def _leg_coordinates(start: Floats, end: Floats, lon: Floats, lat: Floats) -> tuple[Floats, Floats, float]:
    """Metres along and across a leg, in the azimuthal equidistant plane at its middle, where it is straight."""
    azimuth, _, length = GEOD.inv(start[0], start[1], end[0], end[1])
    mid_lon, mid_lat, _ = GEOD.fwd(start[0], start[1], azimuth, length / 2)
    plane = CRS.from_proj4(f"+proj=aeqd +lon_0={mid_lon!r} +lat_0={mid_lat!r} +datum=WGS84 +units=m")
    to_plane = Transformer.from_crs(CRS.from_epsg(4326), plane, always_xy=True)
    x0, y0 = to_plane.transform(start[0], start[1])
    x1, y1 = to_plane.transform(end[0], end[1])
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    x, y = to_plane.transform(lon, lat)
    x, y = np.asarray(x) - x0, np.asarray(y) - y0
    return x * ux + y * uy, x * uy - y * ux, float(length)
