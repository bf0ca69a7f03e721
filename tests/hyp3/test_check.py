"""Each finding, on a stack broken in just that way, and none on a clean one."""

from __future__ import annotations

import threading
import zipfile

import numpy as np
import pytest
import rasterio
from _products import ALL_PAIRS, DATES, LAYERS, TEXT, Spec, write, write_stack, zip_product

from insar_widgets import find_stack
from insar_widgets.errors import CancelledError

ASCENDING_94 = TEXT["Reference Orbit Number"]
BURST_LAYERS = (*LAYERS, "conncomp")


def found(stack, *, deep=False):
    """Findings other than notes, by code."""
    return {finding.code: finding for finding in stack.check(deep=deep) if finding.severity != "info"}


def the_one(tmp_path, code, severity="error", *, deep=False):
    """The only finding there is."""
    findings = found(find_stack(tmp_path), deep=deep)
    assert list(findings) == [code], findings
    assert findings[code].severity == severity
    assert findings[code].message.endswith(".") and findings[code].remedy.endswith(".")
    return findings[code]


def overwrite(path, change):
    with rasterio.open(path, "r+") as dataset:
        dataset.write(change(dataset.read(1)).astype(dataset.dtypes[0]), 1)


def layer(tmp_path, spec, name):
    return tmp_path / spec.name / f"{spec.name}_{name}.tif"


@pytest.mark.parametrize("family", ["gamma", "burst", "multiburst"])
@pytest.mark.parametrize("deep", [False, True])
def test_a_clean_stack_has_no_error_and_no_warning(tmp_path, family, deep):
    write_stack(tmp_path, family=family, layers=LAYERS if family == "gamma" else BURST_LAYERS)
    assert found(find_stack(tmp_path), deep=deep) == {}


def test_a_prepared_simulated_stack_is_clean(small_stack, tmp_path):
    assert found(small_stack.prepare(tmp_path / "prepared"), deep=True) == {}


def test_worst_comes_first(tmp_path):
    write_stack(tmp_path, layers=("unw_phase", "corr"))
    severities = [finding.severity for finding in find_stack(tmp_path).check()]
    assert severities == sorted(severities, key=["error", "warning", "info"].index)
    assert set(severities) == {"error", "warning", "info"}


@pytest.mark.parametrize("missing", ["unw_phase", "corr"])
def test_missing_layer(tmp_path, missing):
    specs = write_stack(tmp_path)
    layer(tmp_path, specs[0], missing).unlink()
    finding = the_one(tmp_path, "missing-layer")
    assert finding.products == (specs[0].name,) and missing in finding.message


def test_missing_metadata(tmp_path):
    specs = write_stack(tmp_path)
    (tmp_path / specs[0].name / f"{specs[0].name}.txt").unlink()
    assert the_one(tmp_path, "missing-metadata").products == (specs[0].name,)


def test_unparsable_metadata(tmp_path):
    specs = write_stack(tmp_path)
    path = tmp_path / specs[0].name / f"{specs[0].name}.txt"
    path.write_text(path.read_text().replace("Heading: -12.9", "Heading: ?"))
    assert path.name in the_one(tmp_path, "unparsable-metadata").message


def test_unreadable_raster(tmp_path):
    specs = write_stack(tmp_path)
    layer(tmp_path, specs[0], "unw_phase").write_bytes(b"no raster")
    assert layer(tmp_path, specs[0], "unw_phase").name in the_one(tmp_path, "unreadable-raster").message


def test_unreadable_layer_other_than_the_phase(tmp_path):
    specs = write_stack(tmp_path)
    layer(tmp_path, specs[0], "lv_phi").write_bytes(b"II*\x00")
    assert "lv_phi" in the_one(tmp_path, "unreadable-raster").message


# rasterio says so as well when it opens such a file.
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_raster_without_projection(tmp_path):
    specs = write_stack(tmp_path)
    path = layer(tmp_path, specs[0], "unw_phase")
    values = np.ones((40, 50), "float32")
    profile = {"driver": "GTiff", "height": 40, "width": 50, "count": 1, "dtype": "float32"}
    with (
        pytest.warns(rasterio.errors.NotGeoreferencedWarning),
        rasterio.open(path, "w", **profile) as dataset,
    ):
        dataset.write(values, 1)
    assert "no projection" in the_one(tmp_path, "unreadable-raster").message


