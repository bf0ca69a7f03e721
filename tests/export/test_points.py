"""Points are read back by GDAL, the csv module and json, and held against the HDF5 files of MintPy."""

from __future__ import annotations

import csv
import json
import sqlite3
import threading
import tracemalloc
from xml.etree import ElementTree

import h5py
import numpy as np
import pyogrio
import pytest
from pyproj import Transformer

from insar_widgets import export_points
from insar_widgets.errors import CancelledError, ExportError


@pytest.fixture(scope="module")
def truth(finished_run, results, stored):
    """Of each reliable pixel: longitude, latitude, velocity and series (mm)."""
    values, attributes = stored
    with h5py.File(finished_run.work_dir / "maskTempCoh.h5", locking=False) as file:
        mask = file["mask"][:].astype(bool)
    with h5py.File(finished_run.work_dir / "velocity.h5", locking=False) as file:
        velocity, spread = file["velocity"][:], file["velocityStd"][:]
    rows, columns = np.nonzero(mask & np.isfinite(values[-1]))
    x, y = (
        float(attributes[f"{k}_FIRST"]) + (i + 0.5) * float(attributes[f"{k}_STEP"])
        for k, i in (("X", columns), ("Y", rows))
    )
    lon, lat = Transformer.from_crs(int(attributes["EPSG"]), 4326, always_xy=True).transform(x, y)
    return {
        "x": x, "y": y, "lon": lon, "lat": lat, "series": values[:, rows, columns].T * 1000,
        "velocity": velocity[rows, columns] * 1000, "velocity_std": spread[rows, columns] * 1000,
    }  # fmt: skip


def test_a_geopackage_has_the_fields_insar_explorer_looks_for_and_every_value(results, truth, tmp_path):
    target = tmp_path / "a name with spaces.gpkg"
    path, style, about = export_points(results, target, crs=results.crs, memory=200_000)
    assert path == target and style.suffix == ".qml"
    meta, _, geometry, fields = pyogrio.raw.read(path, layer="a name with spaces")
    found = dict(zip(meta["fields"], fields, strict=True))
    # its documented layout: "velocity" and a field DYYYYMMDD for each date
    assert "velocity" in found and [f"D{date}" for date in results.dates] == [n for n in found if n[0] == "D"]
    assert meta["crs"] == results.crs.to_string() and len(geometry) == len(truth["lon"])
    places = np.array([np.frombuffer(point[5:], "<f8") for point in geometry])
    order = np.lexsort((truth["x"], -truth["y"]))
    assert places[:, 0] == pytest.approx(truth["x"][order], abs=1e-6)
    assert places[:, 1] == pytest.approx(truth["y"][order], abs=1e-6)
    for name in ("velocity", "velocity_std"):
        assert found[name] == pytest.approx(truth[name][order], rel=1e-6, nan_ok=True)
    for i, date in enumerate(results.dates):
        assert found[f"D{date}"] == pytest.approx(truth["series"][order][:, i], rel=1e-6, abs=1e-6)
    assert found["lon"] == pytest.approx(truth["lon"][order], abs=1e-9)
    said = json.loads(about.read_text())
    assert said["fields"]["velocity"]["units"] == "mm/year" and said["points"] == len(geometry)
    assert "positive towards" in said["sign"] and said["mask"] == "maskTempCoh"
    # the style lies within the file too, where QGIS looks first
    with sqlite3.connect(path) as database:
        (qml,) = database.execute("SELECT styleQML FROM layer_styles WHERE useAsDefault").fetchone()
        (bad,) = database.execute("PRAGMA integrity_check").fetchone()
    database.close()
    assert bad == "ok"
    renderer = ElementTree.fromstring(qml).find("renderer-v2")
    assert renderer.get("attr") == "velocity" and len(renderer.findall("ranges/range")) == 16


