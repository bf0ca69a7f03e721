"""From points to series, fits and the numbers beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insar_widgets.errors import InsarWidgetsError, ResultsError
from insar_widgets.results import fit_time_function
from insar_widgets.results._design import as_time
from insar_widgets.results.fitting import curve_values
from insar_widgets.widgets._series_source import Sampled, SeriesSource

__all__ = ["Curve", "Found", "Line", "Wanted", "columns_of", "compute", "residual_of"]

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.datetime64]
_CURVE = 240


@dataclass(frozen=True)
class Wanted:
    """What is to be shown."""

    points: tuple[dict[str, Any], ...]
    series: tuple[str, ...]
    radius: float = 0.0
    minus: str = ""
    reference_point: Mapping[str, float] | None = None
    reference_date: str = ""
    model: Mapping[str, Any] = field(default_factory=lambda: {"poly": 1})
    exclude: tuple[str, ...] = ()


@dataclass
class Line:
    """One series of one point; (dates,) in the source's units, NaN where there is nothing."""

    point: str
    series: str
    values: Floats
    low: Floats
    high: Floats
    sampling: str = ""
    problem: str = ""
    pixels: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Curve:
    """Model between the dates, and how well it is known; (times, lines)."""

    times: Times
    fitted: Floats
    deviation: Floats


