"""Prepared rasters against values looked up one by one in the originals, and what may never happen to files."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest
import rasterio
import shapely
from _products import ALL_PAIRS, LAYERS, Spec, expected, read, snapshot, write, write_stack, zip_product
from pyproj import Transformer

from insar_widgets import find_stack
from insar_widgets.errors import CancelledError, ProductError

BURST_LAYERS = (*LAYERS, "conncomp")
FILL = {"dem": None}


def assert_true(stack, prepared):
    """Every pixel of every layer is the original's, and the files are what MintPy loads."""
    grid = prepared.grid
    assert grid is not None
    originals = {product.name: product for product in stack.products}
    assert prepared.products
    for product in prepared.products:
        original = originals[product.name]
        assert set(product.layers) == set(original.layers)
        assert product.metadata == original.metadata
        for layer, path in product.layers.items():
            with rasterio.open(path) as dataset, rasterio.open(original.layers[layer]) as source:
                assert (dataset.dtypes, dataset.nodata) == (source.dtypes, source.nodata)
                assert tuple(dataset.transform)[:6] == grid.transform and dataset.shape == grid.shape
                assert dataset.crs.to_epsg() == grid.epsg
                assert dataset.profile["tiled"] or dataset.width < 256
                assert dataset.profile["compress"] == "zstd"
            wanted = expected(original.layers[layer], grid, FILL.get(layer, 0))
            np.testing.assert_array_equal(read(path), wanted, err_msg=f"{product.name} {layer}")


def test_mintpy_reads_what_was_prepared(tmp_path):
    readfile = pytest.importorskip("mintpy.utils.readfile")
    prep_hyp3 = pytest.importorskip("mintpy.prep_hyp3")
    write_stack(tmp_path / "in", change={1: {"origin": (480160.0, 2150000.0)}})
    stack = find_stack(tmp_path / "in")
    prepared = stack.prepare(tmp_path / "out")
    product = prepared.products[1]
    for layer, path in product.layers.items():
        header = readfile.read_gdal_vrt(path)
        values = readfile.read_gdal(path)
        np.testing.assert_array_equal(values, read(path))
        assert (float(header["X_FIRST"]), float(header["Y_FIRST"])) == prepared.grid.transform[2::3]
        assert (int(header["WIDTH"]), int(header["LENGTH"])) == (prepared.grid.width, prepared.grid.height)
        attributes = prep_hyp3.add_hyp3_metadata(path, header, is_ifg=layer in ("unw_phase", "corr"))
        assert attributes["ORBIT_DIRECTION"] == product.direction
        assert attributes["relative_orbit"] == product.track


@pytest.mark.parametrize("family", ["gamma", "burst", "multiburst"])
def test_products_on_one_grid_keep_every_pixel(tmp_path, family):
    write_stack(tmp_path / "in", family=family, layers=BURST_LAYERS if family != "gamma" else LAYERS)
    stack = find_stack(tmp_path / "in")
    prepared = stack.prepare(tmp_path / "out")
    assert prepared.grid == stack.grid
    assert_true(stack, prepared)
    names = sorted(path.name for path in (tmp_path / "out" / stack.products[0].name).iterdir())
    layers = stack.products[0].layers
    assert names == sorted(
        [f"{stack.products[0].name}.txt", *(f"{stack.products[0].name}_{layer}.tif" for layer in layers)]
    )


def test_offsets_of_whole_pixels_are_cut_to_the_overlap(tmp_path):
    shifts = {1: (3, -2), 2: (-4, 1), 4: (0, 5)}
    change = {n: {"origin": (480000.0 + 80 * x, 2150000.0 - 80 * y)} for n, (x, y) in shifts.items()}
    write_stack(tmp_path / "in", change=change)
    stack = find_stack(tmp_path / "in")
    prepared = stack.prepare(tmp_path / "out")
    assert prepared.grid.transform[2] == 480000 + 3 * 80 and prepared.grid.transform[5] == 2150000 - 5 * 80
    assert prepared.grid.shape == (40 - 5 - 2, 50 - 3 - 4)
    assert prepared.grid.bounds == stack.overlap
    assert_true(stack, prepared)


