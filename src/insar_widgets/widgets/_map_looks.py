"""How a layer of a work directory looks and is called on a map before anybody says so."""

from __future__ import annotations

from typing import Any

from insar_widgets.widgets._map_layers import Entry, Kind

__all__ = [
    "FACTORS",
    "LINKED",
    "LOOK",
    "MASKED",
    "REFERENCED",
    "default_look",
    "display_unit",
    "look_key",
    "title_of",
]

LOOK = ("colormap", "reverse", "vmin", "vmax", "wrap")
"""Traits that each kind of quantity has for itself."""
LINKED = (*LOOK, "opacity", "mask_threshold")
"""Traits that a map and the layer it draws have in common."""
FACTORS = {"mm": 1000.0, "cm": 100.0, "m": 1.0}
MASKED = ("displacement", "velocity", "spread", "phase")
REFERENCED = ("displacement", "velocity", "phase")
_SCALED = ("displacement", "velocity", "spread")
_BATLOW = {"colormap": "batlow", "reverse": False, "vmin": None, "vmax": None}
_LOOKS: dict[Kind, dict[str, Any]] = {
    "displacement": {"colormap": "vik", "reverse": True},
    "velocity": {"colormap": "vik", "reverse": True},
    "phase": {"colormap": "vik"},  # positive away from the satellite: the colours of displacement, turned
    "coherence": {"colormap": "gray", "vmin": 0.0, "vmax": 1.0},
    "mask": {"colormap": "gray", "vmin": 0.0, "vmax": 1.0},
    "class": {"colormap": "batlowS"},
}


def look_key(entry: Entry) -> str:
    """What shares one remembered appearance: quantities of the same kind, else the layer alone."""
    alike = entry.kind in ("velocity", "coherence", "mask", "phase", "class")
    series = entry.kind == "displacement" and not entry.name.startswith("timeseriesResidual")
    return entry.kind if alike or series else entry.name


def has_zero_date(entry: Entry) -> bool:
    """Whether values count from a date: those of displacement do, those of a residual don't."""
    return entry.kind == "displacement" and not entry.name.startswith("timeseriesResidual")


def default_look(kind: Kind) -> dict[str, Any]:
    """Colours and range by default; a range of None is found from the data."""
    return _BATLOW | {"wrap": None} | _LOOKS.get(kind, {})


def title_of(entry: Entry) -> str:
    """The layer's name over the map: what is measured, then which one of its kind."""
    lower = f"{entry.label[0].lower()}{entry.label[1:]}" if entry.label[1:2].islower() else entry.label
    if entry.name.startswith("timeseriesResidual"):
        return f"LOS {lower}"
    if entry.kind == "displacement" and entry.name.startswith("timeseries"):
        return f"LOS displacement, {lower}"
    return f"LOS {lower}" if entry.kind == "velocity" else entry.label


def display_unit(units: str, kind: Kind, unit: str) -> tuple[str, float]:
    """Unit in which values are shown, and the factor to it."""
    if units not in ("m", "m/year") or kind not in _SCALED:
        return units, 1.0
    per = units.partition("/")[2]
    return unit + (f"/{per}" if per else ""), FACTORS[unit]
