"""Points as people type them or keep them in tables."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from insar_widgets.errors import InsarWidgetsError

__all__ = ["points_from_csv", "points_from_text"]

_LON = {"lon", "longitude", "long", "x", "lng"}
_LAT = {"lat", "latitude", "y"}
_LABEL = {"label", "name", "id", "station", "site", "point"}
_MOST = 500


def points_from_text(text: str) -> list[dict[str, Any]]:
    """Lines of ``lon, lat`` or ``lon, lat, label``; a name in front works as well, and N, S, E, W give any order."""
    points = []
    for number, line in enumerate(text.splitlines(), 1):
        content = line.split("#")[0].strip()
        if content:
            points.append(_point(content, f"Line {number}" if "\n" in text.strip() else "The text"))
    if not points:
        raise InsarWidgetsError(
            "There is no point in the text; write lon, lat in degrees, as -119.64, 34.98."
        )
    return points


def _point(text: str, where: str) -> dict[str, Any]:
    marked = re.findall(r"([-+−]?\d+(?:\.\d+)?)\s*°?\s*([NSEWnsew])\b", text)
    if len(marked) == 2:
        found = {letter.upper(): float(value.replace("−", "-")) for value, letter in marked}
        lon = found.get("E", -found["W"] if "W" in found else None)
        lat = found.get("N", -found["S"] if "S" in found else None)
        if lon is not None and lat is not None:
            return _checked(lon, lat, "", where)
    fields = [f for f in re.split(r"[,;\t]\s*|\s+", text.replace("−", "-").replace("°", "")) if f]
    numbers = [f for f in fields if re.fullmatch(r"[-+]?\d+(\.\d*)?", f)]
    if len(numbers) < 2:
        raise InsarWidgetsError(
            f"{where} has no two numbers: {text!r}. Write lon, lat in degrees, as -119.64, 34.98."
        )
    label = " ".join(f for f in fields if f not in numbers[:2])
    return _checked(float(numbers[0]), float(numbers[1]), label, where)


def _checked(lon: float, lat: float, label: str, where: str) -> dict[str, Any]:
    if not -90 <= lat <= 90 and -90 <= lon <= 90 and -180 <= lat <= 180:
        raise InsarWidgetsError(f"{where} has latitude {lat:g}; give longitude first, then latitude.")
    if not (-90 <= lat <= 90 and -180 <= lon <= 360):
        raise InsarWidgetsError(f"{where} has ({lon:g}, {lat:g}), which is no place in degrees.")
    point: dict[str, Any] = {"lon": lon, "lat": lat}
    return point | {"label": label} if label else point


def points_from_csv(text: str, name: str) -> list[dict[str, Any]]:
    """A table with columns for longitude and latitude, and perhaps label and colour.

    Raises
    ------
    InsarWidgetsError
        A column is missing, or a row has no numbers; the row is named.
    """
    lines = [line for line in text.lstrip("\ufeff").splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise InsarWidgetsError(
            f"{name} is empty; a table of points has the columns lon, lat and perhaps label."
        )
    delimiter = max(",;\t", key=lines[0].count)
    rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter))
    head = [column.strip().lower() for column in rows[0]]
    places = [next((i for i, c in enumerate(head) if c in names), None) for names in (_LON, _LAT, _LABEL)]
    lon, lat, label = places
    if lon is None or lat is None:
        raise InsarWidgetsError(f"{name} has the columns {', '.join(head)}; it needs lon and lat.")
    if len(rows) - 1 > _MOST:
        raise InsarWidgetsError(f"{name} has {len(rows) - 1} points; an inspector takes up to {_MOST}.")
    color = head.index("color") if "color" in head else None
    points = []
    for number, row in enumerate(rows[1:], 2):
        try:
            x, y = float(row[lon]), float(row[lat])
        except (IndexError, ValueError) as error:
            raise InsarWidgetsError(
                f"Row {number} of {name} has no longitude and latitude: {row}."
            ) from error
        text_label = row[label].strip() if label is not None and label < len(row) else ""
        point = _checked(x, y, text_label, f"Row {number} of {name}")
        if color is not None and color < len(row) and re.fullmatch(r"#[0-9a-fA-F]{6}", row[color].strip()):
            point["color"] = row[color].strip()
        points.append(point)
    if not points:
        raise InsarWidgetsError(f"{name} has no row of points.")
    return points
