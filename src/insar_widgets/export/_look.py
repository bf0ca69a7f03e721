"""How values are coloured: the same tables, the same ranges and the same units as on the map."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.colors import LinearSegmentedColormap

from insar_widgets.errors import ExportError
from insar_widgets.export._values import UNITS
from insar_widgets.results import Results

Floats = npt.NDArray[Any]
_SAMPLE = 250_000
MASK_COLOURS = ("#d9d9d9", "#1b7837")
"""Left out and kept."""
_MM = {"m": "mm", "m/year": "mm/year"}


@cache
def _tables() -> dict[str, dict[str, Any]]:
    text = resources.files("insar_widgets").joinpath("widgets", "colormaps.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def colours(name: str, reverse: bool = False) -> npt.NDArray[np.uint8]:
    """(256, 3) red, green, blue of a colour table."""
    if name == "mask":
        return np.repeat(np.array([[217, 217, 217], [27, 120, 55]], np.uint8), 128, axis=0)
    if name not in _tables():
        raise ExportError(f"There is no colormap {name!r}; choose one of {', '.join(_tables())}.")
    table = np.frombuffer(base64.b64decode(_tables()[name]["rgb"]), np.uint8).reshape(256, 3)
    return table[::-1] if reverse else table


@dataclass(frozen=True)
class Look:
    """Colours of values.

    Attributes
    ----------
    colormap, reverse : table, and whether it runs backwards.
    low, high : values of the first and the last colour, in the unit of the data.
    units, factor : unit for people, and what values are multiplied with to have it.
    title : what is shown.
    wrap : value of one turn of the colours, in the unit of the data, 0 in the middle; None for no turns.
    """

    colormap: str
    reverse: bool
    low: float
    high: float
    units: str
    factor: float
    title: str
    wrap: float | None = None

    @property
    def table(self) -> npt.NDArray[np.uint8]:
        """(256, 3) red, green, blue."""
        return colours(self.colormap, self.reverse)

    @property
    def cmap(self) -> LinearSegmentedColormap:
        """The table for matplotlib; what has no value is transparent."""
        return LinearSegmentedColormap.from_list(self.colormap, list(self.table / 255.0), 256)

    @property
    def label(self) -> str:
        """Title, to its first comma, and unit."""
        title = self.title.partition(",")[0]
        return f"{title} ({self.units})" if self.units not in {"", "1"} else title

    def rgba(self, values: Floats) -> npt.NDArray[np.uint8]:
        """Red, green, blue and alpha (..., 4) of values in the unit of the data; NaN is transparent."""
        place = self.place(values)
        out = np.zeros((*values.shape, 4), np.uint8)
        out[..., :3] = self.table[place.clip(0)]
        out[..., 3] = 255
        out[place < 0] = 0
        return out

    def place(self, values: Floats) -> npt.NDArray[np.int16]:
        """Number of the colour of each value, from 0 to 255; -1 where there is none."""
        valid = np.isfinite(values)
        safe = np.where(valid, values, 0.0)
        share = (safe / self.wrap + 0.5) % 1.0 if self.wrap else (safe - self.low) / (self.high - self.low)
        return np.where(valid, (share * 256).clip(0, 255), -1).astype(np.int16)

    def stops(self, number: int) -> list[tuple[float, str]]:
        """Values in the unit for people with their colours as ``#rrggbb``, evenly spaced."""
        values = np.linspace(self.low, self.high, number)
        rgb = self.rgba(values)
        return [
            (float(v * self.factor), "#" + "".join(f"{c:02x}" for c in colour[:3]))
            for v, colour in zip(values, rgb, strict=True)
        ]

    def in_units(self, units: str | None) -> Look:
        """The same in metres, centimetres or millimetres (a year), if it is a motion."""
        if units is None:
            return self
        if units not in UNITS:
            raise ExportError(f"The unit {units!r} is unknown; choose one of {', '.join(UNITS)}.")
        if self.units not in {"mm", "cm", "mm/year", "cm/year"}:  # heights stay in metres
            return self
        rate = "/year" if self.units.endswith("/year") else ""
        return replace(self, units=units + rate, factor=UNITS[units])


