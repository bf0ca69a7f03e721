"""DisplacementMap without a browser: defaults, traits, what is refused and in which words."""

from __future__ import annotations

import itertools
import shutil
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import traitlets

from insar_widgets import DisplacementMap, Results, Run, Template, open_results
from insar_widgets.widgets import _map_layers as layers
from insar_widgets.widgets._messages import Request

WAIT = 60


@pytest.fixture(scope="module")
def results(finished_run: Run) -> Results:
    return open_results(finished_run.work_dir)


@pytest.fixture
def shown(results: Results) -> DisplacementMap:
    made = DisplacementMap(results)
    assert made.wait(WAIT)
    return made


def stored(results: Results, file: str, dataset: str) -> np.ndarray:
    with h5py.File(results.work_dir / file) as handle:
        return handle[dataset][:]


def reliable(results: Results) -> np.ndarray:
    """Temporal coherence, 0 where the geometry is missing and correct_topography left the pixel out."""
    geometry = stored(results, "inputs/geometryGeo.h5", "incidenceAngle")
    return np.where(np.isnan(geometry), 0, stored(results, "temporalCoherence.h5", "temporalCoherence"))


def test_at_first_the_most_corrected_series_at_a_date_that_is_not_zero_about_zero(shown, results):
    assert shown.layer == results.timeseries.name
    assert shown.reference_date == results.reference_date == results.dates[-1]
    assert shown.date == results.dates[0]  # the last one is zero everywhere
    assert (shown.colormap, shown.reverse) == ("vik", True)
    assert shown.vmin == -shown.vmax < 0
    assert shown.mask_layer == "temporalCoherence"
    assert shown.reference_point["lon"] == pytest.approx(results.reference_point["lon"])


def test_what_is_chosen_while_a_layer_opens_is_shown_with_it(shown, results):
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)  # threads take turns so often that a moment between two lines is met
    try:
        for turn in range(12):
            shown.layer = "velocity"
            assert shown.wait(WAIT)
            shown.layer = results.timeseries.name
            chosen = itertools.cycle(results.dates)
            opacity = itertools.cycle([0.5, 0.75, 1.0])
            while not shown.wait(0):
                shown.date, shown.opacity = next(chosen), next(opacity)
            raster = shown._display.main.raster
            assert (turn, raster.dates[raster.index], raster.opacity) == (turn, shown.date, shown.opacity)
    finally:
        sys.setswitchinterval(usual)


def test_the_value_at_a_place_is_the_one_in_the_file(shown, results):
    values = stored(results, Path(results.timeseries.attrs["source"]).name, "timeseries")
    coherence = reliable(results)
    row, column = np.unravel_index(np.argmax(coherence), coherence.shape)
    lon, lat = results.grid.lonlat(row + 0.5, column + 0.5)
    shown.date = results.dates[2]
    assert shown.value(float(lon), float(lat)) == pytest.approx(values[2, row, column], abs=1e-7)


def test_another_reference_point_and_date_shift_by_what_the_file_has_there(shown, results):
    values = stored(results, Path(results.timeseries.attrs["source"]).name, "timeseries")
    coherence = reliable(results)
    order = np.argsort(coherence, axis=None)
    here, there = (np.unravel_index(order[-n], coherence.shape) for n in (1, 40))
    grid = results.grid
    (lon, lat), (ref_lon, ref_lat) = (grid.lonlat(r + 0.5, c + 0.5) for r, c in (here, there))
    shown.reference_point = {"lon": float(ref_lon), "lat": float(ref_lat), "radius": 0}
    shown.date, shown.reference_date = results.dates[-1], results.dates[0]
    assert shown.wait(WAIT)
    series = values[:, here[0], here[1]] - values[:, there[0], there[1]]
    assert shown.value(float(lon), float(lat)) == pytest.approx(series[-1] - series[0], abs=1e-6)