def test_offsets_of_fractions_of_a_pixel_take_the_nearest(tmp_path):
    shifts = {1: (0.3, 0.2), 2: (-1.45, 2.4), 4: (0.25, -0.1)}
    change = {n: {"origin": (480000.0 + 80 * x, 2150000.0 - 80 * y)} for n, (x, y) in shifts.items()}
    write_stack(tmp_path / "in", change=change)
    stack = find_stack(tmp_path / "in")
    prepared = stack.prepare(tmp_path / "out")
    assert stack.products[0].grid.is_aligned(prepared.grid)
    assert_true(stack, prepared)


def test_two_utm_zones_come_onto_the_majoritys(tmp_path):
    # On the border of zones 14 and 15, 96 degrees west.
    x, y = Transformer.from_crs(4326, 32614, always_xy=True).transform(-96.0, 19.4)
    origin = (round(x / 80) * 80.0, round(y / 80) * 80.0)
    x, y = Transformer.from_crs(4326, 32615, always_xy=True).transform(-96.0, 19.4)
    other = {"epsg": 32615, "origin": (round(x / 80) * 80.0 + 30, round(y / 80) * 80.0)}
    write_stack(tmp_path / "in", origin=origin, shape=(300, 280), change={1: other, 4: other})
    stack = find_stack(tmp_path / "in")
    prepared = stack.prepare(tmp_path / "out")
    assert prepared.grid.epsg == 32614 and len(prepared) == 6
    assert prepared.grid.height > 250 and prepared.grid.width > 250
    assert_true(stack, prepared)


def test_zips_are_read_where_they_lie(tmp_path):
    for spec in write_stack(tmp_path / "in", change={1: {"origin": (480160.0, 2150000.0)}}):
        zip_product(tmp_path / "in" / spec.name)
    before = snapshot(tmp_path / "in")
    stack = find_stack(tmp_path / "in")
    prepared = stack.prepare(tmp_path / "out")
    assert_true(stack, prepared)
    assert snapshot(tmp_path / "in") == before
    assert {path.name for path in tmp_path.iterdir()} == {"in", "out"}


def test_another_projection_and_pixel_size_can_be_asked_for(tmp_path):
    write_stack(tmp_path / "in")
    stack = find_stack(tmp_path / "in")
    prepared = stack.prepare(tmp_path / "zone", epsg=32613)
    assert prepared.grid.epsg == 32613 and prepared.grid.xres == 80
    assert_true(stack, prepared)
    prepared = stack.prepare(tmp_path / "coarse", resolution=120)
    assert prepared.grid.xres == 120
    assert_true(stack, prepared)
    with pytest.raises(ProductError, match="resolution"):
        stack.prepare(tmp_path / "degrees", epsg=4326)
    with pytest.raises(ProductError, match="not a known projection"):
        stack.prepare(tmp_path / "nowhere", epsg=999999)


def test_a_mask_wider_than_the_phase_is_cut_and_a_narrower_one_filled_with_water(tmp_path):
    specs = write_stack(tmp_path / "in")
    for spec, shape in ((specs[0], (40, 51)), (specs[1], (38, 47))):
        odd = Spec(spec.reference, spec.secondary, ident=spec.ident, layers=("water_mask",), shape=shape)
        write(tmp_path / "in", odd)
    stack = find_stack(tmp_path / "in")
    prepared = stack.prepare(tmp_path / "out")
    assert_true(stack, prepared)
    narrow = read(next(p for p in prepared.products if p.name == specs[1].name).layers["water_mask"])
    assert (narrow[38:] == 0).all() and (narrow[:, 47:] == 0).all() and (narrow[:38, :47] > 0).all()


AOI = [[-99.18, 19.43], [-99.17, 19.43], [-99.17, 19.44], [-99.18, 19.44]]


@pytest.mark.parametrize(
    "aoi",
    [
        AOI,
        [AOI[0], AOI[2]],
        shapely.Polygon(AOI),
        {"type": "Polygon", "coordinates": [[*AOI, AOI[0]]]},
        {
            "type": "Feature",
            "properties": {},
            "geometry": {"type": "Polygon", "coordinates": [[*AOI, AOI[0]]]},
        },
    ],
)
def test_area_of_interest_is_its_box_in_whole_pixels(tmp_path, aoi):
    write_stack(tmp_path / "in")
    stack = find_stack(tmp_path / "in")
    prepared = stack.prepare(tmp_path / "out", aoi=aoi)
    x, y = Transformer.from_crs(4326, 32614, always_xy=True).transform(*np.array(AOI).T)
    left, bottom, right, top = prepared.grid.bounds
    assert left <= x.min() < left + 80 and right - 80 < x.max() <= right
    assert bottom <= y.min() < bottom + 80 and top - 80 < y.max() <= top
    assert_true(stack, prepared)


