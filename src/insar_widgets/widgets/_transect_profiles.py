"""Which profiles a transect shows, and what of them goes to the front end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.widgets._map_checks import COLORS
from insar_widgets.widgets._messages import Answer
from insar_widgets.widgets._transect_compute import Found, Profile, Wanted
from insar_widgets.widgets._transect_export import factor_of, unit_of
from insar_widgets.widgets._transect_sources import Layer, iso

__all__ = [
    "answer_of", "check_profiles", "cursor_at", "hover_at", "menu_of", "near_points", "nearest_distance", "place_at",
]  # fmt: skip

_SAMPLES = 12_000  # points of a swath that are drawn
_KEYS = {"id", "layer", "date", "label", "color"}
_MOST = 24


def check_profiles(value: Sequence[Mapping[str, Any]], layers: Mapping[str, Layer]) -> list[dict[str, str]]:
    """Profiles with everything they need; what is left out of ``id``, ``color`` is filled in.

    Raises
    ------
    InsarWidgetsError
        A profile is no dictionary, or asks for a layer or date that is not there.
    """
    if len(value) > _MOST:
        raise InsarWidgetsError(f"A transect shows up to {_MOST} profiles, not {len(value)}.")
    profiles: list[dict[str, str]] = []
    taken = {str(p["id"]) for p in value if isinstance(p, Mapping) and p.get("id")}
    for number, given in enumerate(value):
        if not isinstance(given, Mapping) or set(given) - _KEYS:
            raise InsarWidgetsError(
                f'Profile {number + 1} is {given!r}; give a dictionary of "layer", "date", "label", "color".'
            )
        layer, date = str(given.get("layer") or ""), str(given.get("date") or "").replace("-", "")
        if layer and layers and layer not in layers:
            raise InsarWidgetsError(
                f"There is no layer {layer!r}; choose among {', '.join(list(layers)[:12])}."
            )
        if date and layer and layers and date not in layers[layer].dates:
            raise InsarWidgetsError(f"The layer {layer} has no date {date}.")
        key = str(given.get("id") or next(f"t{n}" for n in range(1, 1000) if f"t{n}" not in taken))
        if key in (p["id"] for p in profiles):
            raise InsarWidgetsError(f"Two profiles have the id {key!r}; give each its own, or leave it out.")
        taken.add(key)
        used = [p["color"] for p in profiles]
        free = [color for color in COLORS if color not in used] or [COLORS[number % len(COLORS)]]
        color = str(given.get("color") or free[0])
        label = str(given.get("label") or "")
        profiles.append({"id": key, "layer": layer, "date": date, "label": label, "color": color})
    return profiles


def menu_of(layers: Iterable[Layer]) -> list[dict[str, Any]]:
    """The layers for a menu of the front end."""
    return [{"key": x.key, "label": x.label, "group": x.group, "dates": list(x.dates)} for x in layers]


def place_at(found: Found, distance: float) -> tuple[float, float, int] | None:
    """Longitude and latitude at a distance along the line, and the nearest sample."""
    if not 0 <= distance <= found.length + found.step:
        return None
    nearest = int(np.abs(found.distance - distance).argmin())
    return float(found.lon[nearest]), float(found.lat[nearest]), nearest


def nearest_distance(found: Found, lon: float, lat: float, within: float) -> float | None:
    """Distance along the line of the sample nearest to a place; None where none is within so many metres."""
    east = (found.lon - lon + 180) % 360 - 180
    metres = np.hypot(east * 111_320 * np.cos(np.radians(lat)), (found.lat - lat) * 110_574)
    nearest = int(metres.argmin())
    return float(found.distance[nearest]) if metres[nearest] <= within else None


def hover_at(found: Found, place: tuple[float, float, int]) -> dict[str, Any]:
    """What is under the pointer at a place of `place_at`: the value of the first profile that was sampled."""
    lon, lat, index = place
    value, unit = None, ""
    for profile in found.profiles:
        if profile.data is not None:
            number = float(profile.data["value"].values[index])
            value, unit = (None if np.isnan(number) else number), profile.units
            break
    return {"lon": lon, "lat": lat, "value": value, "unit": unit}


def cursor_at(found: Found, place: Mapping[str, Any] | None, width: float) -> float | None:
    """Distance along the line of a place that a map points at; None away from the line and its swath."""
    if not place or "lon" not in place:
        return None
    within = max(width / 2, 0.02 * found.length, 2 * found.step)
    return nearest_distance(found, float(place["lon"]), float(place["lat"]), within)


def near_points(found: Found, points: Sequence[Mapping[str, Any]], within: float) -> list[dict[str, Any]]:
    """Points of the map that lie on the line, with their distance along it."""
    marks = []
    for point in points:
        distance = nearest_distance(found, float(point["lon"]), float(point["lat"]), within)
        if distance is not None:
            marks.append({"distance": distance, "label": str(point["label"]), "color": str(point["color"])})
    return marks


def answer_of(found: Found, wanted: Wanted, layers: Mapping[str, Layer], unit: str, points: Any) -> Answer:
    """Everything the front end draws: distances as float64, then values as float32, in the order of the payload."""
    buffers: list[bytes] = [found.distance.astype("<f8").tobytes()]
    if found.elevation is not None:
        buffers.append(found.elevation.astype("<f4").tobytes())
    profiles = [_profile(profile, wanted, layers, unit, buffers) for profile in found.profiles]
    reach = max(wanted.width / 2, 1.5 * found.step)
    return Answer(
        {
            "length": found.length, "azimuth": found.azimuth, "step": found.step, "width": wanted.width,
            "method": wanted.method, "count": int(found.distance.size), "elevation": found.elevation is not None,
            "vertices": [
                {"name": name, "distance": float(d), "lon": lon, "lat": lat}
                for name, d, (lon, lat) in zip(found.names, found.vertices, found.corners, strict=True)
            ],
            "profiles": profiles, "notes": found.notes, "points": near_points(found, points, reach),
        },
        buffers,
    )  # fmt: skip


def _profile(
    profile: Profile, wanted: Wanted, layers: Mapping[str, Layer], unit: str, buffers: list[bytes]
) -> dict[str, Any]:
    layer = layers.get(profile.layer)
    described = {
        "id": profile.id, "label": profile.label, "color": profile.color, "unit": unit_of(profile, unit),
        "quantity": _quantity(profile, layer), "relative": profile.relative, "date": iso(profile.date),
        "signed": profile.scaled and layer is not None and layer.referenced,
        "los": layer is not None and layer.los, "file": layer.where if layer else "",
        "notes": profile.notes, "problem": profile.problem, "samples": 0, "pixels": 0, "mask": profile.mask,
    }  # fmt: skip
    if profile.data is None:
        return described
    factor = factor_of(profile, unit)
    names = ("median", "p16", "p84", "count") if wanted.width > 0 else ("value",)
    for name in names:
        values = profile.data[name].values * (1.0 if name == "count" else factor)
        buffers.append(values.astype("<f4").tobytes())
    if wanted.width > 0:
        along, values = profile.data["sample_distance"].values, profile.data["sample_value"].values * factor
        known = np.isfinite(values)
        along, values = along[known], values[known]
        described["pixels"] = int(values.size)
        every = -(-values.size // _SAMPLES) if values.size else 1
        along, values = along[::every], values[::every]
        described["samples"] = int(values.size)
        buffers += [along.astype("<f4").tobytes(), values.astype("<f4").tobytes()]
    return described


def _quantity(profile: Profile, layer: Layer | None) -> str:
    """What the axis is called; profiles of one unit share it."""
    if layer is None or not layer.los:
        return layer.label if layer is not None else profile.label
    return "LOS velocity" if "/" in profile.units else "LOS displacement"