def test_every_layer_of_the_menu_can_be_shown(shown, results):
    names = shown.layer_names
    for expected in (
        "velocity",
        "velocityStd",
        "temporalCoherence",
        "avgSpatialCoh",
        "height",
        "residualRMS",
    ):
        assert expected in names
    pairs = [name for name in names if name.startswith("unwrapPhase-")]
    assert len(pairs) == len(stored(results, "inputs/ifgramStack.h5", "date"))
    kinds = {name.split("-")[0]: name for name in names}
    row, column = results.reference_point["y"], results.reference_point["x"]
    lon, lat = (float(v) for v in results.grid.lonlat(row + 5.5, column + 5.5))
    shown.mask_layer = ""
    for kind, name in kinds.items():
        shown.layer = name
        assert shown.layer == name
        assert shown.wait(WAIT)
        assert shown._panel._error is None
        assert shown._panel._about["name"] == name
        found = shown.value(lon, lat)
        if kind == "residualRMS":
            wanted = np.sqrt(
                (stored(results, "timeseriesResidual.h5", "timeseries")[:, row + 5, column + 5] ** 2).mean()
            )
        elif kind == "unwrapPhase":
            phase = stored(results, "inputs/ifgramStack.h5", "unwrapPhase")[pairs.index(name)]
            wanted = phase[row + 5, column + 5] - phase[row, column]
        else:
            array = layers.find_array(results, name)
            wanted = (array[shown.raster.index] if array.ndim == 3 else array).to_numpy()[row + 5, column + 5]
        assert found == pytest.approx(float(wanted), abs=1e-5, nan_ok=True), name


def test_what_is_set_just_after_the_layer_belongs_to_the_new_layer(shown):
    shown.layer = "velocity"
    shown.vmin, shown.vmax, shown.colormap = -0.01, 0.02, "batlow"
    shown.unit = "m"
    assert shown.wait(WAIT)
    raster = shown.raster
    assert (raster.vmin, raster.vmax, raster.colormap) == (-0.01, 0.02, "batlow")
    assert (raster.display_units, raster.display_factor) == ("m/year", 1.0)
    shown.layer, shown.unit = "timeseries", "cm"
    assert shown.wait(WAIT)
    assert (raster.display_units, raster.display_factor) == ("cm", 100.0)
    assert shown.colormap == "vik"


def test_a_reference_without_a_value_says_what_is_used_instead(shown, results):
    inverted = stored(results, "numInvIfgram.h5", "mask")
    empty = np.argwhere(inverted == 0)
    if not len(empty):
        pytest.skip("every pixel of this stack was inverted")
    row, column = empty[0]
    lon, lat = (float(v) for v in results.grid.lonlat(row + 0.5, column + 0.5))
    shown.reference_point = {"lon": lon, "lat": lat}
    assert shown.wait(WAIT)
    told = shown._panel._reference
    assert told["used"] == "file"
    assert "There is no value at the reference point" in told["note"]
    assert "run's own reference point" in told["note"]
    assert shown.raster.offsets == []


def test_numbers_of_an_area_are_those_of_its_pixels(shown, results):
    values = stored(results, Path(results.timeseries.attrs["source"]).name, "timeseries").astype(float)
    coherence = stored(results, "temporalCoherence.h5", "temporalCoherence")
    rows, columns = slice(10, 30), slice(20, 50)
    (west, east), (north, south) = (results.grid.lonlat([10, 30], [20, 50])[n] for n in (0, 1))
    ring = [
        [float(w), float(n)]
        for w, n in zip(*results.grid.lonlat([10, 10, 30, 30], [20, 50, 50, 20]), strict=True)
    ]
    assert west < east and south < north
    shown.date, shown.reference_date, shown.mask_threshold = results.dates[3], results.dates[0], 0.6
    shown.aoi = ring
    assert shown.wait(WAIT)
    ask = shown._requests._handlers
    told = ask["area"](Request({"ring": ring}))
    part = (values[3] - values[0])[rows, columns][coherence[rows, columns] >= 0.6]
    assert told["kept"] == part.size
    assert told["median"] == pytest.approx(np.median(part), abs=1e-6)
    assert (told["minimum"], told["maximum"]) == pytest.approx((part.min(), part.max()), abs=1e-6)
    quantiles = ask["mask"](Request(None))["quantiles"]
    within = coherence[rows, columns][coherence[rows, columns] > 0]
    assert quantiles[100] == pytest.approx(np.median(within), abs=1e-6)


def test_two_linked_maps_show_the_same(results):
    one, other = DisplacementMap(results), DisplacementMap(results, layer="velocity")
    for name in ("layer", "date", "reference_point", "points", "vmin", "vmax"):
        traitlets.link((one, name), (other, name))
    assert other.layer == one.layer
    one.date = results.dates[1]
    one.layer = "temporalCoherence"
    assert one.wait(WAIT) and other.wait(WAIT)
    assert other.raster.name == one.raster.name == "Temporal coherence"
    one.layer = "timeseries"
    other.date = results.dates[2]
    assert one.wait(WAIT) and other.wait(WAIT)
    assert (one.date, one.raster.index, other.raster.index) == (results.dates[2], 2, 2)
    assert one.raster.data.name == other.raster.data.name == "timeseries"
    one.close()
    other.close()


