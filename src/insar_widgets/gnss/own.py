"""A series of one's own station: plain CSV, or a file of any centre whose format is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from insar_widgets.errors import GnssError
from insar_widgets.gnss.other import reader_of
from insar_widgets.gnss.stations import Station
from insar_widgets.gnss.tenv3 import read_tenv3

__all__ = ["read_own", "read_station_csv", "station_from_file"]

_COMPONENTS = ("east", "north", "up")


def read_station_csv(
    path: str | Path, *, lon: float, lat: float, station: str | None = None, frame: str = "own"
) -> xr.Dataset:
    """Read a position series of one's own.

    Parameters
    ----------
    path
        CSV with a header line and the columns ``date`` (YYYY-MM-DD or YYYYMMDD), ``east``, ``north``, ``up`` in
        metres, and if there are any ``sigma_east``, ``sigma_north``, ``sigma_up`` (m) and ``corr_en``, ``corr_eu``,
        ``corr_nu``; lines that begin with # are passed over.
    lon, lat
        Degrees WGS84.
    station, frame
        Names of the station (that of the file if not given) and of the reference frame.

    Returns
    -------
    xr.Dataset
        As `read_tenv3` gives it; standard deviations that are not in the file are NaN, correlations zero.

    Raises
    ------
    GnssError
        The file cannot be read or a column is missing.
    """
    path = Path(path)
    try:
        table = pd.read_csv(path, comment="#", skipinitialspace=True)
    except (OSError, ValueError) as error:
        raise GnssError(f"The series {path} cannot be read: {error}") from error
    table.columns = table.columns.str.strip().str.lower()
    missing = [name for name in ("date", *_COMPONENTS) if name not in table]
    if missing:
        raise GnssError(f"{path} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}.")
    try:
        time = pd.to_datetime(table["date"].astype(str), format="mixed", yearfirst=True).to_numpy(
            "datetime64[ns]"
        )
        columns = {name: table[name].to_numpy(float) for name in table if name != "date"}
    except ValueError as error:
        raise GnssError(f"{path}: {error}") from error
    order = np.argsort(time, kind="stable")
    metres = {"units": "m"}
    data = xr.Dataset(coords={"time": ("time", time[order].astype("datetime64[D]").astype("datetime64[ns]"))})
    for name in _COMPONENTS:
        data[name] = ("time", columns[name][order], metres)
        sigma = columns.get(f"sigma_{name}", np.full(len(time), np.nan))
        data[f"sigma_{name}"] = ("time", sigma[order], metres)
    for pair in ("corr_en", "corr_eu", "corr_nu"):
        data[pair] = ("time", columns.get(pair, np.zeros(len(time)))[order], {"units": "1"})
    data.attrs = {
        "station": station or path.stem, "frame": frame, "lon": float(lon), "lat": float(lat),
        "height": float("nan"), "source": str(path), "notes": "",
    }  # fmt: skip
    return data


def station_from_file(
    path: str | Path, *, lon: float | None = None, lat: float | None = None, name: str | None = None
) -> Station:
    """Make a station of a series of one's own, to be compared like any other.

    Parameters
    ----------
    path
        By its ending: ``.tenv3`` of NGL, ``.series`` of JPL's SIDESHOW, ``.neu`` or ``.neu.Z`` of ESESES, ``.txt`` in
        MintPy's generic format, else a CSV as `read_station_csv` reads it.
    lon, lat
        Degrees WGS84; may be left out for a ``.tenv3`` or ``.neu`` file that tells its place.
    name
        Of the station; by default the one in the file, or the name of the file.

    Raises
    ------
    GnssError
        The file cannot be read, or its place is not known.
    """
    path = Path(path).expanduser()
    series = _read(path, np.nan if lon is None else lon, np.nan if lat is None else lat)
    lon, lat = (series.attrs["lon"] if lon is None else lon), (series.attrs["lat"] if lat is None else lat)
    if not (abs(lon) <= 180 and abs(lat) <= 90):  # also NaN
        raise GnssError(f"{path.name} does not say where its station is; give lon and lat in degrees.")
    days = series["time"].values.astype("datetime64[D]")
    return Station(
        name=name or str(series.attrs["station"]),
        lon=float(lon),
        lat=float(lat),
        height=float(series.attrs["height"]),
        begin=days[0].astype(object),
        end=days[-1].astype(object),
        solutions=len(days),
        file=path,
    )


def read_own(station: Station, frame: str | None = None) -> xr.Dataset:
    """The series in the station's own file.

    Raises
    ------
    GnssError
        It has none, or it cannot be read.
    """
    if station.file is None:
        raise GnssError(f"{station.name} has no file of its own.")
    if station.file.suffix.lower() == ".tenv3":
        return read_tenv3(station.file, frame)
    return _read(station.file, station.lon, station.lat).assign_attrs(station=station.name)


def _read(path: Path, lon: float, lat: float) -> xr.Dataset:
    """By the file's ending; what the file says of its place counts where `lon` and `lat` are NaN."""
    if path.suffix.lower() == ".tenv3":
        return read_tenv3(path)
    given = {} if np.isnan(lon) or np.isnan(lat) else {"lon": lon, "lat": lat}
    reader = reader_of(path)
    if reader is not None:
        return reader(path, **given)
    return read_station_csv(path, lon=lon, lat=lat)
