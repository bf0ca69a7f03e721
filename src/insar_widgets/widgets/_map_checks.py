"""What the traits of a map take; everything else is refused in a sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from insar_widgets.errors import InsarWidgetsError

__all__ = ["COLORS", "check_date", "check_line", "check_points", "check_reference"]

COLORS = ("#1c80c3", "#d55e00", "#009e73", "#885cf4", "#ec0450", "#189cac")
"""Colours of points and of their series, in order; they repeat after the sixth."""


def _degrees(lon: Any, lat: Any, what: str) -> tuple[float, float]:
    try:
        x, y = float(lon), float(lat)
    except (TypeError, ValueError):
        x = y = math.nan
    if not (math.isfinite(x) and math.isfinite(y) and -360 <= x <= 360 and -90 <= y <= 90):
        raise InsarWidgetsError(
            f"{what} has ({lon!r}, {lat!r}), which is no longitude and latitude in degrees; give lon first, then lat."
        )
    return x, y


def check_points(value: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Points with everything they need: what is left out of ``id``, ``label``, ``color`` is filled in."""
    points: list[dict[str, Any]] = []
    taken = {str(point["id"]) for point in value if isinstance(point, Mapping) and point.get("id")}
    for number, point in enumerate(value, 1):
        if not isinstance(point, Mapping) or "lon" not in point or "lat" not in point:
            raise InsarWidgetsError(
                f'Point {number} is {point!r}; give a dictionary with at least "lon" and "lat".'
            )
        lon, lat = _degrees(point["lon"], point["lat"], f"Point {number}")
        key = str(point.get("id") or next(f"p{n}" for n in range(1, 10**6) if f"p{n}" not in taken))
        taken.add(key)
        if any(other["id"] == key for other in points):
            raise InsarWidgetsError(f"Two points have the id {key!r}; give each its own, or leave it out.")
        color = point.get("color") or COLORS[(number - 1) % len(COLORS)]
        label = str(point.get("label") or f"Point {number}")
        points.append({**point, "id": key, "lon": lon, "lat": lat, "label": label, "color": str(color)})
    return points


def check_line(value: Sequence[Sequence[float]]) -> list[list[float]]:
    """A polyline ``[[lon, lat], ...]`` of no or at least two vertices."""
    line = []
    given: Sequence[Any] = value
    for vertex in given:
        if isinstance(vertex, str) or not isinstance(vertex, Sequence) or len(vertex) != 2:
            raise InsarWidgetsError(f"The transect has {vertex!r} where [lon, lat] is needed.")
        line.append(list(_degrees(vertex[0], vertex[1], "The transect")))
    if len(line) == 1:
        raise InsarWidgetsError("A transect has at least two vertices; give another, or [] for none.")
    return line


def check_reference(value: Mapping[str, Any] | None) -> dict[str, float] | None:
    """A reference point ``{"lon", "lat", "radius"}``; the radius is 0 m if left out."""
    if value is None:
        return None
    if "lon" not in value or "lat" not in value:
        raise InsarWidgetsError(
            f'The reference point is {dict(value)!r}; give "lon", "lat" and "radius" (metres).'
        )
    lon, lat = _degrees(value["lon"], value["lat"], "The reference point")
    try:
        radius = float(value.get("radius") or 0)
    except (TypeError, ValueError):
        radius = -1.0
    if not (math.isfinite(radius) and 0 <= radius <= 50_000):
        raise InsarWidgetsError(
            f"A radius of {value.get('radius')!r} m is not possible; give 0 to 50000 metres."
        )
    return {"lon": lon, "lat": lat, "radius": radius}


def check_date(value: str, dates: Sequence[str], what: str) -> str:
    """A date of the series as YYYYMMDD; dashes are fine."""
    date = value.replace("-", "")
    if date in dates or (date == "" and not dates):
        return date
    if not dates:
        raise InsarWidgetsError(
            f"{what} can't be {value!r}: there is no time series yet. Run invert_network first."
        )
    raise InsarWidgetsError(
        f"{what} can't be {value!r}; choose one of the {len(dates)} dates {dates[0]} to {dates[-1]}."
    )
