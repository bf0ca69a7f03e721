"""How a raster looks before anybody says so: colours, symmetry and the unit for reading."""

from __future__ import annotations

import re
from dataclasses import dataclass

import xarray as xr

__all__ = ["Style", "style_of"]

# One unit of the data in the unit in which people read it.
_READ_AS = {"m": ("mm", 1000.0), "m/year": ("mm/year", 1000.0), "m/yr": ("mm/yr", 1000.0)}
_SIGNED = {"m/year", "m/yr", "radian", "rad"}
_DISPLACEMENT = ("displacement", "timeseries", "velocity", "line of sight", "line-of-sight", "los")
_COHERENCE = re.compile(r"coherence|\bcorr\b")  # a series that is corrected is no coherence


@dataclass(frozen=True)
class Style:
    """Appearance of a raster by default; `symmetric` says that zero is to have the middle colour."""

    name: str
    units: str
    display_units: str
    display_factor: float
    colormap: str
    reverse: bool
    symmetric: bool


def style_of(data: xr.DataArray, units: str | None = None) -> Style:
    """Find the default appearance of a raster.

    Displacement and velocity get vik backwards, red away from and blue towards the satellite, symmetric about zero;
    so does phase. Coherence is grey, classes have colours of their own, everything else is batlow.

    Parameters
    ----------
    data
        Its `long_name`, `name`, `units` and type are looked at, never its values.
    units
        Instead of those of the data.
    """
    unit = str(data.attrs.get("units", "")) if units is None else units
    name = str(data.attrs.get("long_name") or data.name or "raster")
    words = f"{name} {data.name or ''}".lower()
    signed = unit in _SIGNED or (unit == "m" and any(word in words for word in _DISPLACEMENT))
    spread = any(word in words for word in ("standard deviation", "std", "residual rms", "rms"))
    if "component" in words:
        colormap, reverse, signed = "batlowS", False, False
    elif _COHERENCE.search(words):
        colormap, reverse, signed = "gray", False, False
    elif signed and not spread:
        colormap, reverse = "vik", True
    else:
        colormap, reverse, signed = "batlow", False, False
    displacement = unit in _READ_AS and (unit != "m" or signed or spread)
    display_units, factor = _READ_AS[unit] if displacement else (unit, 1.0)
    return Style(name, unit, display_units, factor, colormap, reverse, signed)
