"""Files are read back by rasterio and by GDAL's own bindings, and held against the HDF5 files of MintPy."""

from __future__ import annotations

import shutil
import threading
from xml.etree import ElementTree

import h5py
import numpy as np
import pytest
import rasterio

from insar_widgets import open_results
from insar_widgets.errors import CancelledError, ExportError
from insar_widgets.export import export_displacement, export_layer, export_wrapped, wrap_displacement

C_BAND, L_BAND = 0.05546576, 0.2384


@pytest.mark.parametrize(("units", "scale"), [("m", 1), ("cm", 100), ("mm", 1000)])
def test_every_date_is_written_with_its_values_unit_and_place(results, stored, tmp_path, units, scale):
    gdal = pytest.importorskip("osgeo.gdal")
    gdal.UseExceptions()
    values, attributes = stored
    paths = export_displacement(results, tmp_path / "a name with spaces", units=units)
    assert [p.name for p in paths] == [f"displacement_{date}.tif" for date in results.dates]
    for index in (0, len(paths) - 1):
        with rasterio.open(paths[index]) as file:
            assert np.array_equal(
                file.read(1), (values[index] * np.float32(scale)).astype(np.float32), equal_nan=True
            )
            assert np.isnan(file.nodata) and file.units == (units,)
            assert file.crs.to_epsg() == int(attributes["EPSG"])
            # MintPy's first coordinates are the outer corner
            first = [float(attributes[key]) for key in ("X_FIRST", "Y_FIRST", "X_STEP", "Y_STEP")]
            t = file.transform
            assert [t.c, t.f, t.a, t.e] == pytest.approx(first, abs=1e-6 * 80)
            tags = file.tags()
            assert tags["DATE"] == results.dates[index] and tags["UNITS"] == units
            assert tags["REFERENCE_DATE"] == attributes["REF_DATE"]
            assert "positive towards" in tags["SIGN"] and "insar_widgets" in tags["TIFFTAG_SOFTWARE"]
        theirs = gdal.Open(str(paths[index]))
        assert np.array_equal(theirs.ReadAsArray(), values[index] * np.float32(scale), equal_nan=True)
        assert theirs.GetGeoTransform() == pytest.approx((first[0], first[2], 0, first[1], 0, first[3]))


def test_another_reference_date_and_point_are_subtracted(results, stored, tmp_path):
    values, attributes = stored
    row, column = np.argwhere(np.isfinite(values).all(axis=0))[1234]
    from pyproj import Transformer

    x, y = (
        float(attributes[f"{k}_FIRST"]) + (i + 0.5) * float(attributes[f"{k}_STEP"])
        for k, i in (("X", column), ("Y", row))
    )
    lon, lat = Transformer.from_crs(int(attributes["EPSG"]), 4326, always_xy=True).transform(x, y)
    (path,) = export_displacement(
        results,
        tmp_path,
        dates="last",
        reference_date=results.dates[2],
        reference_point={"lon": lon, "lat": lat},
    )
    truth = (values[-1] - values[2]) - (values[-1] - values[2])[row, column]
    with rasterio.open(path) as file:
        assert np.nanmax(np.abs(file.read(1) - truth)) < 1e-6
        assert file.tags()["REFERENCE_DATE"] == results.dates[2]
        assert float(file.tags()["REFERENCE_LON"]) == pytest.approx(lon, abs=1e-6)


@pytest.mark.parametrize("mask", ["maskTempCoh", 0.9])
def test_masked_pixels_have_no_value_and_the_file_says_which_mask(
    results, stored, finished_run, tmp_path, mask
):
    name, dataset = (
        ("maskTempCoh", "mask") if isinstance(mask, str) else ("temporalCoherence", "temporalCoherence")
    )
    with h5py.File(finished_run.work_dir / f"{name}.h5", locking=False) as file:
        layer = file[dataset][:]
    kept = layer if isinstance(mask, str) else layer >= mask
    (path,) = export_displacement(results, tmp_path, dates="last", mask=mask)
    with rasterio.open(path) as file:
        assert np.array_equal(np.isfinite(file.read(1)), kept.astype(bool) & np.isfinite(stored[0][-1]))
        assert str(mask) in file.tags()["MASK"]