def test_csv_and_geojson_hold_the_same(results, truth, tmp_path):
    table, *_ = export_points(results, tmp_path / "points.csv", crs=32611, units="m")
    with table.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(truth["lon"])
    first = {key: float(value) for key, value in lines[100].items() if value}
    i = np.argmin(np.hypot(truth["lon"] - first["lon"], truth["lat"] - first["lat"]))
    x, y = Transformer.from_crs(4326, 32611, always_xy=True).transform(truth["lon"][i], truth["lat"][i])
    assert (first["x"], first["y"]) == pytest.approx((x, y), abs=0.01)
    assert first["velocity"] == pytest.approx(truth["velocity"][i] / 1000, rel=1e-6)
    assert first[f"D{results.dates[-1]}"] == pytest.approx(truth["series"][i, -1] / 1000, rel=1e-6)

    notes: list[str] = []
    path, *_ = export_points(results, tmp_path, file_format="geojson", crs=32611, series=False, notes=notes)
    content = json.loads(path.read_text())  # strict JSON: no NaN
    assert len(content["features"]) == len(truth["lon"]) and "WGS84" in notes[0]
    feature = content["features"][100]
    assert feature["geometry"]["coordinates"] == pytest.approx([truth["lon"][i], truth["lat"][i]], abs=1e-6)
    assert feature["properties"]["velocity"] == pytest.approx(truth["velocity"][i], rel=1e-6)
    assert not any(name.startswith("D2") for name in feature["properties"])
    assert pyogrio.read_info(path)["features"] == len(truth["lon"])


def test_points_of_a_map_and_an_area_choose_the_pixels(results, truth, tmp_path):
    place = {"lon": float(truth["lon"][7]), "lat": float(truth["lat"][7]), "label": 'the; well, "1"'}
    path, *_ = export_points(results, tmp_path / "one.csv", points=[place])
    with path.open(newline="") as file:
        (line,) = csv.DictReader(file)
    assert line["label"] == place["label"]
    assert float(line["velocity"]) == pytest.approx(truth["velocity"][7], rel=1e-6)
    west, north = truth["lon"].min() - 1, truth["lat"].max() + 1
    middle = float(np.median(truth["lon"]))
    area = [[west, north - 5], [middle, north - 5], [middle, north], [west, north]]
    path, *_ = export_points(results, tmp_path / "west.csv", area=area, series=False)
    assert len(path.read_text().splitlines()) - 1 == int((truth["lon"] < middle).sum())


def test_a_second_call_keeps_the_file_and_a_changed_wish_replaces_it(results, tmp_path):
    notes: list[str] = []
    path, *_ = export_points(results, tmp_path, dates="last")
    before = path.stat().st_mtime_ns
    export_points(results, tmp_path, dates="last", notes=notes)
    assert path.stat().st_mtime_ns == before and "kept" in notes[0]
    export_points(results, tmp_path, dates="last", units="cm")
    assert path.stat().st_mtime_ns != before


@pytest.mark.parametrize("kind", ["gpkg", "csv", "geojson"])
def test_neither_a_full_disk_nor_cancelling_leaves_a_half_file(results, tmp_path, full_disk, kind):
    with full_disk(16_384), pytest.raises(ExportError, match=r"points.*could not be written"):
        export_points(results, tmp_path, file_format=kind)
    assert list(tmp_path.iterdir()) == []
    cancelled = threading.Event()

    def progress(_share, _words):
        cancelled.set()

    with pytest.raises(CancelledError):
        export_points(
            results, tmp_path, file_format=kind, memory=10_000, on_progress=progress, cancelled=cancelled
        )
    assert list(tmp_path.iterdir()) == []
    assert export_points(results, tmp_path, file_format=kind)[0].is_file()


def test_memory_follows_what_is_allowed_not_the_number_of_pixels(results, tmp_path):
    export_points(results, tmp_path / "warm.csv", memory=100_000)
    tracemalloc.start()
    export_points(results, tmp_path / "small.csv", memory=100_000)
    small = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert small < 3_000_000


def test_what_is_not_possible_is_said_before_anything_is_written(results, tmp_path):
    target = tmp_path / "none"
    with pytest.raises(ExportError, match="format 'shp'"):
        export_points(results, target, file_format="shp")
    with pytest.raises(ExportError, match="no lon and lat"):
        export_points(results, target, points=[{"x": 1}])
    with pytest.raises(ExportError, match="outside the frame"):
        export_points(results, target, points=[{"lon": 0, "lat": 0}])
    with pytest.raises(ExportError, match="no points"):
        export_points(results, target, points=[])
    assert not target.exists()
