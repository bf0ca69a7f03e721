"""DisplacementMap without a browser: defaults, traits, what is refused and in which words."""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import traitlets

from insar_widgets import DisplacementMap, Results, Run, Template, open_results

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


def test_at_first_the_most_corrected_series_at_its_last_date_about_zero(shown, results):
    assert shown.layer == results.timeseries.name
    assert shown.date == results.dates[-1]
    assert shown.reference_date == results.reference_date
    assert (shown.colormap, shown.reverse) == ("vik", True)
    assert shown.vmin == -shown.vmax < 0
    assert shown.mask_layer == "temporalCoherence"
    assert shown.reference_point["lon"] == pytest.approx(results.reference_point["lon"])


def test_the_value_at_a_place_is_the_one_in_the_file(shown, results):
    values = stored(results, Path(results.timeseries.attrs["source"]).name, "timeseries")
    coherence = stored(results, "temporalCoherence.h5", "temporalCoherence")
    row, column = np.unravel_index(np.argmax(coherence), coherence.shape)
    lon, lat = results._scan.grid.lonlat(row + 0.5, column + 0.5)
    shown.date = results.dates[2]
    assert shown.value(float(lon), float(lat)) == pytest.approx(values[2, row, column], abs=1e-7)


def test_another_reference_point_and_date_shift_by_what_the_file_has_there(shown, results):
    values = stored(results, Path(results.timeseries.attrs["source"]).name, "timeseries")
    coherence = stored(results, "temporalCoherence.h5", "temporalCoherence")
    order = np.argsort(coherence, axis=None)
    here, there = (np.unravel_index(order[-n], coherence.shape) for n in (1, 40))
    grid = results._scan.grid
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
    for name in kinds.values():
        shown.layer = name
        assert shown.layer == name


def test_a_quantity_keeps_its_range_while_others_are_looked_at(shown):
    shown.vmin, shown.vmax = -0.123, 0.456
    shown.layer = "temporalCoherence"
    assert (shown.vmin, shown.vmax, shown.colormap) == (0, 1, "gray")
    shown.layer = "timeseries"
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
    told = made._requests._handlers["template"](type("Asked", (), {"payload": {"write": False}})())
    assert "mintpy.reference.lalo" not in template.read_text() or told["before"] != told["after"]
    made._requests._handlers["template"](type("Asked", (), {"payload": {"write": True}})())
    written = Template.read(template)
    lat, lon = (float(part) for part in written["mintpy.reference.lalo"].split(","))
    assert (lon, lat) == pytest.approx((place["lon"], place["lat"]), abs=1e-6)
    assert template.read_text().startswith("# mine\n")


def test_an_unknown_keyword_is_an_error():
    with pytest.raises(traitlets.TraitError, match="no trait 'colour'"):
        DisplacementMap(colour="red")
