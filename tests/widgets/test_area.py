"""Areas of interest as users have them."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
import shapefile
from pyproj import CRS, Transformer

from insar_widgets.widgets._area import AreaError, area_from_file, area_from_text, check_ring

BOX = [[-99.3, 19.6], [-98.9, 19.6], [-98.9, 19.2], [-99.3, 19.2]]
GEOJSON = {"type": "Polygon", "coordinates": [[*BOX, BOX[0]]]}


def corners(ring):
    return sorted((round(lon, 6), round(lat, 6)) for lon, lat in ring)


EXPECTED = corners(BOX)


@pytest.mark.parametrize(
    "text",
    [
        "POLYGON ((-99.3 19.6, -98.9 19.6, -98.9 19.2, -99.3 19.2, -99.3 19.6))",
        "-99.3, 19.2, -98.9, 19.6",
        "[-99.3 19.2 -98.9 19.6]",
        json.dumps(GEOJSON),
        json.dumps({"type": "Feature", "properties": {}, "geometry": GEOJSON}),
        json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": GEOJSON}]}),
    ],
)
def test_every_way_of_writing_a_box_is_the_same_box(text):
    area = area_from_text(text)
    assert corners(area.ring) == EXPECTED
    assert area.note == ""


def test_projected_coordinates_are_read_with_their_code():
    to_utm = Transformer.from_crs(4326, 32614, always_xy=True)
    ring = [to_utm.transform(lon, lat) for lon, lat in [*BOX, BOX[0]]]
    wkt = ", ".join(f"{x} {y}" for x, y in ring)
    assert corners(area_from_text(f"SRID=32614;POLYGON(({wkt}))").ring) == EXPECTED
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32614"}}
    text = json.dumps({"type": "Polygon", "coordinates": [ring], "crs": crs})
    assert corners(area_from_text(text).ring) == EXPECTED
    with pytest.raises(AreaError, match="SRID="):
        area_from_text(f"POLYGON(({wkt}))")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no text"),
        ("POLYGON((1 2", "neither WKT nor GeoJSON"),
        ("{", "cannot be read"),
        ('{"type": "Point", "coordinates": [1, 2]}', "no polygon"),
        ("POINT (1 2)", "encloses nothing"),
        ("-98.9, 19.2, -99.3, 19.6", "west, south, east, north"),
        ("POLYGON ((0 0, 1 1, 0 1, 1 0, 0 0))", "cross"),
        ("POLYGON EMPTY", "three corners"),
        ("SRID=99999;POLYGON ((0 0, 1 0, 1 1, 0 0))", "not known"),
    ],
)
def test_what_is_no_area_is_refused_in_words(text, words):
    with pytest.raises(AreaError, match=words):
        area_from_text(text)


def test_what_is_simplified_is_said():
    two = area_from_text("MULTIPOLYGON (((0 0, 1 0, 1 1, 0 1, 0 0)), ((2 0, 3 0, 3 1, 2 1, 2 0)))")
    assert corners(two.ring) == [(0, 0), (0, 1), (3, 0), (3, 1)]
    assert "2 polygons" in two.note
    holed = area_from_text("POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 2 1, 2 2, 1 1))")
    assert "Holes" in holed.note


def shapefile_parts(folder, epsg=None):
    ring = BOX
    if epsg:
        to = Transformer.from_crs(4326, epsg, always_xy=True)
        ring = [to.transform(lon, lat) for lon, lat in BOX]
    with shapefile.Writer(str(folder / "area")) as writer:
        writer.field("name", "C")
        writer.poly([[*ring, ring[0]]])
        writer.record("area")
    if epsg:
        (folder / "area.prj").write_text(CRS.from_epsg(epsg).to_wkt("WKT1_ESRI"))
    return sorted(folder.glob("area.*"))


def test_shapefiles_are_read_with_their_projection(tmp_path):
    parts = shapefile_parts(tmp_path, 32614)
    assert corners(area_from_file("area.shp", path=tmp_path / "area.shp").ring) == EXPECTED
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for part in parts:
            archive.write(part, f"folder/{part.name}")
    assert corners(area_from_file("area.zip", memory.getvalue()).ring) == EXPECTED


def test_a_shapefile_without_projection_says_what_is_assumed(tmp_path):
    shapefile_parts(tmp_path)
    area = area_from_file("area.shp", path=tmp_path / "area.shp")
    assert corners(area.ring) == EXPECTED
    assert "no .prj" in area.note


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.kmz", b"", "no known format"),
        ("a.zip", b"no zip", "not a zip"),
        ("a.geojson", b"\xff\xfe\x00", "not text"),
        ("a.shp", b"", "files beside it"),
    ],
)
def test_files_that_are_no_area_are_refused_in_words(name, data, words):
    with pytest.raises(AreaError, match=words):
        area_from_file(name, data)


def test_a_zip_that_unpacks_to_gigabytes_is_refused():
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("area.shp", bytes(70 * 2**20))
    with pytest.raises(AreaError, match="unpacks to more"):
        area_from_file("area.zip", memory.getvalue())


def test_a_ring_is_checked_and_its_last_corner_not_repeated():
    assert check_ring(None) is None
    assert check_ring([*BOX, BOX[0]]) == BOX
    with pytest.raises(AreaError):
        check_ring([[0, 0], [1, 1]])
    with pytest.raises(AreaError):
        check_ring("text")
