"""Open a MintPy work directory and read it as xarray, in metres and on a map grid."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import rioxarray  # noqa: F401 - registers the `rio` accessor
import xarray as xr
from pyproj import CRS

from insar_widgets.errors import ResultsError
from insar_widgets.results._build import build_array, datetimes, read_dates
from insar_widgets.results._design import Dates, Onsets
from insar_widgets.results._files import corrections, is_displacement_series
from insar_widgets.results._grid import Grid
from insar_widgets.results._lazy import EmptyWhereZero
from insar_widgets.results._scan import Scan, scan
from insar_widgets.results._swath import Method
from insar_widgets.results.fitting import fit_time_function
from insar_widgets.results.interferograms import Interferograms
from insar_widgets.results.sampling import sample_point, sample_transect
from insar_widgets.results.summary import Summary, summarise


def open_results(work_dir: str | Path) -> Results:
    """Open what MintPy wrote into a work directory.

    An unfinished run is fine: what exists is there, `Results.missing` says what is not and why.

    Parameters
    ----------
    work_dir
        Folder in which MintPy ran. For a run in radar coordinates the copies in its ``geo`` folder are used.

    Raises
    ------
    ResultsError
        Not a work directory, or in radar coordinates without geocoded copies.
    """
    folder = Path(work_dir).expanduser().resolve()
    return Results(folder, scan(folder))


class Results:
    """The layers of a MintPy work directory; use `open_results` to get one.

    ``results["velocity"]`` is a lazy DataArray with dimensions (y, x), ``results["timeseries"]`` has
    (date, y, x). Coordinates are pixel centres in `crs`; displacement is in metres and positive towards
    the sensor; a pixel without a value is NaN (``attrs["no_data"]`` says how it is known), and masks are boolean.
    Values are read when they are needed, without a lock on the file; a file that was written again since
    is an error that says so, never a mixture of old and new.
    """

    def __init__(self, work_dir: Path, found: Scan) -> None:
        self.work_dir = work_dir
        self._scan = found
        self._arrays: dict[str, xr.DataArray] = {}
        self._empties: dict[str, EmptyWhereZero] = {}

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers that can be read."""
        return tuple(self._scan.layers)

    @property
    def missing(self) -> Mapping[str, str]:
        """Layers of a complete run that cannot be read, each with the reason and the remedy."""
        return MappingProxyType(dict(self._scan.missing))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was substituted while opening, in words."""
        return self._scan.notes

    @property
    def metadata(self) -> Mapping[str, str]:
        """MintPy's attributes of the most corrected time series, or of the first file there is."""
        name = self._latest_series()
        return MappingProxyType(dict(self._scan.layers[name].entry.metadata if name else self._scan.metadata))

    @property
    def crs(self) -> CRS:
        """Coordinate reference system of x and y."""
        return self._scan.grid.crs

    @property
    def grid(self) -> Grid:
        """The pixels of all layers: corner, size, rows and columns, and the way to degrees."""
        return self._scan.grid

    @property
    def timeseries_names(self) -> tuple[str, ...]:
        """Displacement time series, from the raw one to the most corrected one."""
        names = [n for n in self.layers if is_displacement_series(n)]
        return tuple(sorted(names, key=lambda n: (len(corrections(n)), n)))

    @property
    def timeseries(self) -> xr.DataArray:
        """The most corrected displacement (date, y, x) in metres: the one that velocity was fitted to."""
        name = self._latest_series()
        if name is None:
            raise ResultsError(self._why_not("timeseries"))
        return self[name]

    @cached_property
    def dates(self) -> tuple[str, ...]:
        """Dates of the series as YYYYMMDD; empty before the inversion."""
        name = self._latest_series()
        return tuple(d[:8] for d in read_dates(self._scan.layers[name])) if name else ()

    @property
    def reference_date(self) -> str | None:
        """The date at which displacement is zero, YYYYMMDD."""
        return self.metadata.get("REF_DATE")

    @property
    def reference_point(self) -> dict[str, float] | None:
        """The pixel at which displacement is zero.

        ``lon`` and ``lat`` are its centre in degrees WGS84, ``y`` and ``x`` its row and column, or None
        before the step reference_point. MintPy's REF_LAT and REF_LON hold metres on UTM grids and are not used.
        """
        meta = self.metadata
        if "REF_Y" not in meta or "REF_X" not in meta:
            return None
        row, column = int(meta["REF_Y"]), int(meta["REF_X"])
        lon, lat = self._scan.grid.lonlat(row + 0.5, column + 0.5)
        return {"lon": float(lon), "lat": float(lat), "y": row, "x": column}

    @property
    def wavelength(self) -> float:
        """Radar wavelength in metres."""
        try:
            return float(self.metadata["WAVELENGTH"])
        except (KeyError, ValueError) as error:
            raise ResultsError(
                f"No file in {self.work_dir} names the radar wavelength; run load_data again."
            ) from error

    @cached_property
    def residual_rms(self) -> xr.DataArray | None:
        """Root mean square residual of each date (m), from the step residual_RMS; None before it."""
        files = sorted(
            self.work_dir.glob("rms_timeseriesResidual*.txt"), key=lambda p: (p.stat().st_mtime_ns, p.name)
        )
        if not files:
            return None
        rows = [line.split() for line in files[-1].read_text().splitlines() if line[:1].isdigit()]
        return xr.DataArray(
            np.array([float(row[1]) for row in rows]),
            coords={"date": datetimes([row[0] for row in rows])},
            dims="date",
            name="rms",
            attrs={"units": "m", "long_name": "residual RMS of the date", "source": str(files[-1])},
        )

    def __getitem__(self, name: str) -> xr.DataArray:
        if name not in self._scan.layers:
            raise ResultsError(self._why_not(name))
        if name not in self._arrays:
            self._arrays[name] = build_array(self._scan, self._scan.layers[name], self._empties)
        self._scan.layers[name].source.check_unchanged()
        return self._arrays[name].copy(deep=False)

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __contains__(self, name: object) -> bool:
        return name in self._scan.layers

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.layers)

    @cached_property
    def interferograms(self) -> Interferograms:
        """The pairs with their phase and coherence.

        Raises
        ------
        ResultsError
            There is no ``inputs/ifgramStack.h5``, or it is in radar coordinates.
        """
        entry = self._scan.stack
        if entry is None:
            raise ResultsError(self._why_not("ifgramStack"))
        if not entry.geocoded:
            raise ResultsError(f"{entry.path} is in radar coordinates, which cannot be put on a map.")
        return Interferograms(self.work_dir, self._scan, entry)

    def changed(self) -> bool:
        """Whether files were written, added or removed since the results were opened."""
        try:
            now = scan(self.work_dir)
        except ResultsError:
            return True
        before = {n: (x.source.path, x.source.stamp) for n, x in self._scan.layers.items()}
        return before != {n: (x.source.path, x.source.stamp) for n, x in now.layers.items()}

    def series(self, lon: float, lat: float, radius: float = 0, name: str | None = None) -> xr.Dataset:
        """Displacement over time at a place; see `sample_point` for what is returned.

        Parameters
        ----------
        lon, lat
            Degrees WGS84.
        radius
            Metres; 0 takes the pixel that holds the point, more the median of all pixels with a value whose
            centre is that near.
        name
            One of `timeseries_names`; the most corrected one if not given.
        """
        array = self.timeseries if name is None else self[name]
        if "date" not in array.dims:
            raise ResultsError(f"{name} is no time series; choose one of {', '.join(self.timeseries_names)}.")
        sample = sample_point(array, lon, lat, radius)
        rms = self.residual_rms
        if rms is not None:
            sample["rms"] = rms.reindex(date=sample["date"])
        return sample

    def transect(
        self,
        line: Any,
        layer: str = "velocity",
        width: float = 0,
        step: float | None = None,
        method: Method = "nearest",
        *,
        date: str | None = None,
    ) -> xr.Dataset:
        """Profile of a layer along a polyline; see `sample_transect` for what is returned.

        Parameters
        ----------
        line
            Polyline ``[[lon, lat], ...]`` in degrees WGS84.
        layer
            One of `layers`; a time series gives a profile for each date, or for `date`.
        width, step
            Metres: width of the swath, distance between samples (one pixel if not given).
        method
            ``"nearest"`` or ``"bilinear"``.
        date
            YYYYMMDD, for a time series.
        """
        height = self["height"] if "height" in self.layers else None
        array = self[layer]
        if date is not None:
            if "date" not in array.dims:
                raise ResultsError(f"The layer {layer} has no dates; leave date out.")
            array = array.isel(date=_index_of(array, date))
        return sample_transect(array, line, width=width, step=step, method=method, elevation=height)

    def fit(  # noqa: PLR0917 - the public signature
        self,
        series: xr.DataArray | xr.Dataset,
        poly: int = 1,
        periodic: Any = (),
        steps: Dates = (),
        exp: Onsets = (),
        log: Onsets = (),
        exclude: Dates = (),
        *,
        curves: bool = True,
    ) -> xr.Dataset:
        """Fit a time function to displacement; see `fit_time_function`."""
        return fit_time_function(
            series,
            poly=poly,
            periodic=periodic,
            steps=steps,
            exp=exp,
            log=log,
            exclude=exclude,
            curves=curves,
        )

    def summary(self) -> Summary:
        """The figures that say what came out: dates, pairs, grid, reference, coherence, velocity range."""
        return summarise(self, self._scan)

    def __repr__(self) -> str:
        lines = [
            f"<insar_widgets.Results {self.work_dir}>",
            *(f"  {k}: {v}" for k, v in self._describe().items()),
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        left = "style='text-align:left'"
        rows = "".join(
            f"<tr><th {left}>{html.escape(k)}</th><td {left}>{html.escape(v)}</td></tr>"
            for k, v in self._describe().items()
        )
        return (
            f"<div><b>Results</b> <code>{html.escape(str(self.work_dir))}</code><table>{rows}</table></div>"
        )

    def _describe(self) -> dict[str, str]:
        grid, point = self._scan.grid, self.reference_point
        described = {
            "grid": f"{grid.rows} rows x {grid.columns} columns, {grid.crs.to_string()}, {grid.describe_extent()}",
            "dates": f"{len(self.dates)} ({self.dates[0]} to {self.dates[-1]})" if self.dates else "none yet",
            "reference": f"{self.reference_date or 'no date yet'}, "
            + (f"lon {point['lon']:.5f}, lat {point['lat']:.5f}" if point else "no point yet"),
            "layers": ", ".join(self.layers),
        }
        if self.missing:
            described["missing"] = ", ".join(self.missing)
        if self.notes:
            described["notes"] = " ".join(self.notes)
        return described

    def _latest_series(self) -> str | None:
        """The series that velocity was fitted to, else the one with most corrections, else the newest."""
        names = self.timeseries_names
        if not names:
            return None
        if "velocity" in self._scan.layers:
            entry = self._scan.layers["velocity"].entry
            fitted = re.sub(r"^geo_|\.h5$", "", Path(entry.metadata.get("FILE_PATH", "")).name)
            if fitted in names:
                return fitted
        return max(names, key=lambda n: (len(corrections(n)), self._scan.layers[n].source.stamp[2]))

    def _why_not(self, name: str) -> str:
        if name in self._scan.missing:
            return f"The layer {name} is missing: {self._scan.missing[name]}"
        return f"{self.work_dir} has no layer {name!r}; it has {', '.join(self.layers)}."


def _index_of(array: xr.DataArray, date: str) -> int:
    days = [str(day).replace("-", "") for day in array["date"].values.astype("datetime64[D]")]
    if date not in days:
        raise ResultsError(f"{array.name} has no date {date}; choose one of {', '.join(days)}.")
    return days.index(date)