def test_a_truncated_raster_shows_in_its_header(tmp_path):
    specs = write_stack(tmp_path)
    path = layer(tmp_path, specs[0], "corr")
    path.write_bytes(path.read_bytes()[:-200])
    assert path.name in the_one(tmp_path, "truncated-raster").message


def test_damage_inside_of_a_raster_shows_in_a_deep_check(tmp_path):
    specs = write_stack(tmp_path)
    path = layer(tmp_path, specs[0], "dem")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 300] = b"\xff" * 300
    path.write_bytes(bytes(content))
    assert found(find_stack(tmp_path)) == {}
    assert path.name in the_one(tmp_path, "truncated-raster", deep=True).message


def test_damage_inside_of_a_zip_shows_in_a_deep_check(tmp_path):
    specs = write_stack(tmp_path)
    path = zip_product(tmp_path / specs[0].name)
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(f"{specs[0].name}/{specs[0].name}_dem.tif")
    content = bytearray(path.read_bytes())
    middle = info.header_offset + info.compress_size // 2
    content[middle : middle + 50] = bytes(50)
    path.write_bytes(bytes(content))
    finding = the_one(tmp_path, "truncated-raster", deep=True)
    assert path.name in finding.message and "dem" in finding.message


@pytest.mark.parametrize(("name", "empty"), [("unw_phase", 0), ("unw_phase", np.nan), ("corr", 0)])
def test_all_no_data(tmp_path, name, empty):
    specs = write_stack(tmp_path)
    overwrite(layer(tmp_path, specs[0], name), lambda values: np.full_like(values, empty))
    assert the_one(tmp_path, "all-no-data", deep=True).products == (specs[0].name,)


@pytest.mark.parametrize("change", [lambda v: v * 100, lambda v: v - 0.5])
def test_coherence_out_of_range(tmp_path, change):
    specs = write_stack(tmp_path)
    overwrite(layer(tmp_path, specs[0], "corr"), change)
    the_one(tmp_path, "coherence-out-of-range", deep=True)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("mixed-resolution", {"size": 40.0, "shape": (80, 100)}),
        ("off-grid", {"origin": (480020.0, 2150000.0)}),
        ("extents-differ", {"origin": (480160.0, 2150000.0)}),
        ("extents-differ", {"shape": (40, 51)}),
    ],
)
def test_grids_that_differ(tmp_path, code, change):
    specs = write_stack(tmp_path, change={2: change})
    finding = the_one(tmp_path, code)
    assert finding.products == (specs[2].name,) and finding.mended_by_prepare
    assert found(find_stack(tmp_path).prepare(tmp_path / "prepared")) == {}


def test_mixed_projection(tmp_path):
    # The same place, seen from the next zone.
    from pyproj import Transformer

    x, y = Transformer.from_crs(32614, 32615, always_xy=True).transform(480000, 2150000)
    other = {"epsg": 32615, "origin": (round(x / 80) * 80.0, round(y / 80) * 80.0)}
    specs = write_stack(tmp_path, change={2: other})
    finding = the_one(tmp_path, "mixed-projection")
    assert finding.products == (specs[2].name,) and "1 × EPSG:32615" in finding.message
    assert found(find_stack(tmp_path).prepare(tmp_path / "prepared")) == {}


def test_a_layer_on_another_grid_than_the_phase(tmp_path):
    spec = Spec()
    specs = write_stack(tmp_path)
    write(tmp_path / "wider", Spec(ident=specs[0].ident, layers=("water_mask",), shape=(40, 51)))
    path = layer(tmp_path, specs[0], "water_mask")
    layer(tmp_path / "wider", specs[0], "water_mask").replace(path)
    (tmp_path / "wider" / specs[0].name / f"{specs[0].name}.txt").unlink()
    (tmp_path / "wider" / specs[0].name).rmdir()
    finding = the_one(tmp_path, "layer-grid-differs")
    assert "40 x 51" in finding.message and spec.shape == (40, 50)


def test_small_overlap(tmp_path):
    specs = write_stack(tmp_path, change={2: {"origin": (480000.0 + 30 * 80, 2150000.0)}})
    findings = found(find_stack(tmp_path))
    assert set(findings) == {"small-overlap", "extents-differ"}
    assert findings["small-overlap"].products == (specs[2].name,)
    assert "40%" in findings["small-overlap"].message


