"""NGL's daily position series, `tenv3`."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr
from pyproj import Geod

from insar_widgets.errors import GnssError

__all__ = ["FRAMES", "read_tenv3", "without_outliers"]

Floats = npt.NDArray[np.float64]
FRAMES = ("IGS20", "IGS14")
UNKNOWN_FRAME = "IGS14 or IGS20"
_FIELDS = 20  # up to the correlations; latitude, longitude and height came later
# columns of the numbers, which begin with the file's third column
_MJD, _MERIDIAN, _LAT, _LON, _HEIGHT = 1, 4, 18, 19, 20
_ELLIPSOID = Geod(ellps="GRS80")
_MJD_EPOCH = np.datetime64("1858-11-17")
_PLATE_FILE = re.compile(r"^\w{4}\.(?P<frame>[A-Z0-9]{2,5})\.tenv3$")


def read_tenv3(path: str | Path, frame: str | None = None) -> xr.Dataset:
    """Read a daily position series.

    Parameters
    ----------
    path
        A ``.tenv3`` file of the Nevada Geodetic Laboratory.
    frame
        Reference frame of the positions. If not given it is taken from the name (``MXTM.NA.tenv3`` is fixed to
        the North American plate) or from the folder (``IGS20/AHUP.tenv3``); the file itself does not say it.

    Returns
    -------
    xr.Dataset
        On ``time`` (day of the solution, ascending): ``east``, ``north``, ``up``, whole metres plus fraction, of
        the antenna's position along the parallel from a reference meridian, along the meridian from the equator,
        and above the ellipsoid; ``sigma_east``, ``sigma_north``, ``sigma_up`` (m); ``corr_en``, ``corr_eu``,
        ``corr_nu``. Attributes: ``station``, ``frame``, ``lon``, ``lat`` (degrees WGS84, longitude from -180 to
        180), ``height`` (m), ``source``, and ``notes`` on what was left out or mended.

    Raises
    ------
    GnssError
        The file cannot be read, is an error page, or holds no position.

    Notes
    -----
    Blewitt, Hammond and Kreemer (2018), doi:10.1029/2018EO104623.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise GnssError(f"The GNSS series {path} cannot be read: {error.strerror}.") from error
    rows, bad = [], 0
    for line in lines:
        fields = line.split()
        if not fields or fields[0] in {"site", "#"}:
            continue
        if len(fields) < _FIELDS:
            bad += 1
        else:
            rows.append(fields)
    width = max((len(row) for row in rows), default=0)
    whole = [row for row in rows if len(row) == width]
    bad += len(rows) - len(whole)
    table, broken = _numbers(whole)
    bad += broken
    if len(table) == 0:
        raise GnssError(
            f"{path} holds no GNSS positions in NGL's tenv3 format. If it was downloaded, the service answered with "
            "something else, such as an error page: remove it and try again."
        )
    notes = [f"{bad} of {bad + len(table)} lines could not be read and were left out"] if bad else []
    table = table[np.argsort(table[:, _MJD], kind="stable")]
    twice = np.flatnonzero(np.diff(table[:, _MJD]) == 0)
    if twice.size:
        table = np.delete(table, twice, axis=0)
        notes.append(f"{twice.size} days stood there twice; the last was taken")
    return _dataset(table, path, whole[0][0].upper(), frame or _frame_of(path), notes)


def _numbers(rows: list[list[str]]) -> tuple[Floats, int]:
    """Columns from the decimal year on as numbers (N, fields), and how many rows were none."""
    try:
        return np.array([row[2:] for row in rows], dtype=float).reshape(len(rows), -1), 0
    except ValueError:
        good = []
        for row in rows:
            try:
                good.append([float(field) for field in row[2:]])
            except ValueError:
                continue
        return np.array(good, dtype=float), len(rows) - len(good)


