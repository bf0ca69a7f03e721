"""The Exporter without a browser: its traits, its plan, what it writes, and the Python it hands out."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
import rasterio
import traitlets

from insar_widgets import DisplacementMap, Exporter, open_results
from insar_widgets.errors import ExportError, InsarWidgetsError


@pytest.fixture(scope="module")
def results(finished_run):
    return open_results(finished_run.work_dir)


def states(exporter):
    return {line["name"]: line["state"] for line in exporter._files}


def test_files_are_announced_written_kept_and_zipped(results, tmp_path):
    out = tmp_path / "an out folder"
    exporter = Exporter(
        results, out=out, products=["velocity", "displacement", "points"], points_format="csv"
    )
    exporter.dates = list(results.dates[:2])
    planned = exporter.plan()
    assert (
        not any(file.exists for file in planned)
        and set(states(exporter).values()) == {"new"}
        and not out.exists()
    )
    exporter.export()
    assert exporter.wait(60) and not exporter.busy
    assert set(states(exporter).values()) == {"written"} and exporter._said == []
    assert {path.name for path in exporter.paths} >= {file.path.name for file in planned}
    exporter.dates = ["all"]
    found = states(exporter)
    assert found[f"displacement_{results.dates[0]}.tif"] == "exists"
    assert found[f"displacement_{results.dates[3]}.tif"] == "new"
    exporter.export()
    assert exporter.wait(60)
    found = states(exporter)
    assert found[f"displacement_{results.dates[0]}.tif"] == "kept"
    assert found[f"displacement_{results.dates[3]}.tif"] == "written"

    class Asked:
        def __init__(self, **payload):
            self.payload = payload

    about = exporter._download(Asked())
    content = b""
    while not (answer := exporter._part(Asked(token=about["token"]))).payload["done"]:
        content += b"".join(answer.buffers)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        assert {file.path.name for file in exporter.plan()} <= names and "points.csv.json" in names
        assert archive.read("points.csv") == (out / "points.csv").read_bytes()
    # the Python it hands out writes the same
    text = exporter.code().replace(str(out), str(tmp_path / "again"))
    exec(compile(text, "code", "exec"), {})
    for path in out.glob("*.tif"):
        with rasterio.open(path) as first, rasterio.open(tmp_path / "again" / path.name) as second:
            assert np.array_equal(first.read(), second.read(), equal_nan=True)


def test_linked_with_a_map_it_exports_what_is_shown(results, tmp_path):
    map_ = DisplacementMap(results, layer=str(results.timeseries.name))
    map_.wait(30)
    exporter = Exporter(map_, out=tmp_path)
    assert exporter.products == ["shown"] and exporter.units == map_.unit
    map_.date = results.dates[2]
    assert any(results.dates[2] in name for name in states(exporter))
    map_.reference_date = results.dates[1]
    map_.mask_layer, map_.mask_threshold = "temporalCoherence", 0.8
    series = results.timeseries.values
    row, column = np.argwhere(np.isfinite(series).all(axis=0) & (results["temporalCoherence"].values > 0.8))[
        30
    ]
    lon, lat = (float(v) for v in results.grid.lonlat(row + 0.5, column + 0.5))
    map_.reference_point = {"lon": lon, "lat": lat, "radius": 0.0}
    map_.wait(30)
    exporter.export()
    assert exporter.wait(60) and exporter._said == []
    tif = next(path for path in exporter.paths if path.suffix == ".tif")
    with rasterio.open(tif) as file:
        written = file.read(1)
    # what the map says under the pointer is in the file
    compared = 0
    for i, j in np.argwhere(np.isfinite(written))[::61]:
        place = (float(v) for v in results.grid.lonlat(i + 0.5, j + 0.5))
        assert map_.value(*place) * 1000 == pytest.approx(written[i, j], abs=1e-3)
        compared += 1
    assert compared >= 3
    exporter.close()
    map_.close()


def test_what_cannot_be_is_said_and_nothing_is_written(results, tmp_path):
    assert Exporter(tmp_path / "nothing")._error["message"]
    with pytest.raises(traitlets.TraitError, match="no trait 'colour'"):
        Exporter(results, colour="red")
    exporter = Exporter(results, out=tmp_path / "x", crs="EPSG:99999")
    assert "no reference system" in exporter._error["message"] and exporter._files == []
    exporter.crs, exporter.mask = "", "often"
    assert "no coherence" in exporter._error["message"]
    exporter.mask, exporter.products = "none", []
    assert exporter._error is None
    with pytest.raises(ExportError, match="Nothing is chosen"):
        exporter.export()
    with pytest.raises(InsarWidgetsError, match="outside"):
        Exporter(results, root=tmp_path, out=tmp_path / ".." / "elsewhere")
    confined = Exporter(results, root=tmp_path, out=tmp_path / "inside", products=["velocity"])
    confined.out = str(tmp_path.parent / "elsewhere")
    assert "outside" in confined._error["message"]
    with pytest.raises(InsarWidgetsError, match="outside"):
        confined.export()
    with pytest.raises(ExportError, match="None of these files"):
        exporter._download(None)
    (tmp_path / "a file").write_text("")
    broken = Exporter(results, out=tmp_path / "a file" / "below", products=["velocity"])
    broken.export()
    assert broken.wait(30) and broken._said[0]["severity"] == "error" and not broken.busy


def test_cancelling_keeps_what_is_complete(results, tmp_path):
    exporter = Exporter(results, out=tmp_path, products=["displacement", "figures", "report"], dpi=60)
    exporter.observe(lambda change: exporter.cancel() if change["new"] else None, "_running")
    exporter.export()
    assert exporter.wait(60) and not exporter.busy
    assert any("Cancelled" in said["text"] for said in exporter._said)
    assert not any(path.name.startswith(".") for path in tmp_path.rglob("*"))