def test_no_overlap(tmp_path):
    specs = write_stack(tmp_path, change={2: {"origin": (680000.0, 2150000.0)}})
    findings = found(find_stack(tmp_path))
    assert set(findings) == {"no-overlap", "small-overlap", "extents-differ"}
    assert findings["no-overlap"].products == (specs[2].name,)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("mixed-tracks", {"text": {"Reference Orbit Number": "30617"}}),
        ("mixed-directions", {"text": {"Reference Pass Direction": "DESCENDING"}}),
        ("mixed-polarisations", {"polarisation": "HH"}),
        ("mixed-looks", {"text": {"Range looks": "10"}}),
    ],
)
def test_products_that_do_not_belong_together(tmp_path, code, change):
    specs = write_stack(tmp_path, change={2: change})
    finding = the_one(tmp_path, code)
    assert finding.products == (specs[2].name,) and finding.mended_by_prepare


def test_mixed_families(tmp_path):
    # The burst lies on track 64; an orbit of that track for the scenes leaves the family alone different.
    orbit = {"text": {"Reference Orbit Number": "32861"}}
    change = dict.fromkeys(range(6), orbit) | {2: {"family": "burst", **orbit}}
    specs = write_stack(tmp_path, change=change)
    assert the_one(tmp_path, "mixed-families").products == (specs[2].name,)


@pytest.mark.parametrize(
    ("family", "change"),
    [("gamma", {"text": {"UTC time": "2459.6"}}), ("burst", {"burst": "136233_IW2"})],
)
def test_mixed_frames(tmp_path, family, change):
    layers = LAYERS if family == "gamma" else BURST_LAYERS
    specs = write_stack(tmp_path, family=family, layers=layers, change={2: change})
    assert the_one(tmp_path, "mixed-frames", "warning").products == (specs[2].name,)


def test_frames_are_compared_across_midnight(tmp_path):
    change = {number: {"text": {"UTC time": str((86398 + number) % 86400)}} for number in range(6)}
    write_stack(tmp_path, change=change)
    assert found(find_stack(tmp_path)) == {}


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"ident": "0001", "layers": ("unw_phase", "corr")}, "more layers"),
        ({"ident": "FFFF"}, "name comes first"),
        ({"ident": "0001", "origin": (480020.0, 2150000.0)}, "common grid"),
        ({"ident": "0001", "shape": (35, 50)}, "covers more"),
    ],
)
def test_duplicate_pair(tmp_path, other, reason):
    specs = write_stack(tmp_path)
    double = Spec(*ALL_PAIRS[0], **other)
    write(tmp_path, double)
    finding = found(find_stack(tmp_path))["duplicate-pair"]
    assert finding.products == (double.name,) and finding.severity == "error"
    assert specs[0].name in finding.message and reason in finding.message
    prepared = find_stack(tmp_path).prepare(tmp_path / "prepared")
    assert double.name not in [product.name for product in prepared.products]


def test_network_in_parts(tmp_path):
    dates = (*DATES, "20200218", "20200301")
    pairs = [(a, b) for part in (dates[:3], dates[3:]) for i, a in enumerate(part) for b in part[i + 1 :]]
    write_stack(tmp_path, pairs)
    finding = the_one(tmp_path, "network-in-parts")
    assert "20200206..20200301" in finding.message and len(finding.products) == 3


def test_date_on_one_pair(tmp_path):
    specs = write_stack(tmp_path, (*ALL_PAIRS, (DATES[-1], "20200218")))
    finding = the_one(tmp_path, "date-on-one-pair", "warning")
    assert "20200218" in finding.message and finding.products == (specs[-1].name,)


def test_gap_longer_than_a_year(tmp_path):
    dates = ("20200101", "20200113", "20210120", "20210201")
    write_stack(tmp_path, [(a, b) for i, a in enumerate(dates) for b in dates[i + 1 :]])
    assert "373 days" in the_one(tmp_path, "long-gap", "warning").message


def test_too_few_pairs(tmp_path):
    write_stack(tmp_path, ALL_PAIRS[:1])
    the_one(tmp_path, "too-few-pairs", "warning")