def _dataset(table: Floats, path: Path, station: str, frame: str, notes: list[str]) -> xr.Dataset:
    mjd = table[:, _MJD].astype(np.int64)
    time = (_MJD_EPOCH + mjd.astype("timedelta64[D]")).astype("datetime64[ns]")
    east, north, up = (table[:, whole] + table[:, whole + 1] for whole in (5, 7, 9))
    has_place = table.shape[1] > _HEIGHT
    lat = float(table[-1, _LAT]) if has_place else float("nan")
    lon = float((table[-1, _LON] + 180) % 360 - 180) if has_place else float("nan")
    height = float(table[-1, _HEIGHT]) if has_place else float(up[-1])
    meridians = table[:, _MERIDIAN]
    if has_place and np.ptp(meridians) > 0:
        east = _one_meridian(east, meridians, table)
        notes.append("the reference meridian changes along the series; east was brought to the last one")
    metres = {"units": "m"}
    data = xr.Dataset(
        {
            "east": ("time", east, metres | {"long_name": "east"}),
            "north": ("time", north, metres | {"long_name": "north"}),
            "up": ("time", up, metres | {"long_name": "up"}),
            "sigma_east": ("time", table[:, 12], metres | {"long_name": "standard deviation of east"}),
            "sigma_north": ("time", table[:, 13], metres | {"long_name": "standard deviation of north"}),
            "sigma_up": ("time", table[:, 14], metres | {"long_name": "standard deviation of up"}),
            "corr_en": ("time", table[:, 15], {"units": "1", "long_name": "correlation of east and north"}),
            "corr_eu": ("time", table[:, 16], {"units": "1", "long_name": "correlation of east and up"}),
            "corr_nu": ("time", table[:, 17], {"units": "1", "long_name": "correlation of north and up"}),
        },
        coords={"time": ("time", time, {"long_name": "day of the solution"})},
    )
    data.attrs = {
        "station": station, "frame": frame, "lon": lon, "lat": lat, "height": height,
        "source": str(path), "notes": "; ".join(notes),
    }  # fmt: skip
    return data


def _one_meridian(east: Floats, meridians: Floats, table: Floats) -> Floats:
    """East relative to the last reference meridian: arc of the parallel between the two, on the ellipsoid."""
    sine = np.sin(np.radians(table[:, _LAT]))
    parallel = _ELLIPSOID.a / np.sqrt(1 - _ELLIPSOID.es * sine**2) * np.cos(np.radians(table[:, _LAT]))
    apart = (meridians - meridians[-1] + 180) % 360 - 180
    return np.asarray(east + np.radians(apart) * parallel)


def _frame_of(path: Path) -> str:
    named = _PLATE_FILE.match(path.name)
    if named:
        return named["frame"]
    return path.parent.name if path.parent.name in FRAMES else UNKNOWN_FRAME


def without_outliers(
    series: xr.Dataset, threshold: float = 5.0, window_days: int = 60
) -> tuple[xr.Dataset, int]:
    """Leave out days that stand apart from their neighbours in any component.

    A day is an outlier when it differs from the running medians of the days up to it and of the days from it on by
    more than `threshold` times the robust standard deviation of such differences (1.4826 times their median absolute
    value; a Hampel filter with two sides). A step is none: one of the medians follows it.

    Parameters
    ----------
    series
        As `read_tenv3` gives it.
    threshold
        In standard deviations.
    window_days
        Width of both running medians together, in days.

    Returns
    -------
    tuple
        The series without them, and how many there were.
    """
    if threshold <= 0 or window_days < 2:
        raise GnssError("An outlier filter needs a positive threshold and a window of two days or more.")
    outlier = np.zeros(series.sizes["time"], bool)
    for name in ("east", "north", "up"):
        values = series[name].to_series()
        # before and after on their own, so that the days at a step have neighbours on one side
        before = values.rolling(f"{window_days // 2}D", min_periods=3).median()
        backwards = values[::-1]
        backwards.index = backwards.index[0] + (backwards.index[0] - backwards.index)
        after = backwards.rolling(f"{window_days // 2}D", min_periods=3).median()[::-1]
        sides = np.stack([values - before, values.to_numpy() - after.to_numpy()])
        apart = np.fmin(*np.abs(sides))
        spread = 1.4826 * np.nanmedian(apart) if np.isfinite(apart).any() else 0.0
        if spread > 0:
            outlier |= apart > threshold * spread
    return series.isel(time=~outlier), int(outlier.sum())