@pytest.mark.parametrize("wavelength", [C_BAND, L_BAND])
def test_wrapping_is_the_closed_formula_with_its_wrap_points(wavelength):
    half = wavelength / 2
    d = np.array([0, half / 4, -half / 4, half / 2, -half / 2, half, 0.1234])
    phase = wrap_displacement(d, half)
    assert phase[:3] == pytest.approx([0, -np.pi / 2, np.pi / 2])
    assert phase[3:5] == pytest.approx([-np.pi, -np.pi])  # pi itself is -pi
    assert phase[5] == pytest.approx(0, abs=1e-9)
    assert np.exp(1j * phase) == pytest.approx(np.exp(-4j * np.pi * d / wavelength))
    assert (phase >= -np.pi).all() and (phase < np.pi).all()
    assert np.exp(1j * wrap_displacement(d, half, "towards")) == pytest.approx(
        np.exp(4j * np.pi * d / wavelength)
    )


@pytest.mark.parametrize("wavelength", [C_BAND, L_BAND])
def test_fringes_take_the_wavelength_from_the_data(finished_run, stored, tmp_path, wavelength):
    work_dir = tmp_path / "run"
    shutil.copytree(finished_run.work_dir, work_dir)
    for path in work_dir.rglob("*.h5"):
        with h5py.File(path, "r+", locking=False) as file:
            if "WAVELENGTH" in file.attrs:
                file.attrs["WAVELENGTH"] = str(wavelength)
    results = open_results(work_dir)
    (path,) = export_wrapped(results, tmp_path / "out", dates="last", kind="radians")
    with rasterio.open(path) as file:
        phase = file.read(1)
        assert float(file.tags()["DISPLACEMENT_PER_CYCLE_M"]) == pytest.approx(wavelength / 2)
    truth = np.exp(-4j * np.pi * stored[0][-1].astype(float) / wavelength)
    assert np.nanmax(np.abs(np.exp(1j * phase) - truth)) < 1e-5
    (cycles,) = export_wrapped(results, tmp_path / "cycles", dates="last", kind="cycles")
    with rasterio.open(cycles) as file:
        assert np.nanmax(np.abs(file.read(1) * 2 * np.pi - phase)) < 1e-5


def test_the_colours_of_a_phase_are_the_same_at_every_date(results, tmp_path):
    coloured = export_wrapped(results, tmp_path / "rgb")
    assert coloured[-1].name == "wrapped_legend.png" and coloured[-1].stat().st_size > 1000
    phases = export_wrapped(results, tmp_path / "phase", kind="radians")
    seen: dict[int, set[tuple[int, ...]]] = {}
    for colour, phase in zip(coloured[:-1], phases, strict=True):
        with rasterio.open(colour) as file:
            assert [c.name for c in file.colorinterp] == ["red", "green", "blue"] and file.dtypes[
                0
            ] == "uint8"
            rgb = np.moveaxis(file.read(), 0, -1)
        with rasterio.open(phase) as file:
            bins = np.floor((file.read(1).astype(float) + np.pi) / (2 * np.pi) * 256)
        assert (rgb[np.isnan(bins)] == 0).all()
        for value in (40, 128, 200):
            seen.setdefault(value, set()).update(map(tuple, rgb[bins == value].tolist()))
    # values on the edge of two bins may fall on either side
    assert all(1 <= len(colours) <= 3 for colours in seen.values())
    assert len(set.union(*seen.values())) >= 3


def test_velocity_is_named_after_its_series(results, tmp_path, finished_run):
    (path,) = export_layer(results, tmp_path, "velocity", units="mm")
    assert path.name == f"velocity{results.timeseries.name.removeprefix('timeseries')}.tif"
    with h5py.File(finished_run.work_dir / "velocity.h5", locking=False) as file:
        velocity = file["velocity"][:]
    with rasterio.open(path) as file:
        values = file.read(1)
        assert file.units == ("mm/year",)
    valid = np.isfinite(values)
    assert values[valid] == pytest.approx(velocity[valid] * 1000, rel=1e-6)
    for layer in ("velocityStd", "temporalCoherence", "avgSpatialCoh", "maskTempCoh", "height", "demErr"):
        (path,) = export_layer(results, tmp_path, layer)
        with rasterio.open(path) as file:
            assert file.count == 1
    with rasterio.open(tmp_path / "maskTempCoh.tif") as file:
        assert file.dtypes == ("uint8",)
        assert np.array_equal(file.read(1) != 0, results["maskTempCoh"].values)


