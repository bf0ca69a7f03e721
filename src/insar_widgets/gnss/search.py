"""Which stations lie in the frame, cover the time span and stand on a reliable pixel."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from pyproj import CRS

from insar_widgets.errors import GnssError
from insar_widgets.gnss.holdings import Holdings, read_holdings
from insar_widgets.gnss.ngl import BASE_URL, default_cache_dir, fetch_holdings
from insar_widgets.gnss.stations import Station, StationList
from insar_widgets.results import Grid, Results, sample_point

__all__ = ["find_stations"]

Bounds = tuple[float, float, float, float]
Day = str | date | np.datetime64
_EARTH_RADIUS_KM = 6371.0


def find_stations(
    results: Results | xr.DataArray | Bounds,
    start: Day | None = None,
    end: Day | None = None,
    min_solutions: int = 50,
    *,
    base_url: str = BASE_URL,
    cache_dir: str | Path | None = None,
    holdings: str | Path | Holdings | None = None,
    min_overlap: float = 0.5,
    radius: float = 0,
    margin: float = 0.25,
    mask: xr.DataArray | None = None,
    refresh: bool = False,
    offline: bool = False,
    cancelled: threading.Event | None = None,
) -> StationList:
    """Find the GNSS stations of a frame; those that cannot be used are there too, with the reason.

    Parameters
    ----------
    results
        Opened results, a layer (y, x), or ``(west, south, east, north)`` in degrees; west may be larger than east
        across the antimeridian.
    start, end
        Time span to compare, YYYYMMDD or dates; first and last date of the results if not given.
    min_solutions
        Least number of daily positions of a station.
    base_url
        Of the service.
    cache_dir
        Folder that keeps the station list; see `fetch_holdings`.
    holdings
        A station list to use instead of the service's: its file, or as read by `read_holdings`.
    min_overlap
        Share of the time span that the station's series must cover, 0 to 1; 1 asks for all of it.
    radius
        Metres within which a reliable pixel must lie; 0 asks for the pixel that holds the station.
    margin
        How far outside the frame stations are still listed (as unusable), as a share of the frame's size.
    mask
        Reliable pixels (y, x), true or non-zero; the mask of temporal coherence of the results if not given.
    refresh
        Ask the service for a new list, whatever the cache holds.
    offline
        Take the list that the cache holds, however old, and ask for nothing.
    cancelled
        Set it to stop a download.

    Returns
    -------
    StationList
        Usable ones first, each part by name; its attributes tell the age of the list, and whether a newer one could
        not be had.

    Raises
    ------
    GnssError
        The list could not be had, or a parameter is not possible.
    """
    if not 0 <= min_overlap <= 1:
        raise GnssError(f"min_overlap is a share of the time span from 0 to 1, not {min_overlap}.")
    fetched = None
    if isinstance(holdings, Holdings):
        table = holdings
    elif holdings is not None:
        table = read_holdings(holdings)
    else:
        fetched = fetch_holdings(base_url, cache_dir, refresh=refresh, offline=offline, cancelled=cancelled)
        assert fetched.path is not None  # noqa: S101 - it raises where there is none
        table = read_holdings(fetched.path)
    place = _Place.of(results, mask)
    span = _span(results, start, end)
    chosen = place.near(table, margin)
    row, column = place.grid.indices(table.lon[chosen], table.lat[chosen])
    found = []
    for index, r, c in zip(chosen, row, column, strict=True):
        reason = (
            place.outside(r, c)
            or _too_few(table, index, min_solutions)
            or _too_short(table, index, span, min_overlap)
            or place.unreliable(float(table.lon[index]), float(table.lat[index]), r, c, radius)
        )
        found.append(_station(table, int(index), reason, base_url, cache_dir))
    return StationList(
        sorted(found, key=lambda station: (not station.usable, station.name)),
        age_days=fetched.age_days if fetched else None,
        problem=fetched.problem if fetched else "",
        source=table.source,
        skipped=len(table.skipped),
        total=len(table),
    )


def _station(table: Holdings, i: int, reason: str, base_url: str, cache_dir: str | Path | None) -> Station:
    begin, end, modified = (column[i].astype(object) for column in (table.begin, table.end, table.modified))
    x, y, z = (float(value) for value in table.xyz[i])
    return Station(
        name=str(table.name[i]),
        lon=float(table.lon[i]),
        lat=float(table.lat[i]),
        height=float(table.height[i]),
        begin=begin,
        end=end,
        usable=not reason,
        reason=reason,
        solutions=int(table.solutions[i]),
        modified=modified,
        xyz=(x, y, z),
        original_name=str(table.original_name[i]),
        base_url=base_url,
        cache_dir=Path(cache_dir) if cache_dir else default_cache_dir(),
    )


def _too_few(table: Holdings, i: int, least: int) -> str:
    number = int(table.solutions[i])
    return f"{number} daily positions, {least} are asked for" if number < least else ""


def _too_short(
    table: Holdings, i: int, span: tuple[np.datetime64, np.datetime64] | None, least: float
) -> str:
    if span is None:
        return ""
    begin, end = table.begin[i], table.end[i]
    whole = max(1, int((span[1] - span[0]).astype(int)) + 1)
    covered = int((min(end, span[1]) - max(begin, span[0])).astype(int)) + 1
    if covered <= 0:
        return f"its series ({begin} to {end}) and the time span ({span[0]} to {span[1]}) do not overlap"
    if covered < least * whole:
        return f"its series ({begin} to {end}) covers {covered / whole:.0%} of the time span, {least:.0%} is asked for"
    return ""


def _span(
    results: Results | xr.DataArray | Bounds, start: Day | None, end: Day | None
) -> tuple[np.datetime64, np.datetime64] | None:
    dates: Sequence[str] = results.dates if isinstance(results, Results) else ()
    first, last = start or (dates[0] if dates else None), end or (dates[-1] if dates else None)
    if first is None and last is None:
        return None
    span = _day(first or "19900101"), _day(last or date.today())
    if span[0] > span[1]:
        raise GnssError(f"The time span ends ({span[1]}) before it begins ({span[0]}).")
    return span


def _day(value: Any) -> np.datetime64:
    text = value.replace("-", "")[:8] if isinstance(value, str) else ""
    try:
        return np.datetime64(f"{text[:4]}-{text[4:6]}-{text[6:]}" if text else value, "D")
    except ValueError as error:
        raise GnssError(f"{value!r} is no date; write YYYYMMDD.") from error


@dataclass(frozen=True)
class _Place:
    """The frame, and which of its pixels are reliable."""

    grid: Grid
    reliable: xr.DataArray | None
    coherence: xr.DataArray | None

    @classmethod
    def of(cls, results: Results | xr.DataArray | Bounds, mask: xr.DataArray | None) -> _Place:
        if isinstance(results, Results):
            names = [name for name in ("maskTempCoh", "velocity", "waterMask") if name in results]
            layer = results[names[0]] if names else results[results.layers[0]]
            if mask is None and names:
                mask = layer if layer.dtype == bool else layer.notnull()
            known = "temporalCoherence" in results.layers
            return cls(Grid.from_array(layer), mask, results["temporalCoherence"] if known else None)
        if isinstance(results, xr.DataArray):
            last = results.isel({dim: -1 for dim in results.dims if dim not in {"y", "x"}})
            if mask is None:
                mask = last if last.dtype == bool else last.notnull()
            return cls(Grid.from_array(last), mask, None)
        return cls(_grid_of_bounds(results), None, None)

    def near(self, table: Holdings, margin: float) -> npt.NDArray[np.int64]:
        """Stations in or about the frame: a circle on the sphere first, which knows no antimeridian, then the frame."""
        along = np.linspace(0, 1, 21)
        rows = np.concatenate([along * 0, along, along * 0 + 1, along]) * self.grid.rows
        columns = np.concatenate([along, along * 0 + 1, along, along * 0]) * self.grid.columns
        edge_lon, edge_lat = self.grid.lonlat(rows, columns)
        centre = _unit(edge_lon, edge_lat).mean(axis=-1)
        centre /= np.linalg.norm(centre)
        reach = np.arccos(np.clip(centre @ _unit(edge_lon, edge_lat), -1, 1)).max() * (1.1 + 2 * margin)
        near = np.flatnonzero(centre @ _unit(table.lon, table.lat) >= np.cos(min(reach, np.pi)))
        row, column = self.grid.indices(table.lon[near], table.lat[near])
        height, width = self.grid.rows, self.grid.columns
        kept = (row >= -margin * height) & (row <= height * (1 + margin))
        kept &= (column >= -margin * width) & (column <= width * (1 + margin))
        return near[kept]

    def outside(self, row: float, column: float) -> str:
        rows, columns = self.grid.rows, self.grid.columns
        if 0 <= row < rows and 0 <= column < columns:
            return ""
        return "outside the frame"

    def unreliable(self, lon: float, lat: float, row: float, column: float, radius: float) -> str:
        if self.reliable is None:
            return ""
        r, c = int(row), int(column)
        if bool(self.reliable[r, c]):
            return ""
        if radius > 0:
            near = sample_point(
                self.reliable.astype(float).where(self.reliable.astype(bool)), lon, lat, radius
            )
            if int(near["count"]) > 0:
                return ""
            return f"no reliable pixel within {radius:g} m"
        if self.coherence is not None:
            value = float(self.coherence[r, c])
            if np.isfinite(value):
                return f"its pixel is masked (temporal coherence {value:.2f})"
        return "its pixel is masked or has no value"


def _grid_of_bounds(bounds: Any) -> Grid:
    try:
        west, south, east, north = (float(value) for value in bounds)
    except (TypeError, ValueError) as error:
        raise GnssError(
            "Give opened results, a layer, or the bounds (west, south, east, north) in degrees."
        ) from error
    east += 360 if east <= west else 0
    if not (-90 <= south < north <= 90 and -360 <= west < east <= west + 360):
        raise GnssError(
            f"({west}, {south}, {east}, {north}) are no bounds (west, south, east, north) in degrees."
        )
    return Grid(west, north, east - west, south - north, 1, 1, CRS.from_epsg(4326).to_wkt())


def _unit(lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Unit vectors (3, ...) of places on a sphere."""
    x, y = np.radians(np.asarray(lon, float)), np.radians(np.asarray(lat, float))
    return np.stack([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)])