def test_connected_components_mask_the_interferogram_shown(shown, results):
    if not any(name.startswith("connectComponent-") for name in shown.layer_names):
        pytest.skip("this stack has no connected components")
    pair = next(name for name in shown.layer_names if name.startswith("unwrapPhase-"))
    shown.layer, shown.mask_layer = pair, "connectComponent"
    assert shown.wait(WAIT)
    assert shown.raster.mask.name == pair.replace("unwrapPhase", "connectComponent")
    assert shown.raster.mask_mode == "nonzero"
    shown.layer = "timeseries"
    assert shown.wait(WAIT)
    assert shown.raster.mask is None


def test_a_quantity_keeps_its_range_while_others_are_looked_at(shown):
    shown.vmin, shown.vmax = -0.123, 0.456
    shown.layer = "temporalCoherence"
    assert shown.wait(WAIT)
    assert (shown.vmin, shown.vmax, shown.colormap) == (0, 1, "gray")
    shown.layer = "timeseries"
    assert shown.wait(WAIT)
    assert (shown.vmin, shown.vmax, shown.colormap) == (-0.123, 0.456, "vik")


def test_traits_can_be_linked(shown):
    class Other(traitlets.HasTraits):
        points = traitlets.List()
        date = traitlets.Unicode()

    other = Other()
    traitlets.link((shown, "points"), (other, "points"))
    traitlets.link((shown, "date"), (other, "date"))
    shown.points = [{"lon": -118.9, "lat": 36.0}]
    assert other.points == [{"id": "p1", "lon": -118.9, "lat": 36.0, "label": "Point 1", "color": "#1c80c3"}]
    other.date = shown.dates[0]
    assert shown.raster.index == 0


@pytest.mark.parametrize(
    ("trait", "value", "words"),
    [
        ("layer", "nothing", "has no layer 'nothing'"),
        ("date", "19990101", "choose one of the 6 dates"),
        ("reference_date", "2019", "choose one of the 6 dates"),
        ("reference_point", {"lon": 0, "lat": 0}, "outside the frame"),
        ("reference_point", {"lon": -118.9, "lat": 36, "radius": -1}, "0 to 50000 metres"),
        ("transect", [[0, 0]], "at least two vertices"),
        ("points", [{"lon": 1}], 'at least "lon" and "lat"'),
        ("points", [{"lon": 400, "lat": 0}], "give lon first"),
        ("compare", {"layer": "nothing"}, "has no layer"),
    ],
)
def test_what_is_not_possible_is_refused_in_a_sentence(shown, trait, value, words):
    with pytest.raises(traitlets.TraitError, match=words):
        setattr(shown, trait, value)


def test_a_folder_that_cannot_be_opened_says_why_and_opens_later(tmp_path, finished_run):
    folder = tmp_path / "run"
    made = DisplacementMap(folder)
    assert made.results is None
    assert "is not a folder" in made._panel._error["message"]
    shutil.copytree(finished_run.work_dir, folder)
    made.reload()
    assert made._panel._error is None
    assert made.layer in made.results.layers


def test_an_unfinished_run_shows_what_there_is_and_why_the_rest_is_missing(tmp_path, finished_run):
    folder = tmp_path / "run"
    shutil.copytree(finished_run.work_dir / "inputs", folder / "inputs")
    made = DisplacementMap(folder)
    assert made.layer == "height"
    reasons = {line["name"]: line["reason"] for line in made._panel._menu if line["reason"]}
    assert "the step velocity writes it" in reasons["velocity"]


def test_the_reference_point_is_written_with_comments_kept(tmp_path, finished_run):
    folder = tmp_path / "run"
    shutil.copytree(finished_run.work_dir, folder)
    template = next(folder.glob("*.txt"))
    template.write_text("# mine\n" + template.read_text())
    made = DisplacementMap(folder, template_path=template)
    place = made.reference_point
    told = made._requests._handlers["template"](Request({"write": False}))
    assert "mintpy.reference.lalo" not in template.read_text() or told["before"] != told["after"]
    made._requests._handlers["template"](Request({"write": True}))
    written = Template.read(template)
    lat, lon = (float(part) for part in written["mintpy.reference.lalo"].split(","))
    assert (lon, lat) == pytest.approx((place["lon"], place["lat"]), abs=1e-6)
    assert template.read_text().startswith("# mine\n")


def test_an_unknown_keyword_is_an_error():
    with pytest.raises(traitlets.TraitError, match="no trait 'colour'"):
        DisplacementMap(colour="red")
