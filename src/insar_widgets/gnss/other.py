"""Position series of other analysis centres, in the formats that MintPy reads beside NGL's."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from insar_widgets.errors import GnssError

__all__ = ["read_eseses", "read_generic", "read_sideshow", "reader_of"]

Floats = npt.NDArray[np.float64]
_FRAME = "IGS14"
_MILLIMETRES = 1e-3
_PLACE = re.compile(r"^#\s*(Latitude|East Longitude|Height)\b.*?([-+\d.]+)\s*$")
_COLUMNS = {"sideshow": 17, "eseses": 9, "generic": 7}


def read_sideshow(path: str | Path, *, lon: float = np.nan, lat: float = np.nan) -> xr.Dataset:
    """Read a ``SITE.series`` file of JPL's SIDESHOW.

    Parameters
    ----------
    path
        Columns: decimal year; east, north, up (m); their standard deviations (m); correlations of east and north, east
        and up, north and up; seconds past J2000; year, month, day, hour, minute, second.
    lon, lat
        Degrees WGS84; the file does not say where its station is.

    Returns
    -------
    xr.Dataset
        As `read_tenv3` gives it.

    Raises
    ------
    GnssError
        The file cannot be read.

    Notes
    -----
    Heflin et al. (2020), doi:10.1029/2019EA000644; https://sideshow.jpl.nasa.gov/post/series.html.
    """
    path = Path(path)
    table = _table(_lines(path), "sideshow", path)
    days = _calendar(table[:, 11], table[:, 12], table[:, 13])
    return _dataset(days, table[:, 1:4].T, table[:, 4:7].T, table[:, 7:10].T, _about(path, lon, lat))


def read_eseses(path: str | Path, *, lon: float | None = None, lat: float | None = None) -> xr.Dataset:
    """Read a ``siteCleanTrend.neu`` file of the ESESES project of JPL and SOPAC, also inside its zip ``.neu.Z``.

    Parameters
    ----------
    path
        Columns: decimal year, year, day of the year; north, east, up (mm); their standard deviations (mm); if there are
        any, correlations of north and east, north and up, east and up. Comment lines give the station's place.
    lon, lat
        Degrees WGS84, instead of those in the file.

    Returns
    -------
    xr.Dataset
        As `read_tenv3` gives it. Days are those of the file's day of the year, the first of which is 1 January (MintPy
        1.6.4 counts it as the second).

    Raises
    ------
    GnssError
        The file cannot be read.

    Notes
    -----
    https://cddis.nasa.gov/Data_and_Derived_Products/GNSS/ESESES_products.html
    """
    path = Path(path)
    lines = _lines(path)
    place = {m[1]: float(m[2]) for line in lines if (m := _PLACE.match(line))}
    table = _table(lines, "eseses", path)
    years = np.array([f"{int(year):04d}-01-01" for year in table[:, 1]], "datetime64[D]")
    days = years + (table[:, 2].astype(int) - 1)
    corr = np.zeros((3, len(table)))
    if table.shape[1] >= 12:  # north-east, north-up, east-up
        corr = table[:, [9, 11, 10]].T
    order = [4, 3, 5]
    sigma = table[:, [column + 3 for column in order]].T * _MILLIMETRES
    east = place.get("East Longitude", np.nan)
    about = _about(
        path,
        (east + 180) % 360 - 180 if lon is None else lon,
        place.get("Latitude", np.nan) if lat is None else lat,
    )
    about["station"] = path.name[:4].upper()
    about["height"] = place.get("Height", float("nan"))
    return _dataset(days, table[:, order].T * _MILLIMETRES, sigma, corr, about)


def read_generic(path: str | Path, *, lon: float = np.nan, lat: float = np.nan) -> xr.Dataset:
    """Read a ``SITE.txt`` file in MintPy's generic format.

    Parameters
    ----------
    path
        Columns: date as YYYYMMDD; east, north, up (m); their standard deviations (m).
    lon, lat
        Degrees WGS84; the file does not say where its station is.

    Returns
    -------
    xr.Dataset
        As `read_tenv3` gives it.

    Raises
    ------
    GnssError
        The file cannot be read.
    """
    path = Path(path)
    table = _table(_lines(path), "generic", path)
    date = table[:, 0].astype(int)
    days = _calendar(date // 10_000, date // 100 % 100, date % 100)
    return _dataset(days, table[:, 1:4].T, table[:, 4:7].T, np.zeros((3, len(table))), _about(path, lon, lat))


def reader_of(path: Path) -> Callable[..., xr.Dataset] | None:
    """The reader of a file by its name; None where the name is of no such format."""
    name = path.name.lower()
    if name.endswith((".neu", ".neu.z", ".neu.zip")):
        return read_eseses
    return {".series": read_sideshow, ".txt": read_generic}.get(path.suffix.lower())


def _lines(path: Path) -> list[str]:
    try:
        if path.suffix.lower() not in (".z", ".zip"):
            return path.read_text(encoding="utf-8", errors="replace").splitlines()
        with zipfile.ZipFile(path) as archive:
            return archive.read(archive.namelist()[0]).decode("utf-8", "replace").splitlines()
    except zipfile.BadZipFile as error:
        raise GnssError(
            f"The GNSS series {path} is no zip archive; unpack it with `uncompress` or `gzip -d` and name the file "
            "that comes out of it."
        ) from error
    except (OSError, IndexError) as error:
        raise GnssError(f"The GNSS series {path} cannot be read: {error}") from error


def _table(lines: list[str], kind: str, path: Path) -> Floats:
    """Numbers (N, columns) by time; comments and empty lines are passed over."""
    rows = [line.split() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    width = min((len(row) for row in rows), default=0)
    try:
        table = np.array([row[:width] for row in rows], dtype=float).reshape(len(rows), width)
    except ValueError as error:
        raise GnssError(f"The GNSS series {path} holds something else than numbers: {error}.") from error
    if width < _COLUMNS[kind]:
        raise GnssError(
            f"The GNSS series {path} has {width} columns where its format has {_COLUMNS[kind]}; "
            "download it again, or give the series as CSV."
        )
    return table


def _calendar(
    year: npt.NDArray[np.floating | np.integer], month: object, day: object
) -> npt.NDArray[np.datetime64]:
    parts = np.stack([np.asarray(part, dtype=int) for part in (year, month, day)], axis=1)
    return np.array([f"{y:04d}-{m:02d}-{d:02d}" for y, m, d in parts], "datetime64[D]")


def _about(path: Path, lon: float, lat: float) -> dict[str, object]:
    return {
        "station": path.stem.upper(), "frame": _FRAME, "lon": float(lon), "lat": float(lat), "height": float("nan"),
        "source": str(path), "notes": "",
    }  # fmt: skip


def _dataset(
    days: npt.NDArray[np.datetime64], moved: Floats, sigma: Floats, corr: Floats, about: dict[str, object]
) -> xr.Dataset:
    """Rows of `moved` and `sigma`: east, north, up; of `corr`: east-north, east-up, north-up."""
    order = np.argsort(days, kind="stable")
    metres = {"units": "m"}
    data = xr.Dataset(coords={"time": ("time", days[order].astype("datetime64[ns]"))})
    for i, name in enumerate(("east", "north", "up")):
        data[name] = ("time", moved[i][order], metres)
        data[f"sigma_{name}"] = ("time", sigma[i][order], metres)
    for i, pair in enumerate(("en", "eu", "nu")):
        data[f"corr_{pair}"] = ("time", corr[i][order], {"units": "1"})
    data.attrs = about
    return data
