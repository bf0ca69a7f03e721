"""An area of interest from what a user has: WKT, GeoJSON, four numbers, or a file of these or a shapefile."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import shapefile
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon, Polygon, shape
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from insar_widgets.errors import InsarWidgetsError

__all__ = ["Area", "AreaError", "area_from_file", "area_from_text", "check_ring"]

MAX_BYTES = 64 * 2**20
_PARTS: tuple[str, ...] = (".shp", ".shx", ".dbf", ".prj")
_NUMBER = r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?"
_FOUR = re.compile(
    rf"\s*\(?\[?\s*({_NUMBER})[\s,;]+({_NUMBER})[\s,;]+({_NUMBER})[\s,;]+({_NUMBER})\s*\]?\)?\s*"
)
_EWKT = re.compile(r"\s*SRID\s*=\s*(\d+)\s*;(.*)", re.IGNORECASE | re.DOTALL)
_EPSG = re.compile(r"EPSG:{1,2}(?:[\d.]*:)?(\d+)$")


class AreaError(InsarWidgetsError):
    """What should be an area of interest is none."""


@dataclass(frozen=True)
class Area:
    """A polygon, `[lon, lat]` in degrees WGS84 with no corner repeated, and what was simplified."""

    ring: list[list[float]]
    note: str = ""


def check_ring(value: Any) -> list[list[float]] | None:
    """Return the corners of a polygon as numbers, the first one not repeated; None for None.

    Raises
    ------
    AreaError
        Not a list of at least three `[lon, lat]` in degrees, or its sides cross.
    """
    if value is None:
        return None
    try:
        ring = [[float(lon), float(lat)] for lon, lat in value]
    except (TypeError, ValueError) as error:
        raise AreaError("An area of interest is a list of [longitude, latitude] in degrees.") from error
    if len(ring) > 1 and ring[0] == ring[-1]:
        ring = ring[:-1]
    return _ring_of(Polygon(ring) if len(ring) >= 3 else Polygon())


def area_from_text(text: str) -> Area:
    """Read WKT, EWKT (`SRID=32614;POLYGON(...)`), GeoJSON, or `west, south, east, north` in degrees.

    Raises
    ------
    AreaError
        It is none of these, or not in degrees, or encloses nothing.
    """
    text = text.strip()
    if not text:
        raise AreaError("There is no text. Paste WKT, GeoJSON, or west, south, east, north in degrees.")
    if text.startswith("{"):
        return _from_geojson(text)
    numbers = _FOUR.fullmatch(text)
    if numbers:
        west, south, east, north = (float(number) for number in numbers.groups())
        if west >= east or south >= north:
            raise AreaError(
                f"{west:g}, {south:g}, {east:g}, {north:g} is no box: west must be less than east and south "
                "less than north. The order is west, south, east, north, in degrees."
            )
        return _area(shapely.box(west, south, east, north, ccw=False))
    code = _EWKT.fullmatch(text)
    try:
        geometry = shapely.from_wkt(code[2].strip() if code else text)
    except ShapelyError as error:
        raise AreaError(
            "This is neither WKT nor GeoJSON nor four numbers. An example: -99.3, 19.2, -98.9, 19.6"
        ) from error
    return _area(_to_degrees(geometry, _crs(f"EPSG:{code[1]}")) if code else geometry)


def area_from_file(name: str, data: bytes | None = None, path: Path | None = None) -> Area:
    """Read a `.geojson`, `.json`, `.wkt`, `.txt`, `.shp`, or zipped shapefile.

    Parameters
    ----------
    name
        File name; its suffix tells the format.
    data
        Its content; else it is read from `path`. A `.shp` needs `path`, for the files beside it.

    Raises
    ------
    AreaError
        The format is not known, the file is damaged, or it holds no polygon.
    """
    suffix = PurePath(name).suffix.lower()
    if data is None:
        if path is None or not path.is_file():
            raise AreaError(f"There is no file {name}. Check its name.")
        if path.stat().st_size > MAX_BYTES:
            raise AreaError(f"{name} is larger than {MAX_BYTES >> 20} MB. Simplify its outline first.")
        data = path.read_bytes()
    if suffix == ".zip":
        return _from_zip(name, data)
    if suffix == ".shp":
        if path is None:
            raise AreaError(f"{name} needs the files beside it. Put .shp, .shx, .dbf and .prj into one .zip.")
        parts: dict[str, bytes] = {
            part: file.read_bytes() for part in _PARTS if (file := path.with_suffix(part)).is_file()
        }
        return _from_shapefile(name, parts)
    if suffix not in {".geojson", ".json", ".wkt", ".txt"}:
        raise AreaError(f"{name} has no known format. Use .geojson, .wkt, .shp or a zipped shapefile.")
    try:
        return area_from_text(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise AreaError(f"{name} is not text. Use .geojson, .wkt, .shp or a zipped shapefile.") from error


def _from_geojson(text: str) -> Area:
    try:
        value = json.loads(text)
        geometries = list(_geometries(value))
    except (ValueError, TypeError, KeyError, AttributeError, ShapelyError) as error:
        raise AreaError(f"The GeoJSON cannot be read ({error}). Check that all of it was pasted.") from error
    named = value.get("crs") or {}
    name = named.get("properties", {}).get("name", "") if isinstance(named, dict) else ""
    code = _EPSG.search(name)
    geometry = unary_union(_polygons(geometries))
    return _area(_to_degrees(geometry, _crs(f"EPSG:{code[1]}")) if code else geometry)


def _geometries(value: Any) -> list[BaseGeometry]:
    kind = value["type"]
    if kind == "FeatureCollection":
        return [geometry for feature in value["features"] for geometry in _geometries(feature)]
    if kind == "Feature":
        return _geometries(value["geometry"]) if value["geometry"] else []
    return [shape(value)]


def _from_zip(name: str, data: bytes) -> Area:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {
                PurePath(info.filename).suffix.lower(): info
                for info in archive.infolist()
                if not info.is_dir() and "__MACOSX" not in info.filename
            }
            wanted = {part: members[part] for part in _PARTS if part in members}
            if sum(info.file_size for info in wanted.values()) > MAX_BYTES:
                raise AreaError(
                    f"{name} unpacks to more than {MAX_BYTES >> 20} MB. Simplify its outline first."
                )
            parts: dict[str, bytes] = {part: archive.read(info) for part, info in wanted.items()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise AreaError(f"{name} is not a zip that can be read ({error}).") from error
    if ".shp" not in parts:
        raise AreaError(f"{name} holds no .shp. Put .shp, .shx, .dbf and .prj into it.")
    return _from_shapefile(name, parts)


def _from_shapefile(name: str, parts: dict[str, bytes]) -> Area:
    streams = {part[1:]: io.BytesIO(content) for part, content in parts.items() if part != ".prj"}
    try:
        with shapefile.Reader(**streams) as reader:
            geometries = [shape(item.__geo_interface__) for item in reader.iterShapes()]
    except Exception as error:  # pyshp raises many kinds, struct.error among them, for damaged files
        raise AreaError(f"{name} is not a shapefile that can be read ({error}).") from error
    geometry = unary_union(_polygons(geometries))
    if ".prj" not in parts:
        area = _area(geometry)
        return Area(
            area.ring, " ".join(["The file has no .prj; degrees WGS84 are assumed.", area.note]).strip()
        )
    return _area(_to_degrees(geometry, _crs(parts[".prj"].decode("utf-8", errors="replace"))))


def _polygons(geometries: list[BaseGeometry]) -> list[BaseGeometry]:
    found = [geometry for geometry in geometries if geometry.geom_type in ("Polygon", "MultiPolygon")]
    if not found:
        raise AreaError("There is no polygon in it. Use one polygon around the area of interest.")
    return found


def _crs(text: str) -> CRS:
    try:
        return CRS.from_user_input(text)
    except CRSError as error:
        raise AreaError(
            f"The projection {text[:60]!r} is not known. Use degrees WGS84 (EPSG:4326)."
        ) from error


def _to_degrees(geometry: BaseGeometry, crs: CRS) -> BaseGeometry:
    transformer = Transformer.from_crs(crs, 4326, always_xy=True)
    return shapely.transform(geometry, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])))


def _area(geometry: BaseGeometry) -> Area:
    notes = []
    if isinstance(geometry, MultiPolygon):
        notes.append(f"{len(geometry.geoms)} polygons: the outline around all of them is used.")
        geometry = geometry.convex_hull
    if not isinstance(geometry, Polygon):
        raise AreaError(
            f"A {geometry.geom_type} encloses nothing. Use one polygon around the area of interest."
        )
    if geometry.interiors:
        notes.append("Holes are ignored.")
    return Area(_ring_of(geometry), " ".join(notes))


def _ring_of(polygon: Polygon) -> list[list[float]]:
    ring = (
        [[float(x), float(y)] for x, y, *_ in list(polygon.exterior.coords)[:-1]] if polygon.exterior else []
    )
    if not all(abs(x) <= 180 and abs(y) <= 90 for x, y in ring):
        raise AreaError(
            "The coordinates are not longitudes and latitudes in degrees. "
            "For projected ones write the code before the WKT: SRID=32614;POLYGON(...)"
        )
    if len(ring) >= 3 and "Self-intersection" in shapely.is_valid_reason(Polygon(ring)):
        raise AreaError("The sides of the area of interest cross. Draw it around without crossing.")
    if len(ring) < 3 or polygon.area == 0 or not Polygon(ring).is_valid:
        raise AreaError("An area of interest has at least three corners and encloses something.")
    return ring