@pytest.mark.parametrize(
    ("code", "severity", "lacking"),
    [
        ("no-dem", "error", {"dem"}),
        ("no-look-vectors", "error", {"lv_phi"}),
        ("no-look-vectors", "error", {"lv_theta"}),
        ("no-water-mask", "warning", {"water_mask"}),
    ],
)
def test_geometry_that_is_missing(tmp_path, code, severity, lacking):
    write_stack(tmp_path, layers=tuple(name for name in LAYERS if name not in lacking))
    the_one(tmp_path, code, severity)


def test_unwrapping_errors_cannot_be_corrected_without_connected_components(tmp_path):
    write_stack(tmp_path / "gamma")
    notes = {finding.code: finding.severity for finding in find_stack(tmp_path / "gamma").check()}
    assert notes == {"no-conncomp": "info"}
    write_stack(tmp_path / "burst", family="burst")
    the_one(tmp_path / "burst", "no-conncomp", "warning")


def test_connected_components_of_some_products_only(tmp_path):
    specs = write_stack(tmp_path, family="burst", layers=BURST_LAYERS, change={2: {"layers": LAYERS}})
    assert the_one(tmp_path, "layer-not-everywhere", "warning").products == (specs[2].name,)


def test_leftovers_of_other_software(tmp_path):
    specs = write_stack(tmp_path)
    path = layer(tmp_path, specs[0], "corr")
    path.with_name(f"{path.name}.aux.xml").write_text("<PAMDataset/>")
    assert the_one(tmp_path, "foreign-files", "warning").products == (specs[0].name,)


def test_what_mintpy_leaves_is_only_a_note(tmp_path):
    specs = write_stack(tmp_path)
    path = layer(tmp_path, specs[0], "corr")
    path.with_name(f"{path.name}.rsc").write_text("WIDTH 50")
    notes = [finding for finding in find_stack(tmp_path).check() if finding.code == "foreign-files"]
    assert [note.severity for note in notes] == ["info"]


@pytest.mark.parametrize("suffix", ["S1AA_20200101_20200113_INT80_copy", "old_unw_phase.tif"])
def test_unrecognised_name(tmp_path, suffix):
    write_stack(tmp_path)
    if suffix.endswith(".tif"):
        (tmp_path / suffix).write_bytes(b"")
    else:
        (tmp_path / suffix).mkdir()
    assert suffix in the_one(tmp_path, "unrecognised-name", "warning").message


def test_incomplete_product(tmp_path):
    write_stack(tmp_path)
    (tmp_path / Spec(ident="0000").name).mkdir()
    the_one(tmp_path, "incomplete-product", "warning")


def test_unreadable_zip(tmp_path):
    write_stack(tmp_path)
    (tmp_path / f"{Spec(ident='0000').name}.zip").write_bytes(b"half a downl")
    assert the_one(tmp_path, "unreadable-zip").products == (Spec(ident="0000").name,)


def test_a_zip_that_could_do_harm(tmp_path):
    write_stack(tmp_path)
    with zipfile.ZipFile(tmp_path / f"{Spec(ident='0000').name}.zip", "w") as archive:
        archive.writestr("../../outside.tif", "x")
    assert "leads out" in the_one(tmp_path, "unreadable-zip").message
    assert not (tmp_path.parent / "outside.tif").exists()


@pytest.mark.parametrize(
    ("what", "code"), [("disk_free", "not-enough-disk"), ("memory_bytes", "not-enough-memory")]
)
def test_a_run_that_does_not_fit(tmp_path, monkeypatch, what, code):
    from insar_widgets.hyp3 import estimate

    write_stack(tmp_path)
    monkeypatch.setattr(estimate, what, lambda *_: 1000)
    assert "0.0 GB" in the_one(tmp_path, code, "warning").message


def test_progress_rises_to_one_and_cancel_ends_the_check(tmp_path):
    write_stack(tmp_path)
    stack = find_stack(tmp_path)
    told = []
    stack.check(deep=True, on_progress=lambda fraction, name: told.append((fraction, name)))
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)
    assert told[-1][0] == 1 and {name for _, name in told} == {product.name for product in stack.products}
    cancel = threading.Event()
    with pytest.raises(CancelledError):
        stack.check(deep=True, on_progress=lambda *_: cancel.set(), cancel=cancel)
