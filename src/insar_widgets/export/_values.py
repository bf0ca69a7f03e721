"""What is exported: units, mask, and the reference that values are relative to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insar_widgets import __version__
from insar_widgets.errors import ExportError
from insar_widgets.results import Results

Floats = npt.NDArray[Any]
Mask = str | float | xr.DataArray | None
UNITS = {"m": 1.0, "cm": 100.0, "mm": 1000.0}
SIGN = "line of sight, positive towards the satellite"


def factor(units: str) -> float:
    """What metres are multiplied with."""
    if units not in UNITS:
        raise ExportError(f"The unit {units!r} is unknown; choose one of {', '.join(UNITS)}.")
    return UNITS[units]


@dataclass(frozen=True)
class Masked:
    """Which pixels are left out: none, those a mask layer leaves out, or those of too low temporal coherence."""

    results: Results
    mask: Mask

    def __post_init__(self) -> None:
        self._layer  # noqa: B018 - a mask that is not there is told before anything is written

    @property
    def words(self) -> str:
        """The mask in words; empty without one."""
        if self.mask is None:
            return ""
        if isinstance(self.mask, str):
            return self.mask
        if isinstance(self.mask, xr.DataArray):
            return str(self.mask.name or "given mask")
        return f"temporal coherence >= {self.mask:g}"

    @cached_property
    def _layer(self) -> xr.DataArray | None:
        if self.mask is None:
            return None
        if isinstance(self.mask, xr.DataArray):
            return self.mask
        return self.results[self.mask if isinstance(self.mask, str) else "temporalCoherence"]

    def kept(self, part: slice) -> npt.NDArray[np.bool_] | None:
        """Pixels that stay, of some rows."""
        if self._layer is None:
            return None
        values = self._layer.isel(y=part).values
        if isinstance(self.mask, int | float) and not isinstance(self.mask, bool):
            return np.asarray(values >= self.mask)
        return np.asarray(np.isfinite(values) & (values != 0))

    @property
    def mark(self) -> Any:
        """What tells this mask from another one."""
        if self._layer is None:
            return None
        return [self.words, stamp(self._layer)]


@dataclass(frozen=True)
class Relative:
    """A series relative to a date and a place of one's own choice instead of the results'."""

    array: xr.DataArray
    date: str | None = None
    point: dict[str, float] | None = None

    @cached_property
    def _base(self) -> int | None:
        if self.date is None:
            return None
        names = date_names(self.array)
        if self.date not in names:
            raise ExportError(f"{self.array.name} has no date {self.date}; choose one of {', '.join(names)}.")
        return names.index(self.date)

    @cached_property
    def offsets(self) -> Floats:
        """(dates,) metres to subtract from each date: the series at the point."""
        if self.point is None:
            return np.zeros(self.array.sizes["date"])
        from insar_widgets.results import sample_point  # noqa: PLC0415

        place = {key: float(self.point[key]) for key in ("lon", "lat")}
        series = sample_point(self.array, **place, radius=float(self.point.get("radius", 0)))[
            "displacement"
        ].values
        if not np.isfinite(series).all():
            raise ExportError(
                f"The reference point lon {place['lon']:.5f}, lat {place['lat']:.5f} has no value at every date; "
                "choose another one or a larger radius."
            )
        return np.asarray(series, float)

    def compute(self) -> Callable[[Floats, int, slice], Floats]:
        """Function from the stored values of a date to the relative ones, in metres."""
        offsets, base = self.offsets, self._base

        def relative(values: Floats, index: int, part: slice) -> Floats:
            moved = values.astype(np.float32, copy=True)
            if base is not None:
                moved -= self.array.isel(date=base, y=part).values
            shift = offsets[index] - (offsets[base] if base is not None else 0.0)
            return moved - np.float32(shift) if shift else moved

        return relative


def value_at(layer: xr.DataArray, point: Mapping[str, float]) -> float:
    """Value of a velocity at a place, to make it zero there."""
    if str(layer.attrs.get("units")) != "m/year":
        raise ExportError(f"{layer.name} has no reference point; leave it out.")
    from insar_widgets.results import sample_point  # noqa: PLC0415

    lon, lat = float(point["lon"]), float(point["lat"])
    value = float(sample_point(layer, lon, lat, float(point.get("radius", 0)))["value"])
    if not np.isfinite(value):
        raise ExportError(
            f"The reference point lon {lon:.5f}, lat {lat:.5f} has no value; choose another one or a larger radius."
        )
    return value


def date_names(array: xr.DataArray) -> list[str]:
    """Dates of a series as YYYYMMDD."""
    return [str(day).replace("-", "") for day in array["date"].values.astype("datetime64[D]")]


def stamp(array: xr.DataArray) -> Any:
    """What changes when the file an array comes from is written again."""
    from pathlib import Path  # noqa: PLC0415

    source = array.attrs.get("source")
    if source and Path(source).exists():
        status = Path(source).stat()
        return [Path(source).name, array.attrs.get("dataset", ""), status.st_size, status.st_mtime_ns]
    return [str(array.name), float(np.nansum(array.values))]


def software() -> str:
    """Name and version of what wrote a file, and of MintPy where it is installed."""
    with suppress(metadata.PackageNotFoundError):
        return f"insar_widgets {__version__}, MintPy {metadata.version('mintpy')}"
    return f"insar_widgets {__version__}"


def common_tags(results: Results, array: xr.DataArray, mask: Masked) -> dict[str, str]:
    """Tags that every exported raster carries."""
    from pathlib import Path  # noqa: PLC0415

    point = results.reference_point
    tags = {
        "TIFFTAG_SOFTWARE": software(),
        "LAYER": str(array.name),
        "LONG_NAME": str(array.attrs.get("long_name", "")),
        "SOURCE_FILE": Path(str(array.attrs.get("source", ""))).name,
        "MASK": mask.words or "none",
        "REFERENCE_DATE": results.reference_date or "",
        "SENSOR": results.metadata.get("PLATFORM", ""),
        "ORBIT_DIRECTION": results.metadata.get("ORBIT_DIRECTION", ""),
        "WAVELENGTH_M": results.metadata.get("WAVELENGTH", ""),
    }
    if point:
        tags |= {"REFERENCE_LON": f"{point['lon']:.7f}", "REFERENCE_LAT": f"{point['lat']:.7f}"}
    return {key: value for key, value in tags.items() if value}
