"""Synthetic ERA5 files, made from a real one by changing place, date, hour, temperature and humidity."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

# South, north, west, east of the simulated stacks, as MintPy rounds them
AREA = (30, 40, -130, -110)


@functools.cache
def _template(source: Path) -> list[bytes]:
    import pygrib

    with pygrib.open(str(source)) as file:
        return [message.tostring() for message in file]


@functools.cache
def synthetic_grib(source: Path, date: str, hour: str, area: tuple[int, int, int, int]) -> bytes:
    """A GRIB file like `source` (10 by 20 degrees) in another place and at another time.

    Every date has a weather of its own, which follows from the date.
    """
    import pygrib

    south, north, west, east = area
    assert (north - south, east - west) == (10, 20), "the real file covers 10 by 20 degrees"
    weather = np.random.default_rng(int(date))
    warmer, wetter = weather.uniform(-6, 6), weather.uniform(0.4, 1.6)
    slope = weather.uniform(0.7, 1.3, size=2)
    parts = []
    for raw in _template(source):
        grib = pygrib.fromstring(raw)
        grib["dataDate"] = int(date)
        grib["dataTime"] = int(hour) * 100
        for key, value in (("latitude", (north, south)), ("longitude", (west, east))):
            grib[f"{key}OfFirstGridPointInDegrees"], grib[f"{key}OfLastGridPointInDegrees"] = map(
                float, value
            )
        values = grib.values
        if grib.shortName == "t":
            values += warmer
        elif grib.shortName == "q":
            values *= wetter * np.linspace(*slope, values.shape[1])
        grib["values"] = values
        parts.append(grib.tostring())
    return b"".join(parts)


def write_gribs(source: Path, folder: Path, dates: list[str], hour: str) -> list[Path]:
    """Put the files of these dates into a folder, under MintPy's names."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for date in dates:
        path = folder / f"ERA5_N30_N40_W130_W110_{date}_{hour}.grb"
        path.write_bytes(synthetic_grib(source, date, hour, AREA))
        written.append(path)
    return written