@pytest.mark.parametrize(
    ("aoi", "words"),
    [
        ([[10.0, 10.0], [11.0, 11.0]], "outside of the products"),
        ([[480000.0, 2150000.0], [481000.0, 2151000.0]], "not longitudes"),
        ("a polygon", "not understood"),
        ({"type": "Circle"}, "not understood"),
        ([[1.0, 2.0]], "at least two"),
        (shapely.Polygon(), "empty"),
    ],
)
def test_areas_that_make_no_sense_are_refused_before_anything_is_written(tmp_path, aoi, words):
    write_stack(tmp_path / "in")
    with pytest.raises(ProductError, match=words):
        find_stack(tmp_path / "in").prepare(tmp_path / "out", aoi=aoi)
    assert not (tmp_path / "out").exists()


def test_an_area_of_interest_keeps_products_that_cover_it_whatever_they_miss_elsewhere(tmp_path):
    small = {"shape": (18, 22)}
    write_stack(tmp_path / "in", change={1: small})
    stack = find_stack(tmp_path / "in")
    whole = stack.prepare(tmp_path / "whole")
    assert [f.code for f in whole.left_out] == ["small-overlap"] and len(whole) == 5
    assert whole.grid.shape == (40, 50)
    corner = stack.prepare(tmp_path / "corner", aoi=AOI)
    assert corner.left_out == () and len(corner) == 6


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("mixed-tracks", {"text": {"Reference Orbit Number": "30617"}}),
        ("mixed-directions", {"text": {"Reference Pass Direction": "DESCENDING"}}),
        ("mixed-polarisations", {"polarisation": "HH"}),
        ("mixed-looks", {"text": {"Range looks": "10"}}),
        ("small-overlap", {"origin": (680000.0, 2150000.0)}),
    ],
)
def test_what_would_break_the_stack_is_left_out_by_name(tmp_path, code, change):
    specs = write_stack(tmp_path / "in", change={2: change})
    prepared = find_stack(tmp_path / "in").prepare(tmp_path / "out")
    assert [(f.severity, f.code, f.products) for f in prepared.left_out] == [
        ("warning", code, (specs[2].name,))
    ]
    assert specs[2].name in prepared.left_out[0].message
    assert len(prepared) == 5 and not (tmp_path / "out" / specs[2].name).exists()
    # It is remembered with the folder.
    assert find_stack(tmp_path / "out") == prepared


def damage(path):
    path.write_bytes(path.read_bytes()[:1000])


def test_a_broken_product_is_left_out_by_name_and_tried_again_once_mended(tmp_path):
    specs = write_stack(tmp_path / "in")
    path = tmp_path / "in" / specs[1].name / f"{specs[1].name}_corr.tif"
    whole = path.read_bytes()
    stack = find_stack(tmp_path / "in")
    damage(path)
    prepared = stack.prepare(tmp_path / "out")
    assert [f.products for f in prepared.left_out] == [(specs[1].name,)]
    assert path.name in prepared.left_out[0].message
    assert len(prepared) == 5 and not (tmp_path / "out" / specs[1].name).exists()
    before = snapshot(tmp_path / "out")
    assert stack.prepare(tmp_path / "out") == prepared
    assert snapshot(tmp_path / "out") == before
    path.write_bytes(whole)
    mended = stack.prepare(tmp_path / "out")
    assert len(mended) == 6 and mended.left_out == ()
    assert_true(stack, mended)