@dataclass
class Found:
    """All lines, and their fit where there could be one; its dimension `line` counts those without a problem."""

    dates: Times
    lines: list[Line]
    fit: xr.Dataset | None = None
    fit_problem: str = ""
    curve: Curve | None = None
    pixel_notes: dict[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> list[Line]:
        """The lines that were fitted, in the order of the fit."""
        return [line for line in self.lines if not line.problem]


def compute(source: SeriesSource, wanted: Wanted) -> Found:
    """Sample all points in all series, and fit the model to them at once."""
    names = [name for name in wanted.series if name in source.arrays] or [source.first]
    # Asked for once: that makes sure, too, that the file is still the one that was opened
    arrays = {name: source.arrays[name]() for name in names}
    days = [np.asarray(array["date"].values, "datetime64[ns]") for array in arrays.values()]
    dates = days[0]
    for other in days[1:]:
        if not np.array_equal(other, dates):
            dates = np.union1d(dates, other)
    base: dict[str, Floats] = {}
    trouble = ""
    for name in names:
        try:
            base[name] = _reference(source, wanted, arrays[name], dates)
        except InsarWidgetsError as error:
            trouble = f"The reference point cannot be used: {error}"
            base[name] = np.zeros(dates.size)
    lines: list[Line] = []
    notes: dict[str, str] = {}
    pixels: dict[tuple[int, int], str] = {}
    for point in wanted.points:
        for name in names:
            line, place = _line(source, wanted, point, arrays[name], base[name], dates)
            line.series = name
            line.problem = line.problem or trouble
            lines.append(line)
            if place is not None and name == names[0]:
                if place in pixels and not wanted.radius:
                    notes[point["id"]] = f"Same pixel as {pixels[place]}."
                pixels.setdefault(place, point["label"])
    _subtract(wanted, lines)
    found = Found(dates, lines, pixel_notes=notes)
    _fit(found, wanted)
    return found


def _aligned(own: Times, values: Floats, dates: Times) -> Floats:
    if np.array_equal(own, dates):
        return values.copy()
    whole = np.full(dates.size, np.nan)
    whole[np.searchsorted(dates, own)] = values
    return whole


def _reference(source: SeriesSource, wanted: Wanted, array: xr.DataArray, dates: Times) -> Floats:
    place = wanted.reference_point
    if not place:
        return np.zeros(dates.size)
    sample = source.sample(array, place["lon"], place["lat"], float(place.get("radius") or 0))
    values = _aligned(sample.dates, sample.values, dates)
    if not np.isfinite(values).any():
        raise ResultsError("there is no value at it; choose a pixel that has one.")
    return values


def _line(  # noqa: PLR0917 - all of them are needed in turn
    source: SeriesSource,
    wanted: Wanted,
    point: Mapping[str, Any],
    array: xr.DataArray,
    base: Floats,
    dates: Times,
) -> tuple[Line, tuple[int, int] | None]:
    empty = np.full(dates.size, np.nan)
    line = Line(point["id"], "", empty, empty, empty)
    lon, lat = point["lon"], point["lat"]
    try:
        sample = source.sample(array, lon, lat, wanted.radius)
    except ResultsError as error:
        line.problem = str(error)
        return line, None
    line.values, line.low, line.high = (
        _aligned(sample.dates, values, dates) - base for values in (sample.values, sample.low, sample.high)
    )
    line.pixels, line.seconds = sample.pixels, sample.seconds
    line.sampling = _sampling(sample, wanted.radius)
    if not np.isfinite(line.values).any():
        where = "within the radius" if wanted.radius else "in this pixel"
        wet = source.on_water(lon, lat)
        line.problem = (
            f"No value {where}: the point is on water; choose a point on land."
            if wet
            else f"No value {where}; choose another point or a larger radius."
        )
        return line, sample.pixel
    if wanted.reference_date:
        _zero_at(line, wanted.reference_date, dates)
    return line, sample.pixel


def _zero_at(line: Line, day: str, dates: Times) -> None:
    at = np.flatnonzero(dates.astype("datetime64[D]") == as_time(day).astype("datetime64[D]"))
    if at.size == 0:
        line.problem = f"The series has no date {day} to be zero at; choose one of its dates."
        return
    zero = line.values[at[0]]
    if not np.isfinite(zero):
        line.problem = f"No value on the reference date {day}; choose another reference date."
        return
    line.values, line.low, line.high = line.values - zero, line.low - zero, line.high - zero


def _sampling(sample: Sampled, radius: float) -> str:
    lon, lat = sample.centre
    centre = f"{lon:.5f}°, {lat:.5f}°".replace("-", "−")
    away = f"{sample.distance:.0f} m"
    if sample.median:
        word = "pixel" if sample.pixels == 1 else "pixels"
        return (
            f"Median of {sample.pixels} {word} within {radius:g} m; the pixel at it: {centre}, {away} away."
        )
    why = f" No pixel centre is within {radius:g} m." if radius else ""
    return f"1 pixel, centre {centre}, {away} from the point.{why}"


def _subtract(wanted: Wanted, lines: list[Line]) -> None:
    """Double difference: minus another point, the same series."""
    if not wanted.minus:
        return
    others = {line.series: line for line in lines if line.point == wanted.minus}
    kept = {name: (line.values.copy(), line.problem) for name, line in others.items()}
    for line in lines:
        if line.series not in kept or line.problem:
            continue
        values, problem = kept[line.series]
        if problem:
            line.problem = f"The point to subtract has no series: {problem}"
            continue
        line.values, line.low, line.high = line.values - values, line.low - values, line.high - values
        if not np.isfinite(line.values).any():
            line.problem = "No date has a value here and at the point to subtract; choose another point."


def _fit(found: Found, wanted: Wanted) -> None:
    whole = found.whole
    if not whole:
        return
    array = xr.DataArray(
        np.stack([line.values for line in whole], axis=1),
        dims=("date", "line"),
        coords={"date": found.dates},
        attrs={"center_line_utc": whole[0].seconds},
    )
    days = {str(d).replace("-", "") for d in found.dates.astype("datetime64[D]")}
    exclude = [day for day in wanted.exclude if day in days]
    try:
        fit = fit_time_function(array, **wanted.model, exclude=exclude)
        used = found.dates[fit.variables["used"].values]
        times = _curve_times(used[0], used[-1], wanted.model)
        found.fit, found.curve = fit, Curve(times, *curve_values(fit, times))
    except ResultsError as error:
        found.fit_problem = str(error)


def _curve_times(first: np.datetime64, last: np.datetime64, model: Mapping[str, Any]) -> Times:
    """Evenly spaced, with the moments just before and after a step so that it is drawn upright."""
    times = first + (last - first) * np.linspace(0, 1, _CURVE)
    minute = np.timedelta64(60, "s")
    steps = [as_time(step) for step in model.get("steps", ())]
    onsets = [as_time(d) for kind in ("exp", "log") for d in model.get(kind, {})]
    extra = [t for step in steps for t in (step, step + minute)] + [t for t in onsets if first < t < last]
    return np.unique(
        np.concatenate([times.astype("datetime64[s]"), np.array(extra, "datetime64[s]")])
    ).astype("datetime64[ns]")


def residual_of(found: Found, line: Line) -> Floats | None:
    """Displacement minus model of a line, at all dates."""
    if found.fit is None or line.problem:
        return None
    return np.asarray(found.fit.variables["residual"].values[:, found.whole.index(line)], float)


_POLY = {"velocity": "Velocity", "acceleration": "Acceleration", "poly3": "Cubic term"}


def columns_of(fit: xr.Dataset) -> list[tuple[str, str, str]]:
    """Parameters worth a column: name in the fit, title, and units as in the fit."""
    found = []
    for name in fit.data_vars:
        key = str(name)
        # `variables` throughout, where xarray would make an array with all coordinates for each look
        units = str(fit.variables[name].attrs.get("units", ""))
        if (
            key.endswith(("Std", "Cos", "Sin"))
            or f"{key}Std" not in fit
            or key in ("coefficients", "intercept")
        ):
            continue
        found.append((key, _title(key), units))
    return found


def _title(key: str) -> str:
    if key in _POLY:
        return _POLY[key]
    for tail, word in (("Amplitude", "amplitude"), ("Phase", "phase")):
        if key.endswith(tail):
            stem = key.removesuffix(tail)
            stem = {"annual": "Annual", "semiAnnual": "Semi-annual"}.get(
                stem, stem.replace("period", "Period ")
            )
            return f"{stem} {word}"
    for kind, word in (("step", "Step"), ("exp", "Exp"), ("log", "Log")):
        if key.startswith(kind):
            day, _, tau = key.removeprefix(kind).partition("Tau")
            return f"{word} {day[:4]}-{day[4:6]}-{day[6:8]}" + (f", {tau.removesuffix('D')} d" if tau else "")
    return key