def test_a_cloud_optimized_file_in_degrees_validates_and_keeps_every_value_in_its_place(results, tmp_path):
    (path,) = export_layer(results, tmp_path / "v.tif", "velocity", crs=4326, cog=True)
    validate = pytest.importorskip("osgeo_utils.samples.validate_cloud_optimized_geotiff")
    _, errors, _ = validate.validate(str(path), full_check=True)
    assert errors == []
    from pyproj import Transformer

    layer = results["velocity"]
    with rasterio.open(path) as file:
        assert file.crs.to_epsg() == 4326 and "SIGN" in file.tags()
        values = file.read(1)
        rows, columns = np.nonzero(np.isfinite(values))
        pick = np.random.default_rng(0).choice(len(rows), 300)
        lon, lat = file.xy(rows[pick], columns[pick])
    x, y = Transformer.from_crs(4326, layer.rio.crs, always_xy=True).transform(lon, lat)
    near = [float(layer.sel(x=a, y=b, method="nearest")) for a, b in zip(x, y, strict=True)]
    # the nearest pixel, but where a centre falls on an edge
    assert np.mean(np.isclose(near, values[rows[pick], columns[pick]], equal_nan=True)) > 0.98


def test_a_second_call_keeps_what_is_there_and_redoes_what_differs(results, tmp_path):
    notes: list[str] = []
    first = export_displacement(results, tmp_path, dates=results.dates[:2])
    times = [p.stat().st_mtime_ns for p in first]
    again = export_displacement(results, tmp_path, notes=notes)
    assert [p.stat().st_mtime_ns for p in again[:2]] == times and len(again) == len(results.dates)
    assert len(notes) == 2 and "kept" in notes[0]
    export_displacement(results, tmp_path, dates=results.dates[:1], units="mm")
    with rasterio.open(first[0]) as file:
        assert file.units == ("mm",)


def test_cancelling_leaves_complete_files_only(results, tmp_path):
    cancelled = threading.Event()

    def progress(share, _):
        if share > 0.4:
            cancelled.set()

    with pytest.raises(CancelledError, match="next call makes the rest"):
        export_displacement(results, tmp_path, on_progress=progress, cancelled=cancelled)
    left = sorted(tmp_path.iterdir())
    assert all(path.name.startswith("displacement_") for path in left)
    assert len(left) < len(results.dates)
    for path in left:
        with rasterio.open(path) as file:
            file.read()
    assert len(export_displacement(results, tmp_path)) == len(results.dates)


def test_a_full_disk_leaves_no_half_file_and_is_told(results, tmp_path, full_disk):
    """GDAL notices it only when it closes."""
    with full_disk(4096), pytest.raises(ExportError, match=r"displacement_.*could not be written"):
        export_displacement(results, tmp_path, dates=results.dates[:1])
    assert list(tmp_path.iterdir()) == []
    assert export_displacement(results, tmp_path, dates=results.dates[:1])


def test_qgis_finds_a_style_beside_each_file_with_the_same_colours_at_every_date(results, tmp_path):
    paths = export_displacement(results, tmp_path, units="mm")
    texts = {path.with_suffix(".qml").read_text() for path in paths}
    assert len(texts) == 1
    items = ElementTree.fromstring(texts.pop()).findall(".//colorrampshader/item")
    values = [float(item.get("value")) for item in items]
    assert values == sorted(values) and values[0] == pytest.approx(-values[-1])
    most = 0.0
    for path in (paths[0], paths[-1]):  # one of them may be the reference date
        with rasterio.open(path) as file:
            most = max(most, np.nanmax(np.abs(file.read(1))))
    assert 0.2 * most < values[-1] <= most  # millimetres, as the file
    red, _green, blue = (int(items[0].get("color")[i : i + 2], 16) for i in (1, 3, 5))
    assert red > blue  # away from the satellite is red
    (mask,) = export_layer(results, tmp_path, "maskTempCoh")
    assert "EXACT" in mask.with_suffix(".qml").read_text()


def test_residuals_do_not_take_the_names_of_displacement(results, tmp_path):
    paths = export_displacement(results, tmp_path, name="timeseriesResidual", dates="last")
    assert [path.name for path in paths] == [f"residual_{results.dates[-1]}.tif"]


def test_what_is_not_possible_is_said_before_anything_is_written(results, tmp_path):
    target = tmp_path / "none"
    with pytest.raises(ExportError, match="no date 19990101"):
        export_displacement(results, target, dates=["19990101"])
    with pytest.raises(ExportError, match="unit 'km'"):
        export_displacement(results, target, units="km")
    with pytest.raises(ExportError, match="is in 1 and cannot be written in mm"):
        export_layer(results, target, "temporalCoherence", units="mm")
    with pytest.raises(ExportError, match="use export_displacement"):
        export_layer(results, target, results.timeseries.name)
    with pytest.raises(ExportError, match="more than 0"):
        export_wrapped(results, target, cycle=0)
    with pytest.raises(Exception, match="no layer 'nothing'"):
        export_displacement(results, target, mask="nothing")
    assert not target.exists()
