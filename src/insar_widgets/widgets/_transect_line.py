"""Polylines as people type them or keep them in files."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from insar_widgets.errors import InsarWidgetsError

__all__ = ["ReadLine", "line_from_file", "line_from_text"]

_BYTES = 5_000_000
_VERTICES = 20_000
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_EXAMPLE = "Write one pair a line, as -119.64, 34.98."


@dataclass(frozen=True)
class ReadLine:
    """Vertices ``[lon, lat]`` in degrees, and what was left out or assumed."""

    vertices: list[list[float]]
    notes: tuple[str, ...] = ()


def line_from_file(path: str | Path) -> ReadLine:
    """A GMT file of lon and lat, or a GeoJSON file with a LineString.

    Raises
    ------
    InsarWidgetsError
        There is no such file, or no line in it.
    """
    file = Path(path).expanduser().absolute()
    if not file.is_file():
        raise InsarWidgetsError(f"{file} is not there; check the path on the kernel's machine.")
    if file.stat().st_size > _BYTES:
        raise InsarWidgetsError(
            f"{file} is larger than 5 MB; a transect needs some vertices only. Thin the line out."
        )
    try:
        return line_from_text(file.read_text(encoding="utf-8-sig"), name=file.name)
    except UnicodeDecodeError as error:
        raise InsarWidgetsError(f"{file} is no text; give a GMT or GeoJSON file.") from error


def line_from_text(text: str, *, lat_first: bool = False, name: str = "") -> ReadLine:
    """A polyline from pairs of numbers, from a GMT file's text or from GeoJSON.

    Parameters
    ----------
    text
        A pair a line, or several divided by ``;``. What follows ``#`` is a remark, a line that begins with ``>``
        divides segments, of which the first is taken. Letters N, S, E, W give any order.
    lat_first
        Whether a pair without letters is lat, lon; GeoJSON is always lon, lat.
    name
        Of the file, for messages.

    Raises
    ------
    InsarWidgetsError
        There are no two vertices, or a line has no place on Earth; it is named.
    """
    where = name or "The text"
    text = text.lstrip("\ufeff").strip()
    found = _geojson(text, where) if text.startswith("{") else _pairs(text, lat_first, where)
    if len(found.vertices) < 2:
        raise InsarWidgetsError(
            f"{where} has {'one vertex' if found.vertices else 'no vertex'}; a line needs two. {_EXAMPLE}"
        )
    if len(found.vertices) > _VERTICES:
        raise InsarWidgetsError(f"{where} has {len(found.vertices)} vertices; thin it out to {_VERTICES}.")
    return found


def _pairs(text: str, lat_first: bool, where: str) -> ReadLine:
    segments: list[list[list[float]]] = [[]]
    inner = "the text" if where == "The text" else where
    for number, row in enumerate(text.splitlines(), 1):
        if row.lstrip().startswith(">"):
            if segments[-1]:
                segments.append([])
            continue
        for part in row.split("#")[0].split(";"):
            if part.strip():
                segments[-1].append(_pair(part.strip(), lat_first, f"Line {number} of {inner}"))
    full = [segment for segment in segments if segment]
    notes: tuple[str, ...] = ()
    if len(full) > 1:
        notes = (f"{where} has {len(full)} segments; the first is taken.",)
    return ReadLine(full[0] if full else [], notes)


def _pair(text: str, lat_first: bool, where: str) -> list[float]:
    plain = text.replace("−", "-")
    marked = re.findall(rf"({_NUMBER})\s*°?\s*([NSEW])\b", plain, re.IGNORECASE)
    if len(marked) == 2:
        place = {letter.upper(): float(value) for value, letter in marked}
        lon = place.get("E", -place["W"] if "W" in place else None)
        lat = place.get("N", -place["S"] if "S" in place else None)
        if lon is not None and lat is not None:
            return _checked(lon, lat, where, False)
    fields = [field for field in re.split(r"[,\s]+", plain.replace("°", "")) if field]
    if len(fields) < 2 or not all(re.fullmatch(_NUMBER, field) for field in fields[:2]):
        raise InsarWidgetsError(f"{where} has no two numbers: {text[:60]!r}. {_EXAMPLE}")
    first, second = float(fields[0]), float(fields[1])
    return _checked(second, first, where, True) if lat_first else _checked(first, second, where, False)


def _checked(lon: float, lat: float, where: str, lat_first: bool) -> list[float]:
    if not (math.isfinite(lon) and math.isfinite(lat) and -90 <= lat <= 90 and -360 <= lon <= 360):
        other = "lon, lat" if lat_first else "lat, lon"
        hint = f" If the order is {other}, say so." if abs(lon) <= 90 and abs(lat) <= 360 else ""
        raise InsarWidgetsError(
            f"{where} has longitude {lon:g} and latitude {lat:g}, which is no place.{hint}"
        )
    return [lon, lat]


def _geojson(text: str, where: str) -> ReadLine:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise InsarWidgetsError(f"{where} begins like GeoJSON but cannot be read ({error}).") from error
    lines: list[Any] = []
    _collect(document, lines)
    if not lines:
        raise InsarWidgetsError(f"{where} has no LineString; give GeoJSON with one, or pairs of lon, lat.")
    notes = [f"{where} has {len(lines)} lines; the first is taken."] if len(lines) > 1 else []
    crs = document.get("crs")
    if crs and not re.search(r"CRS84|4326", json.dumps(crs)):
        raise InsarWidgetsError(
            f"{where} is not in degrees (its crs is {json.dumps(crs)[:80]}); save it as WGS84."
        )
    vertices = []
    for number, vertex in enumerate(lines[0], 1):
        try:
            lon, lat = float(vertex[0]), float(vertex[1])
        except (TypeError, ValueError, IndexError, KeyError) as error:
            raise InsarWidgetsError(f"Vertex {number} of {where} is {vertex!r}, not [lon, lat].") from error
        vertices.append(_checked(lon, lat, f"Vertex {number} of {where}", False))
    return ReadLine(vertices, tuple(notes))


def _collect(node: Any, lines: list[Any]) -> None:
    if not isinstance(node, dict):
        return
    kind, coordinates = node.get("type"), node.get("coordinates")
    if kind == "LineString" and isinstance(coordinates, list):
        lines.append(coordinates)
    elif kind == "MultiLineString" and isinstance(coordinates, list):
        lines.extend(part for part in coordinates if isinstance(part, list))
    for key in ("features", "geometries"):
        for part in node.get(key) or ():
            _collect(part, lines)
    _collect(node.get("geometry"), lines)