def look_of(
    results: Results,
    array: xr.DataArray,
    *,
    vmin: float | None = None,
    vmax: float | None = None,
    colormap: str | None = None,
    sample: Floats | None = None,
) -> Look:
    """Colours of a layer (y, x) or a series (date, y, x); of a series its first or last date decides the range.

    Displacement and velocity are vik backwards, red away from and blue towards the satellite, symmetric about zero and
    from the 98th percentile of the absolute value; everything else goes from its 2nd to its 98th percentile.

    Parameters
    ----------
    vmin, vmax
        In the unit of the data; one of them alone makes the range of a signed layer symmetric.
    sample
        Values to take the range from instead of those of the array.
    """
    name, units = str(array.name or ""), str(array.attrs.get("units", ""))
    title = str(array.attrs.get("long_name") or name)
    title = title[:1].upper() + title[1:]
    spread = name.endswith("Std") or "rms" in name.lower() or name == "residue"
    signed = units == "m/year" or (units == "m" and name.startswith(("timeseries", "displacement")))
    signed = signed and not spread
    shown = _MM.get(units, units) if signed or spread else units
    factor = 1000.0 if shown != units else 1.0
    coherence = "coher" in title.lower() or name.lower().endswith("coh")
    table, reverse = ("vik", True) if signed else ("gray", False) if coherence else ("batlow", False)
    values = _sample(results, array) if sample is None and (vmin is None or vmax is None) else sample
    found = values[np.isfinite(values)] if values is not None else np.zeros(0)
    if array.dtype == bool or coherence:
        low, high = 0.0, 1.0
    elif signed:
        given = [abs(v) for v in (vmin, vmax) if v is not None]
        high = max(given) if given else float(np.percentile(np.abs(found), 98)) if found.size else 0.0
        low, high = -(high or 0.001), high or 0.001
    else:
        low, high = (float(v) for v in np.percentile(found, [2, 98])) if found.size else (0.0, 1.0)
        high = high if high > low else low + 1.0
    low, high = low if vmin is None else float(vmin), high if vmax is None else float(vmax)
    if not low < high:
        raise ExportError(f"The range from {low:g} to {high:g} is empty; give vmin below vmax.")
    look = Look(table, reverse, low, high, shown, factor, title)
    if colormap is not None:
        colours(colormap)
        look = replace(look, colormap=colormap, reverse=colormap in {"vik", "roma", "RdBu"} and signed)
    return look


def _sample(results: Results, array: xr.DataArray) -> Floats:
    """Values of rows spread over the frame, of reliable pixels where that is known.

    Of a series those of its first or last date, of which one may be the reference date, where all is zero.
    """
    if array.ndim == 3:
        ends = [_sample(results, array.isel({array.dims[0]: i})) for i in (0, -1)]
        return max(ends, key=lambda v: np.abs(v[np.isfinite(v)]).sum())
    layer = array
    rows, columns = layer.sizes["y"], layer.sizes["x"]
    reliable = results["maskTempCoh"] if "maskTempCoh" in results.layers else None
    if reliable is not None and (reliable.shape != layer.shape or str(array.name).startswith("mask")):
        reliable = None
    height = max(1, min(rows, _SAMPLE // columns))
    pieces = 1 if height == rows else 16
    each = max(1, height // pieces)
    parts = []
    for first in np.linspace(0, rows - each, pieces).astype(int):
        part = slice(int(first), int(first) + each)
        values = np.asarray(layer.isel(y=part).values, float)
        if reliable is not None:
            kept = reliable.isel(y=part).values.astype(bool)
            values = values[kept] if kept.any() else values
        parts.append(values.ravel())
    return np.concatenate(parts)
