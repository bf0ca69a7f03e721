"""Stations that move with the same ground, in the files of the Nevada Geodetic Laboratory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod, Transformer
from scipy import ndimage

from insar_widgets.files import write_text
from insar_widgets.simulate.motion import DAYS_PER_YEAR, Motion
from insar_widgets.simulate.options import Options
from insar_widgets.simulate.scene import EPSG, PIXEL, Mask, Scene

MARGIN_DAYS = 200
"""Days of series before the first and after the last acquisition."""
MJD_EPOCH = date(1858, 11, 17)
GPS_WEEK_ZERO = date(1980, 1, 6)
ELLIPSOID = Geod(ellps="GRS80")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")

# Name, and place as a share of the frame from its upper left corner (columns, rows); three lie outside.
INSIDE = {"SIM1": (0.28, 0.36), "SIM2": (0.38, 0.50), "SIM3": (0.66, 0.50),
          "SIM4": (0.76, 0.60), "SIM5": (0.22, 0.72), "SIM6": (0.55, 0.84)}  # fmt: skip
OUTSIDE = {"OUT1": (-0.22, 0.45), "OUT2": (0.60, -0.35), "OUT3": (1.30, 0.80)}

NEW_ANTENNA = "SIM2"
"""The station whose antenna is changed halfway; its series jumps."""
ANTENNA_JUMP = (0.004, -0.003, 0.012)
"""East, north, up, metres."""

HOLDINGS_HEADER = (
    "Sta  Lat(deg)   Long(deg) Hgt(m)  X(m)           Y(m)         Z(m)          "
    "Dtbeg      Dtend      Dtmod      NumSol StaOrigName\n"
)
TENV3_HEADER = (
    "site YYMMMDD yyyy.yyyy __MJD week d reflon _e0(m) __east(m) ____n0(m) _north(m) u0(m) ____up(m) _ant(m) "
    "sig_e(m) sig_n(m) sig_u(m) __corr_en __corr_eu __corr_nu _latitude(deg) _longitude(deg) __height(m)\n"
)


@dataclass(frozen=True)
class Station:
    """A station: map coordinates (m), degrees, ellipsoidal height (m), whether the frame holds it."""

    name: str
    x: float
    y: float
    lon: float
    lat: float
    height: float
    inside: bool


@dataclass(frozen=True)
class Series:
    """Daily solutions of one station: what was put in as displacement and as noise, each (3, days), m."""

    station: Station
    days: tuple[date, ...]
    displacement: NDArray[np.float64]
    noise: NDArray[np.float64]
    sigma: NDArray[np.float64]


def make_stations(options: Options, scene: Scene) -> list[Station]:
    """Six stations on land inside the frame, three outside."""
    usable = ndimage.binary_erosion(scene.land & scene.footprint(0, 0), iterations=3, border_value=0)
    to_degrees = Transformer.from_crs(EPSG, 4326, always_xy=True)
    rows, columns = options.shape
    stations = []
    for name, (right, down) in (INSIDE | OUTSIDE).items():
        inside = name in INSIDE
        row, column = down * rows, right * columns
        height = 180.0 + 220.0 * right
        if inside:
            pixel = _nearest(usable, row, column)
            height = float(scene.dem[pixel])
            # Off the pixel's centre, as monuments are.
            row, column = pixel[0] + 0.42, pixel[1] + 0.63
        x = scene.grid.x_first + PIXEL * column
        y = scene.grid.y_first - PIXEL * row
        lon, lat = to_degrees.transform(x, y)
        stations.append(Station(name, x, y, lon, lat, height, inside))
    return stations


def _nearest(usable: Mask, row: float, column: float) -> tuple[int, int]:
    places = np.argwhere(usable)
    closest = places[np.argmin(np.hypot(*(places - [row, column]).T))]
    return int(closest[0]), int(closest[1])


def make_series(
    options: Options, motion: Motion, station: Station, utc_days: float, rng: np.random.Generator
) -> Series:
    """Daily solutions at noon UTC; `utc_days` is the first acquisition's time of day as a share of a day.

    Noise is white plus flicker-like (a random walk pulled back), larger upwards; a tenth of the days is
    missing, and a fortnight in one piece.
    """
    first, last = options.epochs[0], options.epochs[-1]
    begin = first - timedelta(days=MARGIN_DAYS)
    count = (last - begin).days + MARGIN_DAYS + 1
    offset = np.arange(count)
    years = (offset - MARGIN_DAYS + 0.5 - utc_days) / DAYS_PER_YEAR
    displacement = motion.displacement(station.x, station.y, np.asarray(years, float))
    if station.name == NEW_ANTENNA:
        changed = np.array([antenna_day(options) <= begin + timedelta(days=int(n)) for n in offset])
        displacement = displacement + np.array(ANTENNA_JUMP)[:, None] * changed
    scale = np.array([[1.0], [1.0], [3.2]])
    slow = np.zeros((3, count))
    kicks = rng.standard_normal((3, count)) * 0.00035
    for day in range(1, count):
        slow[:, day] = 0.96 * slow[:, day - 1] + kicks[:, day]
    sigma = scale * rng.gamma(16.0, 0.0008 / 16.0, (3, count))
    noise = scale * slow + sigma * rng.standard_normal((3, count))
    kept = rng.random(count) > 0.1
    hole = int(rng.integers(20, count - 40))
    kept[hole : hole + 14] = False
    days = tuple(begin + timedelta(days=int(n)) for n in offset[kept])
    return Series(station, days, displacement[:, kept], noise[:, kept], np.maximum(sigma[:, kept], 0.0002))


def antenna_day(options: Options) -> date:
    """Day from which the station `NEW_ANTENNA` has another antenna."""
    return options.epochs[0] + (options.epochs[-1] - options.epochs[0]) * 3 // 10


def year_month_day(day: date) -> str:
    """Date as NGL writes it, such as 19JAN10."""
    return f"{day.year % 100:02d}{MONTHS[day.month - 1]}{day.day:02d}"


def tenv3_text(series: Series, rng: np.random.Generator) -> str:
    """Series in NGL's tenv3 format.

    East is the distance along the parallel from a round reference longitude, north the meridian's length from
    the equator (both on GRS80 at height zero), each as whole metres plus a fraction.
    """
    station = series.station
    reference_longitude = round(station.lon, 1)
    east_radius, north_radius = _radii(station.lat)
    east = math.radians(station.lon - reference_longitude) * east_radius
    north = ELLIPSOID.inv(station.lon, 0.0, station.lon, station.lat)[2]
    moved = series.displacement + series.noise
    whole = [math.floor(value) for value in (east, north, station.height)]
    parts = np.array([[east - whole[0]], [north - whole[1]], [station.height - whole[2]]]) + moved
    correlation = rng.normal(0, 0.03, (3, len(series.days)))
    lines = [TENV3_HEADER]
    for number, day in enumerate(series.days):
        week, weekday = divmod((day - GPS_WEEK_ZERO).days, 7)
        de, dn, du = moved[:, number]
        lines.append(
            f"{station.name} {year_month_day(day)} {decimal_year(day):.4f} {(day - MJD_EPOCH).days:5d} "
            f"{week:4d} {weekday:1d} {reference_longitude:6.1f} {whole[0]:6d} {parts[0, number]:9.6f} "
            f"{whole[1]:9d} {parts[1, number]:9.6f} {whole[2]:5d} {parts[2, number]:9.6f}  0.0083 "
            f"{series.sigma[0, number]:.6f} {series.sigma[1, number]:.6f} {series.sigma[2, number]:.6f} "
            f"{correlation[0, number]:9.6f} {correlation[1, number]:9.6f} {correlation[2, number]:9.6f} "
            f"{station.lat + math.degrees(dn / north_radius):14.10f} "
            f"{station.lon + math.degrees(de / east_radius):15.10f} {station.height + du:11.5f}\n"
        )
    return "".join(lines)


def _radii(latitude: float) -> tuple[float, float]:
    """Radius of the parallel and of the meridian's curvature on GRS80, metres."""
    sine = math.sin(math.radians(latitude))
    vertical = ELLIPSOID.a / math.sqrt(1 - ELLIPSOID.es * sine**2)
    return vertical * math.cos(math.radians(latitude)), vertical * (1 - ELLIPSOID.es) / (
        1 - ELLIPSOID.es * sine**2
    )


