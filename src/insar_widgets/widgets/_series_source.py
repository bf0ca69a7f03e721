"""Where the series of an inspector come from: a work directory, or any array along time, y and x."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.results import Results, sample_point
from insar_widgets.results.sampling import take_point
from insar_widgets.widgets._series_names import series_label

__all__ = ["Sampled", "SeriesSource", "source_of"]

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.datetime64]

_LENGTHS = {"m": 1.0, "metre": 1.0, "metres": 1.0, "meter": 1.0, "meters": 1.0, "cm": 0.01, "mm": 0.001}
_NAMES = {
    "time": "date", "t": "date", "lat": "y", "latitude": "y", "northing": "y", "lon": "x", "longitude": "x",
    "easting": "x",
}  # fmt: skip
_KEPT = 600


@dataclass(frozen=True)
class Sampled:
    """A series at a place as bare arrays along `dates`; see `insar_widgets.results.sample_point`."""

    dates: Times
    values: Floats
    low: Floats
    high: Floats
    pixels: int
    pixel: tuple[int, int]
    centre: tuple[float, float]
    distance: float
    seconds: float
    median: bool

    @classmethod
    def take(cls, array: xr.DataArray, lon: float, lat: float, radius: float) -> Sampled:
        """Sample an array along date, y and x."""
        found = take_point(array, lon, lat, radius)
        return cls(
            dates=np.asarray(array["date"].values, "datetime64[ns]"),
            values=found.stats.median,
            low=found.stats.p16,
            high=found.stats.p84,
            pixels=int(found.stats.count.max(initial=0)),
            pixel=found.pixel,
            centre=found.centre,
            distance=found.distance,
            seconds=float(array.attrs.get("center_line_utc", 0.0)),
            median=found.sampling.startswith("median"),
        )


@dataclass
class SeriesSource:
    """Series that can be sampled, and what there is to say about them.

    Attributes
    ----------
    arrays : how each series is got, (date, y, x); displacement in metres.
    labels : what they are called.
    first : the one that is shown first.
    units : ``"m"`` for displacement; anything else is shown as it is.
    quantity : what the axis says.
    notes : what was assumed, in sentences.
    rms : residual RMS of each date in metres, where MintPy wrote it.
    water : layer that is False on water.
    code : Python lines that make ``cube(name)``, which reproduces `arrays`.
    """

    arrays: Mapping[str, Callable[[], xr.DataArray]]
    labels: Mapping[str, str]
    first: str
    units: str
    quantity: str
    code: str
    where: str
    notes: tuple[str, ...] = ()
    rms: xr.DataArray | None = None
    water: xr.DataArray | None = None
    reference_date: str = ""
    reference_point: dict[str, float] | None = None
    _samples: OrderedDict[tuple[Any, ...], Sampled] = field(default_factory=OrderedDict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def dates(self) -> npt.NDArray[np.datetime64]:
        """All dates of the first series."""
        return np.asarray(self.arrays[self.first]()["date"].values, "datetime64[ns]")

    def sample(self, array: xr.DataArray, lon: float, lat: float, radius: float) -> Sampled:
        """As `insar_widgets.results.sample_point` of one of the arrays; the last ones are kept."""
        key = (array.name, lon, lat, radius)
        with self._lock:
            if key in self._samples:
                self._samples.move_to_end(key)
                return self._samples[key]
        found = Sampled.take(array, lon, lat, radius)
        with self._lock:
            self._samples[key] = found
            while len(self._samples) > _KEPT:
                self._samples.popitem(last=False)
        return found

    def on_water(self, lon: float, lat: float) -> bool:
        """Whether the water mask says so; False where there is none."""
        if self.water is None:
            return False
        return float(sample_point(self.water.astype("float32"), lon, lat)["value"]) == 0


def source_of(data: Results | xr.DataArray | xr.Dataset) -> SeriesSource:
    """The series of results or of an array.

    Raises
    ------
    InsarWidgetsError
        There is no series, or an array lacks time, place or reference system.
    """
    return _of_results(data) if isinstance(data, Results) else _of_array(data)


def _of_results(results: Results) -> SeriesSource:
    names = results.timeseries_names
    if not names:
        raise InsarWidgetsError(
            f"{results.work_dir} has no displacement time series yet; run the steps up to invert_network."
        )
    first = str(results.timeseries.name)
    point = results.reference_point
    try:
        rms, notes = results.residual_rms, tuple(results.notes)
    except (OSError, ValueError, IndexError) as error:
        rms, notes = None, (*results.notes, f"The residual RMS of the dates cannot be read ({error}).")
    return SeriesSource(
        arrays={name: (lambda name=name: results[name]) for name in names},  # type: ignore[misc]
        labels={name: series_label(name) for name in names},
        first=first,
        units="m",
        quantity="LOS displacement",
        code=f"results = open_results({str(results.work_dir)!r})\n\ndef cube(name):\n    return results[name]\n",
        where=str(results.work_dir),
        notes=notes,
        rms=rms,
        water=results["waterMask"] if "waterMask" in results.layers else None,
        reference_date=results.reference_date or "",
        reference_point={"lon": point["lon"], "lat": point["lat"]} if point else None,
    )


def _of_array(data: xr.DataArray | xr.Dataset) -> SeriesSource:
    given, array = _pick(data), _pick(data)
    lines = [f"array = data[{str(given.name)!r}]" if isinstance(data, xr.Dataset) else "array = data"]
    notes: list[str] = []
    renames = {str(d): _NAMES[str(d).lower()] for d in array.dims if str(d).lower() in _NAMES}
    if renames:
        array = array.rename(renames)
        lines.append(f"array = array.rename({renames!r})")
    if set(array.dims) != {"date", "y", "x"}:
        raise InsarWidgetsError(
            f"The array has dimensions {tuple(given.dims)}; "
            "a time series has date (or time), y (or lat) and x (or lon)."
        )
    array = array.transpose("date", "y", "x")
    lines.append('array = array.transpose("date", "y", "x")')
    times = _times(array["date"].values)
    if not np.issubdtype(array["date"].dtype, np.datetime64):
        array = array.assign_coords(date=times)
        lines += [
            "days = [str(d).replace('-', '') for d in array['date'].values.astype(str)]",
            "array = array.assign_coords(date=np.array([f'{d[:4]}-{d[4:6]}-{d[6:8]}' for d in days], 'M8[ns]'))",
        ]
    if (np.diff(times.astype("int64")) <= 0).any():
        array = array.sortby("date").drop_duplicates("date")
        lines.append('array = array.sortby("date").drop_duplicates("date")')
        dropped = times.size - array.sizes["date"]
        notes.append("The dates were sorted" + (f", {dropped} that came twice left out." if dropped else "."))
    if array.rio.crs is None:
        if not any(str(d).lower().startswith("l") for d in given.dims):
            raise InsarWidgetsError(
                "The array has no coordinate reference system; set it with array.rio.write_crs(...)."
            )
        array = array.rio.write_crs(4326)
        lines.append("array = array.rio.write_crs(4326)")
        notes.append("The array names no reference system; its lon and lat are taken as degrees WGS84.")
    units = str(given.attrs.get("units", "")).strip()
    factor = _LENGTHS.get(units)
    if factor is None and not units:
        factor = 1.0
        notes.append("The array names no units; its values are taken as metres.")
    if factor not in (None, 1.0):
        array = (array * factor).assign_attrs(given.attrs, units="m")
        lines.append(f'array = (array * {factor}).assign_attrs(array.attrs, units="m")')
    name = str(given.name or "displacement")
    # A new function each time would defeat the cache of what a lazy array reads
    return SeriesSource(
        arrays={name: lambda: array},
        labels={name: str(given.attrs.get("long_name") or name)},
        first=name,
        units="m" if factor is not None else units,
        quantity=str(given.attrs.get("long_name") or name),
        code="\n".join([*lines, "", "def cube(name):", "    return array", ""]),
        where=str(given.encoding.get("source", "")) or f"array {name}",
        notes=tuple(notes),
    )


def _pick(data: xr.DataArray | xr.Dataset) -> xr.DataArray:
    if isinstance(data, xr.DataArray):
        return data
    cubes = [name for name, variable in data.data_vars.items() if variable.ndim == 3]
    if "displacement" in cubes or len(cubes) == 1:
        return data["displacement" if "displacement" in cubes else cubes[0]]
    raise InsarWidgetsError(
        f"The dataset has {len(cubes)} variables along three dimensions ({', '.join(map(str, cubes)) or 'none'}); "
        'give one of them, as in TimeSeriesInspector(dataset["displacement"]).'
    )


def _times(values: npt.NDArray[Any]) -> npt.NDArray[np.datetime64]:
    if np.issubdtype(values.dtype, np.datetime64):
        return np.asarray(values, "datetime64[ns]")
    try:
        compact = [str(v.decode() if isinstance(v, bytes) else v).replace("-", "") for v in values]
        return np.array([f"{c[:4]}-{c[4:6]}-{c[6:8]}" for c in compact], "datetime64[ns]")
    except ValueError as error:
        raise InsarWidgetsError(
            f"The dates of the array cannot be read ({error}); give datetime64 or YYYYMMDD."
        ) from error