def test_a_strict_prepare_ends_with_the_broken_file(tmp_path):
    specs = write_stack(tmp_path / "in")
    stack = find_stack(tmp_path / "in")
    path = tmp_path / "in" / specs[1].name / f"{specs[1].name}_dem.tif"
    damage(path)
    for _ in range(2):
        with pytest.raises(ProductError, match=path.name):
            stack.prepare(tmp_path / "out", strict=True)
    (tmp_path / "in" / specs[1].name / f"{specs[1].name}.txt").write_text("nonsense")
    with pytest.raises(ProductError, match=f"{specs[1].name}.txt"):
        find_stack(tmp_path / "in").prepare(tmp_path / "other", strict=True)
    assert not (tmp_path / "other").exists()
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize(
    ("layer", "change", "code"),
    [("unw_phase", 0.0, "all-no-data"), ("corr", 100.0, "coherence-out-of-range")],
)
def test_values_that_would_break_the_stack_are_left_out(tmp_path, layer, change, code):
    specs = write_stack(tmp_path / "in")
    with rasterio.open(tmp_path / "in" / specs[1].name / f"{specs[1].name}_{layer}.tif", "r+") as dataset:
        dataset.write(dataset.read(1) * change, 1)
    prepared = find_stack(tmp_path / "in").prepare(tmp_path / "out")
    assert [(f.code, f.products) for f in prepared.left_out] == [(code, (specs[1].name,))]


def test_what_was_already_left_out_stays_named(tmp_path):
    specs = write_stack(tmp_path / "in")
    (tmp_path / "in" / specs[1].name / f"{specs[1].name}.txt").unlink()
    prepared = find_stack(tmp_path / "in").prepare(tmp_path / "out")
    assert [(f.severity, f.code) for f in prepared.left_out] == [("warning", "missing-metadata")]


def test_too_little_is_an_error(tmp_path):
    for spec in write_stack(tmp_path / "in", ALL_PAIRS[:2]):
        damage(tmp_path / "in" / spec.name / f"{spec.name}_dem.tif")
    with pytest.raises(ProductError, match="No readable product is left of 2"):
        find_stack(tmp_path / "in").prepare(tmp_path / "out")


def test_a_second_call_does_nothing_and_another_request_remakes_what_differs(tmp_path):
    write_stack(tmp_path / "in")
    stack = find_stack(tmp_path / "in")
    first = stack.prepare(tmp_path / "out")
    before = snapshot(tmp_path / "out")
    assert stack.prepare(tmp_path / "out") == first
    assert snapshot(tmp_path / "out") == before

    mine = tmp_path / "out" / "notes.md"
    mine.write_text("mine")
    rsc = next((tmp_path / "out").glob("*/*_corr.tif"))
    rsc = rsc.with_name(f"{rsc.name}.rsc")
    rsc.write_text("WIDTH 50")
    fewer = stack.select(exclude_dates=[stack.dates[0]])
    small = fewer.prepare(tmp_path / "out", aoi=AOI)
    assert_true(stack, small)
    assert len(small) == 3
    folders = {path.name for path in (tmp_path / "out").iterdir() if path.is_dir()}
    assert folders == {".insar_widgets", *(product.name for product in small.products)}
    assert mine.read_text() == "mine"
    assert_true(stack, stack.prepare(tmp_path / "out"))


def test_a_file_that_was_changed_or_lost_is_made_again(tmp_path):
    write_stack(tmp_path / "in")
    stack = find_stack(tmp_path / "in")
    prepared = stack.prepare(tmp_path / "out")
    lost, changed, _, touched, *_ = sorted((tmp_path / "out").glob("*/*.tif"))
    lost.unlink()
    changed.write_bytes(b"half")
    touched.write_bytes(touched.read_bytes())
    stack.prepare(tmp_path / "out")
    assert_true(stack, prepared)


def test_an_original_that_changed_is_cut_again(tmp_path):
    specs = write_stack(tmp_path / "in")
    find_stack(tmp_path / "in").prepare(tmp_path / "out")
    changed = Spec(specs[0].reference, specs[0].secondary, ident=specs[0].ident, seed=9)
    write(tmp_path / "in", changed)
    stack = find_stack(tmp_path / "in")
    assert_true(stack, stack.prepare(tmp_path / "out"))


def test_files_of_others_are_never_replaced(tmp_path):
    specs = write_stack(tmp_path / "in")
    stack = find_stack(tmp_path / "in")
    mine = tmp_path / "out" / specs[0].name / f"{specs[0].name}_corr.tif"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    with pytest.raises(ProductError, match="not prepared by insar_widgets"):
        stack.prepare(tmp_path / "out")
    assert mine.read_bytes() == b"mine"
    # Another product would be loaded along by MintPy.
    write(tmp_path / "other", Spec(ident="0FFF"))
    with pytest.raises(ProductError, match="0FFF"):
        stack.prepare(tmp_path / "other")


