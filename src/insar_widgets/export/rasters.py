"""Displacement, wrapped displacement and layers as GeoTIFF."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from insar_widgets.errors import ExportError
from insar_widgets.export._geotiff import MEMORY, Form, Profile, Target, write_layer, write_series
from insar_widgets.export._job import Job, Progress, fingerprint
from insar_widgets.export._legend import draw_fringe_legend
from insar_widgets.export._look import look_of
from insar_widgets.export._palette import CYCLE
from insar_widgets.export._qml import style_of_look, style_of_mask, style_of_phase, write_style
from insar_widgets.export._values import (
    SIGN,
    Mask,
    Masked,
    Relative,
    common_tags,
    date_names,
    factor,
    stamp,
    value_at,
)
from insar_widgets.results import Results

__all__ = ["export_displacement", "export_layer", "export_wrapped", "wrap_displacement"]

Floats = npt.NDArray[Any]
Dates = Iterable[str] | Literal["last"] | None
Sense = Literal["away", "towards"]


def export_displacement(
    results: Results,
    out: str | Path,
    *,
    dates: Dates = None,
    name: str | None = None,
    units: str = "m",
    mask: Mask = None,
    crs: Any = None,
    cog: bool = False,
    reference_date: str | None = None,
    reference_point: Mapping[str, float] | None = None,
    file_name: str | None = None,
    memory: int = MEMORY,
    on_progress: Progress | None = None,
    cancelled: threading.Event | None = None,
    notes: list[str] | None = None,
) -> list[Path]:
    """Write cumulative displacement in line of sight, one GeoTIFF a date.

    Positive is towards the satellite. Values are 32-bit floats, NaN where there is none; the tags say unit, dates,
    reference, sign, mask and software. Beside each lies a style (``.qml``) with which QGIS colours all dates alike.

    Parameters
    ----------
    results
        Opened results.
    out
        Folder; made if it is not there. Files are named ``displacement_YYYYMMDD.tif``, those of residuals
        ``residual_YYYYMMDD.tif``.
    dates
        YYYYMMDD of the dates to write; ``"last"`` is the last one, None all of them.
    name
        One of `Results.timeseries_names`; the most corrected one if not given.
    units
        ``"m"``, ``"cm"`` or ``"mm"``.
    mask
        Name of a mask layer, least temporal coherence, or a mask (y, x); None writes every pixel with a value.
    crs
        Reference system of the files; that of the data if not given, else nearest neighbours are taken.
    cog
        Write Cloud Optimized GeoTIFFs, with overviews.
    reference_date, reference_point
        Date, and place ``{"lon", "lat", "radius"}`` (degrees, m), at which displacement is zero, if others than the
        results' own are wanted.
    file_name
        Name of the file for a single date, if another is wanted.
    memory
        Bytes that the values being worked on may take.
    on_progress, cancelled
        Called with the share done and words; set to stop.
    notes
        Gets what was passed over, in words.

    Returns
    -------
    list of Path
        The files, by date; those that were there already, made from the same data in the same way, are kept.

    Raises
    ------
    ExportError
        A parameter is not possible, or a file could not be written; nothing half-written is left.
    CancelledError
        If `cancelled` was set; complete files are kept.
    """
    scale = np.float32(factor(units))
    series = Series(results, name, mask, reference_date, reference_point)
    form = Form(crs, cog, memory)
    targets = {}
    if file_name is not None and len(series.chosen(dates)) != 1:
        raise ExportError("A file name is for one date; choose a single one, or leave the name out.")
    for index, date in series.chosen(dates):
        about = series.mark | {"date": date, "units": units, "form": [str(crs), cog], "kind": "displacement"}
        targets[index] = Target(
            Path(out) / (file_name or f"{series.stem}_{date}.tif"),
            series.tags | {"UNITS": units, "DATE": date, "SIGN": SIGN},
            fingerprint(about),
            [f"LOS {series.stem} {date} relative to {series.reference_date}"],
            units,
        )
    relative = series.compute()
    style = style_of_look(look_of(results, series.array), float(scale), units)

    def compute(values: Floats, index: int, part: slice) -> Floats:
        return np.asarray(relative(values, index, part) * scale)

    job = _job(on_progress, cancelled, notes)
    write_series(series.array, targets, compute, profile=Profile(), form=form, job=job)
    for target in targets.values():
        write_style(target.path, style)
    return [target.path for target in targets.values()]


def wrap_displacement(displacement: npt.ArrayLike, cycle: float, sense: Sense = "away") -> Floats:
    """Phase of a displacement, wrapped to [-pi, pi).

    phase = -2 pi d / cycle; with half the wavelength as cycle it is -4 pi d / wavelength, the phase of an
    interferogram as HyP3 and MintPy have it: positive away from the satellite.

    Parameters
    ----------
    displacement
        Metres, positive towards the satellite; any shape.
    cycle
        Displacement of one cycle in metres.
    sense
        ``"away"``: phase grows away from the satellite, HyP3's own; ``"towards"``: it grows with displacement.
    """
    if not (np.isfinite(cycle) and cycle > 0):
        raise ExportError(f"A displacement per cycle of {cycle} m is not possible; give more than 0.")
    if sense not in {"away", "towards"}:
        raise ExportError(f"The sense {sense!r} is unknown; choose 'away' or 'towards'.")
    d = np.asarray(displacement, float)
    phase = (-2 if sense == "away" else 2) * np.pi * d / cycle
    return np.asarray((phase + np.pi) % (2 * np.pi) - np.pi)


def export_wrapped(
    results: Results,
    out: str | Path,
    *,
    dates: Dates = None,
    name: str | None = None,
    kind: Literal["rgb", "radians", "cycles"] = "rgb",
    cycle: float | None = None,
    sense: Sense = "away",
    mask: Mask = None,
    crs: Any = None,
    cog: bool = False,
    reference_date: str | None = None,
    reference_point: Mapping[str, float] | None = None,
    memory: int = MEMORY,
    on_progress: Progress | None = None,
    cancelled: threading.Event | None = None,
    notes: list[str] | None = None,
) -> list[Path]:
    """Write wrapped displacement (fringes), one GeoTIFF a date, and a picture of the legend beside them.

    The phase is that of `wrap_displacement`. Colours are the same for all dates.

    Parameters
    ----------
    results, out, dates, name, mask, crs, cog, reference_date, reference_point, memory, on_progress, cancelled, notes
        See `export_displacement`; files are named ``wrapped_YYYYMMDD.tif``.
    kind
        ``"rgb"``: red, green and blue, 8 bits, 0 where there is no value; ``"radians"``: phase from -pi to pi;
        ``"cycles"``: the same over 2 pi.
    cycle
        Displacement of one cycle in metres; half the radar wavelength of the data if not given.
    sense
        See `wrap_displacement`.

    Returns
    -------
    list of Path
        The files, by date; for ``"rgb"`` the legend last.

    Raises
    ------
    ExportError, CancelledError
        See `export_displacement`.
    """
    if kind not in {"rgb", "radians", "cycles"}:
        raise ExportError(f"The kind {kind!r} is unknown; choose 'rgb', 'radians' or 'cycles'.")
    length = results.wavelength / 2 if cycle is None else float(cycle)
    wrap_displacement(0.0, length, sense)  # says what is wrong with them before anything is written
    series = Series(results, name, mask, reference_date, reference_point)
    units = {"rgb": "", "radians": "radian", "cycles": "cycle"}[kind]
    words = {"away": "phase grows away from the satellite", "towards": "phase grows towards the satellite"}[
        sense
    ]
    targets = {}
    for index, date in series.chosen(dates):
        about = series.mark | {
            "date": date,
            "kind": kind,
            "cycle": length,
            "sense": sense,
            "form": [str(crs), cog],
        }
        tags = {
            "DATE": date,
            "DISPLACEMENT_PER_CYCLE_M": f"{length:.8g}",
            "SENSE": words,
            "UNITS": units or "colour",
        }
        targets[index] = Target(
            Path(out) / f"wrapped_{date}.tif",
            series.tags | tags,
            fingerprint(about),
            ["red", "green", "blue"] if kind == "rgb" else [f"wrapped LOS displacement {date}"],
            units,
        )
    relative = series.compute()

    def compute(values: Floats, index: int, part: slice) -> Floats:
        phase = wrap_displacement(relative(values, index, part), length, sense)
        if kind != "rgb":
            return phase if kind == "radians" else phase / (2 * np.pi)
        valid = np.isfinite(phase)
        place = (
            np.where(valid, (phase + np.pi) / (2 * np.pi) * len(CYCLE), 0).astype(int).clip(0, len(CYCLE) - 1)
        )
        return np.moveaxis(np.where(valid[..., None], CYCLE[place], 0), -1, 0)

    profile = Profile("uint8", 0, 3) if kind == "rgb" else Profile()
    job = _job(on_progress, cancelled, notes)
    write_series(series.array, targets, compute, profile=profile, form=Form(crs, cog, memory), job=job)
    paths = [target.path for target in targets.values()]
    if kind == "rgb":
        paths.append(draw_fringe_legend(Path(out) / "wrapped_legend.png", length, sense))
    else:
        for path in paths:
            write_style(path, style_of_phase(kind == "cycles"))
    return paths


def export_layer(
    results: Results,
    out: str | Path,
    layer: str = "velocity",
    *,
    units: str | None = None,
    mask: Mask = None,
    crs: Any = None,
    cog: bool = False,
    reference_point: Mapping[str, float] | None = None,
    memory: int = MEMORY,
    on_progress: Progress | None = None,
    cancelled: threading.Event | None = None,
    notes: list[str] | None = None,
) -> list[Path]:
    """Write a layer as GeoTIFF, such as velocity, its standard deviation, a coherence, a mask, height or DEM error.

    Parameters
    ----------
    results, mask, crs, cog, memory, on_progress, cancelled, notes
        See `export_displacement`.
    out
        A folder, or the name of the file with ``.tif``. In a folder the file is named after the layer, velocities also
        after the series they were fitted to.
    layer
        One of `Results.layers` without dates.
    units
        ``"m"``, ``"cm"`` or ``"mm"`` for lengths and velocities; as in the data if not given.
    reference_point
        Place ``{"lon", "lat", "radius"}`` (degrees, m) at which a velocity is zero, if another than the results' own is
        wanted.

    Returns
    -------
    list of Path
        The file.

    Raises
    ------
    ExportError, CancelledError
        See `export_displacement`.
    """
    array = results[layer]
    if array.ndim != 2:
        raise ExportError(f"{layer} has a value for each date; use export_displacement.")
    own = str(array.attrs.get("units", ""))
    scale, shown = 1.0, own
    if units is not None:
        if own not in {"m", "m/year"}:
            raise ExportError(
                f"{layer} is in {own or 'no unit'} and cannot be written in {units}; leave units out."
            )
        scale, shown = factor(units), own.replace("m", units, 1)
    masked = Masked(results, mask)
    offset = np.float32(value_at(array, reference_point)) if reference_point else np.float32(0)
    target_path = Path(out)
    if target_path.suffix.lower() not in {".tif", ".tiff"}:
        target_path = target_path / f"{layer_file_name(results, layer)}.tif"
    tags = common_tags(results, array, masked) | {"UNITS": shown}
    if own in {"m", "m/year"} and layer.startswith(("velocity", "avgPhaseVelocity", "step")):
        tags |= {"SIGN": SIGN}
    if reference_point:
        tags |= {
            "REFERENCE_LON": f"{reference_point['lon']:.7f}",
            "REFERENCE_LAT": f"{reference_point['lat']:.7f}",
        }
        tags |= {"REFERENCE_RADIUS_M": f"{reference_point.get('radius', 0):g}"}
    about = {
        "layer": stamp(array),
        "mask": masked.mark,
        "units": shown,
        "form": [str(crs), cog],
        "tags": tags,
    }
    words = f"{array.attrs.get('long_name', layer)}"
    target = Target(target_path, tags, fingerprint(about), [words], shown)
    whole = array.dtype.kind in "biu"
    profile = Profile("uint8" if array.dtype.kind == "b" else str(array.dtype), None) if whole else Profile()
    if array.dtype == np.int64:
        profile = Profile("int32", None)

    def compute(values: Floats, _index: int, part: slice) -> Floats:
        if scale != 1.0 or offset:
            values = (values - offset) * np.float32(scale)
        kept = masked.kept(part)
        if kept is None:
            return values
        return np.where(kept, values, 0 if whole else np.float32(np.nan))

    job = _job(on_progress, cancelled, notes)
    style = (
        style_of_mask()
        if array.dtype.kind == "b"
        else style_of_look(look_of(results, array), scale, target.units)
    )
    write_layer(array, target, compute, profile=profile, form=Form(crs, cog, memory), job=job)
    write_style(target.path, style)
    return [target.path]


class Series:
    """A displacement series, masked and relative to what is asked for."""

    def __init__(
        self,
        results: Results,
        name: str | None,
        mask: Mask,
        reference_date: str | None,
        reference_point: Mapping[str, float] | None,
    ) -> None:
        self.array: xr.DataArray = results.timeseries if name is None else results[name]
        if self.array.ndim != 3 or self.array.dims[0] != "date":
            raise ExportError(
                f"{name} is no time series; choose one of {', '.join(results.timeseries_names)}."
            )
        self.stem = "residual" if "Residual" in str(self.array.name) else "displacement"
        self._masked = Masked(results, mask)
        point = dict(reference_point) if reference_point else None
        self._relative = Relative(self.array, reference_date, point)
        self.reference_date = reference_date or results.reference_date or "the first date"
        self.tags = common_tags(results, self.array, self._masked)
        self.mark: dict[str, Any] = {
            "series": stamp(self.array), "mask": self._masked.mark, "reference": [reference_date, point]
        }  # fmt: skip
        if reference_date:
            self.tags["REFERENCE_DATE"] = reference_date
        if point:
            self.tags |= {"REFERENCE_LON": f"{point['lon']:.7f}", "REFERENCE_LAT": f"{point['lat']:.7f}"}
            self.tags |= {"REFERENCE_RADIUS_M": f"{point.get('radius', 0):g}"}

    def chosen(self, dates: Dates) -> list[tuple[int, str]]:
        """Index and name of the wanted dates."""
        names = date_names(self.array)
        if dates is None:
            return list(enumerate(names))
        wanted = [names[-1]] if dates == "last" else [str(date) for date in dates]
        for date in wanted:
            if date not in names:
                raise ExportError(f"{self.array.name} has no date {date}; choose one of {', '.join(names)}.")
        return sorted((names.index(date), date) for date in dict.fromkeys(wanted))

    def compute_unmasked(self) -> Callable[[Floats, int, slice], Floats]:
        """Function from stored values, index of the date and rows to relative ones in metres."""
        return self._relative.compute()

    def compute(self) -> Callable[[Floats, int, slice], Floats]:
        """Function from stored values to relative, masked ones in metres."""
        relative = self.compute_unmasked()

        def values_of(values: Floats, index: int, part: slice) -> Floats:
            moved = relative(values, index, part)
            kept = self._masked.kept(part)
            if kept is not None:
                moved[~kept] = np.nan
            return moved

        return values_of


def layer_file_name(results: Results, layer: str) -> str:
    """The layer's name; a velocity is named after its series too, ``velocity_ERA5_ramp_demErr``."""
    if layer in {"velocity", "velocityStd"}:
        fitted = str(results.timeseries.name or "") if results.timeseries_names else ""
        suffix = fitted.removeprefix("timeseries")
        return f"{layer}{suffix}"
    return layer


def _job(on_progress: Progress | None, cancelled: threading.Event | None, notes: list[str] | None) -> Job:
    job = Job(on_progress, cancelled)
    if notes is not None:
        job.notes = notes
    return job