def decimal_year(day: date) -> float:
    """Time of the day's solution in years, as NGL counts: 365.25 days a year around 2000.0 (MJD 51544)."""
    return 2000.0 + ((day - MJD_EPOCH).days + 0.0 - 51544.0) / DAYS_PER_YEAR


def holdings_text(series: list[Series]) -> str:
    """Station list in NGL's format; longitudes from 0 to 360."""
    geocentric = Transformer.from_crs(4979, 4978, always_xy=True)
    lines = [HOLDINGS_HEADER]
    for each in sorted(series, key=lambda item: item.station.name):
        station, begin, end = each.station, each.days[0], each.days[-1]
        x, y, z = geocentric.transform(station.lon, station.lat, station.height)
        modified = end + timedelta(days=21)
        lines.append(
            f"{station.name} {station.lat:8.4f}  {station.lon % 360:9.4f} {station.height:8.3f} {x:13.4f} "
            f"{y:13.4f} {z:13.4f} {begin} {end} {modified} {len(each.days):6d}\n"
        )
    return "".join(lines)


def steps_text(options: Options, motion: Motion, stations: list[Station]) -> str:
    """NGL's steps.txt: the antenna change, and the earthquake at every station it may have moved."""
    lines = [f"{NEW_ANTENNA}  {year_month_day(antenna_day(options))}  1  Antenna_Type_Changed\n"]
    if motion.slip == 0:
        return lines[0]
    event = f"sim{motion.slip_date:%Y%m%d}"
    for station in stations:
        distance = math.hypot(station.x - motion.fault[0], station.y - motion.fault[1]) / 1000
        lines.append(
            f"{station.name}  {year_month_day(motion.slip_date)}  2   50.000  {distance:8.3f} 5.20 {event}\n"
        )
    return "".join(sorted(lines))


def write_gnss(
    folder: Path, options: Options, motion: Motion, series: list[Series], rng: np.random.Generator
) -> None:
    """Write `DataHoldings.txt`, `steps.txt` and one `.tenv3` a station into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in series:
        write_text(folder / f"{each.station.name}.tenv3", tenv3_text(each, rng), "ascii")
    write_text(folder / "steps.txt", steps_text(options, motion, [each.station for each in series]), "ascii")
    write_text(folder / "DataHoldings.txt", holdings_text(series), "ascii")