@pytest.mark.parametrize("place", [".", "product"])
def test_originals_are_never_the_target(tmp_path, place):
    specs = write_stack(tmp_path)
    stack = find_stack(tmp_path)
    before = snapshot(tmp_path)
    folder = tmp_path / (specs[0].name if place == "product" else place)
    with pytest.raises(ProductError, match="originals"):
        stack.prepare(folder)
    assert snapshot(tmp_path) == before
    prepared = stack.prepare(tmp_path / "out")
    with pytest.raises(ProductError, match="originals"):
        prepared.prepare(tmp_path / "out", aoi=AOI)


def test_prepared_products_can_be_prepared_further(tmp_path):
    write_stack(tmp_path / "in")
    stack = find_stack(tmp_path / "in")
    prepared = stack.prepare(tmp_path / "out")
    assert_true(stack, prepared.prepare(tmp_path / "smaller", aoi=AOI))


def test_cancel_leaves_whole_files_and_the_next_call_goes_on(tmp_path):
    write_stack(tmp_path / "in")
    stack = find_stack(tmp_path / "in")
    cancel = threading.Event()
    with pytest.raises(CancelledError, match="go on"):
        stack.prepare(tmp_path / "out", on_progress=lambda *_: cancel.set(), cancel=cancel)
    done = sorted((tmp_path / "out").glob("*/*.tif"))
    assert len(done) < 36 and not list((tmp_path / "out").rglob("*.part"))
    times = {path: path.stat().st_mtime_ns for path in done}
    assert_true(stack, stack.prepare(tmp_path / "out"))
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())


def test_progress_rises_to_one(tmp_path):
    write_stack(tmp_path / "in")
    told = []
    find_stack(tmp_path / "in").prepare(tmp_path / "out", on_progress=lambda *values: told.append(values))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions) and fractions[-1] == 1 and len(fractions) > 40


def test_result_does_not_depend_on_the_number_of_jobs(tmp_path):
    write_stack(tmp_path / "in", change={1: {"origin": (480020.0, 2150000.0)}})
    stack = find_stack(tmp_path / "in")
    contents = []
    for jobs in (1, 4):
        stack.prepare(tmp_path / str(jobs), jobs=jobs)
        contents.append({p.name: p.read_bytes() for p in (tmp_path / str(jobs)).glob("S1*/*")})
    assert contents[0] == contents[1]


def test_two_processes_do_not_write_into_one_folder(tmp_path):
    fcntl = pytest.importorskip("fcntl")
    write_stack(tmp_path / "in")
    lock = tmp_path / "out" / ".insar_widgets" / "prepare.lock"
    lock.parent.mkdir(parents=True)
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(ProductError, match="another process"):
            find_stack(tmp_path / "in").prepare(tmp_path / "out")


def test_a_full_disk_is_said_in_words(tmp_path, monkeypatch):
    import errno
    from pathlib import Path

    write_stack(tmp_path / "in")
    stack = find_stack(tmp_path / "in")
    real = Path.replace

    def full(self, target):
        if str(target).endswith("_dem.tif"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ProductError, match=r"_dem\.tif could not be written.*No space left"):
        stack.prepare(tmp_path / "out")
    monkeypatch.undo()
    assert not list(tmp_path.rglob("*.part"))
    assert_true(stack, stack.prepare(tmp_path / "out"))


def test_a_blank_line_in_metadata_that_would_stop_mintpy_is_dropped(tmp_path):
    specs = write_stack(tmp_path / "in")
    text = tmp_path / "in" / specs[0].name / f"{specs[0].name}.txt"
    text.write_text(text.read_text() + "\n\n")
    find_stack(tmp_path / "in").prepare(tmp_path / "out")
    lines = (tmp_path / "out" / specs[0].name / text.name).read_text().splitlines()
    assert all(line.strip() for line in lines) and lines == text.read_text().split("\n")[: len(lines)]


def test_the_record_tells_what_was_asked(tmp_path):
    write_stack(tmp_path / "in")
    prepared = find_stack(tmp_path / "in").prepare(tmp_path / "out")
    record = json.loads((tmp_path / "out" / ".insar_widgets" / "prepare.json").read_text())
    assert record["request"]["epsg"] == 32614 and record["request"]["width"] == prepared.grid.width
    assert len(record["files"]) == 42
    assert not (tmp_path / "out" / ".insar_widgets" / "prepare.journal").exists()
