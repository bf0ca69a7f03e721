"""Loading through rasterio: the same data sets, values, types and attributes as through GDAL's own bindings."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from insar_widgets import Run, Template, simulate_stack
from support.arrays import arrays, assert_same_arrays, assert_same_attributes

pytestmark = pytest.mark.mintpy

pytest.importorskip("mintpy", reason='the engine serves MintPy: pip install "insar-widgets[mintpy]"')
readfile = pytest.importorskip("mintpy.utils.readfile")


@pytest.mark.parametrize(
    ("family", "options"),
    [
        ("gamma", {}),
        (
            "burst",
            {"mintpy.subset.yx": "5:40,10:60", "mintpy.multilook.ystep": 2, "mintpy.multilook.xstep": 3},
        ),
        (
            "multiburst",
            {"mintpy.multilook.method": "nearest", "mintpy.multilook.ystep": 2, "mintpy.multilook.xstep": 2},
        ),
    ],
)
def test_all_three_families_load_as_through_gdal(tmp_path, family, options):
    pytest.importorskip("osgeo", reason="GDAL's own bindings, which this is compared with, are not installed")
    simulate_stack(tmp_path / "raw", shape=(50, 70), dates=4, family=family).prepare(tmp_path / "hyp3")
    from insar_widgets import find_stack

    template = Template.for_stack(find_stack(tmp_path / "hyp3"), options, name="load")
    for engine in ("fast", "mintpy"):
        run = Run(tmp_path / engine, template, engine=engine)
        assert run.start(["load_data"]).wait(timeout=120) == "completed", run.failure
        assert run.engine_of("load_data") == {"name": engine}
    assert_same_arrays(tmp_path / "fast", tmp_path / "mintpy")
    assert_same_attributes(tmp_path / "fast", tmp_path / "mintpy")
    assert len(arrays(tmp_path / "fast")) >= 9


def test_the_whole_workflow_runs_without_gdals_bindings(prepared_stack, tmp_path, without_osgeo):
    options = {
        "mintpy.save.kmz": "yes",
        "mintpy.save.hdfEos5": "yes",
        "mintpy.solidEarthTides": "yes",
        "mintpy.plot": "yes",
    }
    run = Run(tmp_path / "run", Template.for_stack(prepared_stack, options, name="all"))
    assert run.start().wait(timeout=300) == "completed", run.failure
    assert {name: state for name, state in run.states().items() if state not in ("completed", "off")} == {}
    assert (
        run.states()["google_earth"] == run.states()["hdfeos5"] == run.states()["correct_SET"] == "completed"
    )
    alone = Run(tmp_path / "alone", Template.for_stack(prepared_stack, name="alone"), engine="mintpy")
    assert alone.start(["load_data"]).wait(timeout=120) == "completed", alone.failure
    assert any(
        "read through rasterio" in e.get("message", "") for e in alone.events() if e["event"] == "warning"
    )


@pytest.mark.parametrize("case", ["utm", "degrees", "wrapped degrees", "other", "several bands"])
def test_attributes_and_values_of_any_raster(tmp_path, case):
    pytest.importorskip("osgeo", reason="GDAL's own bindings, which this is compared with, are not installed")
    from insar_widgets.runner.engine.geotiff import read_raster, read_raster_attributes

    crs, corner, step, count, dtype, nodata = {
        "utm": (32605, (300_000, 2_200_000), 80, 1, "float32", 0),
        "degrees": (4326, (-155.5, 19.7), 0.001, 1, "int16", -9999),
        "wrapped degrees": (4326, (204.5, 19.7), 0.001, 1, "uint8", None),
        "other": (3413, (300_000, -2_200_000), 30.5, 1, "float64", None),
        "several bands": (32614, (500_000, 2_100_000), 40, 3, "complex64", None),
    }[case]
    file = tmp_path / "some.tif"
    rng = np.random.default_rng(0)
    values = (
        (100 * rng.normal(size=(count, 30, 41))).astype(dtype if dtype != "uint8" else "int32").astype(dtype)
    )
    if dtype == "complex64":
        values = (values + 1j * rng.normal(size=values.shape)).astype(dtype)
    profile = {"driver": "GTiff", "width": 41, "height": 30, "count": count, "dtype": dtype, "nodata": nodata}
    with rasterio.open(
        file,
        "w",
        **profile,
        crs=f"EPSG:{crs}",
        transform=from_origin(*corner, step, step),
        interleave="pixel",
    ) as raster:
        raster.write(values)
    assert read_raster_attributes(file) == readfile.read_gdal_vrt(str(file))
    for how in (
        {},
        {"box": (3, 4, 33, 20)},
        {"box": (3, 4, 34, 21), "xstep": 3, "ystep": 2},
        {"band": count, "cpx_band": "magnitude"},
        {"cpx_band": "real"},
    ):
        ours, theirs = read_raster(file, **how), readfile.read_gdal(str(file), **how)
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)
