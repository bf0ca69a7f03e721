"""TimeSeriesInspector without a browser: what it samples, fits, says and hands on."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
import traitlets
import xarray as xr

from insar_widgets import InsarWidgetsError, Run, TimeSeriesInspector, open_results
from support.front_end import ask

DATES = pd.date_range("2019-01-05", periods=80, freq="12D")
YEARS = np.asarray((DATES - DATES[0]).days, float) / 365.25
STEP = "20200709"
MODEL = {"poly": 1, "periodic": [1, 0.5], "steps": [STEP]}


def cube(noise: float = 0.003, shape: tuple[int, int] = (12, 15), seed: int = 2) -> xr.DataArray:
    """A metre-valued cube on UTM, 80 m pixels, whose velocity grows eastwards from -60 to +10 mm/yr."""
    rng = np.random.default_rng(seed)
    after = (pd.Timestamp(STEP) < DATES).astype(float)
    velocity = np.linspace(-0.06, 0.01, shape[1])
    values = (
        velocity[None, None, :] * YEARS[:, None, None]
        + (0.006 * np.sin(2 * np.pi * YEARS + 0.4) - 0.015 * after)[:, None, None]
        + rng.normal(0, noise, (YEARS.size, *shape))
    )
    coords = {
        "date": DATES,
        "y": 3_870_000 - 80.0 * np.arange(shape[0]),
        "x": 250_000 + 80.0 * np.arange(shape[1]),
    }
    array = xr.DataArray(values, coords, ("date", "y", "x"), "displacement", {"units": "m"})
    return array.rio.write_crs(32611)


def place(array: xr.DataArray, row: int, column: int, **more: Any) -> dict[str, Any]:
    from pyproj import Transformer

    lon, lat = Transformer.from_crs(32611, 4326, always_xy=True).transform(
        float(array.x[column]), float(array.y[row])
    )
    return {"lon": lon, "lat": lat, **more}


def settled(widget: TimeSeriesInspector) -> TimeSeriesInspector:
    assert widget.wait(60)
    assert widget._error is None
    return widget


def test_the_series_is_that_of_the_pixel_and_the_truth_is_found() -> None:
    array = cube()
    widget = settled(
        TimeSeriesInspector(array, points=[place(array, 3, 4), place(array, 3, 14)], model=MODEL)
    )
    np.testing.assert_array_equal(widget.data["displacement"].values[0], array.values[:, 3, 4])
    table = widget.table
    for row, truth in zip(table.itertuples(), np.linspace(-0.06, 0.01, 15)[[4, 14]], strict=True):
        assert abs(row.velocity - truth) < 3 * row.velocityStd
        assert abs(row.step20200709 + 0.015) < 3 * row.step20200709Std
        assert abs(row.annualAmplitude - 0.006) < 3 * row.annualAmplitudeStd
        assert abs(row.annualPhase - 0.4) < 3 * row.annualPhaseStd


def test_a_radius_takes_the_median_of_the_pixels_within_it_and_says_so() -> None:
    array = cube()
    widget = settled(TimeSeriesInspector(array, points=[place(array, 5, 5)], radius=85))
    rows, columns = [5, 4, 6, 5, 5], [5, 5, 5, 4, 6]  # the pixel and its four neighbours, 80 m away
    truth = np.median(array.values[:, rows, columns], axis=1)
    np.testing.assert_allclose(widget.data["displacement"].values[0], truth, rtol=0, atol=1e-12)
    assert int(widget.data["pixels"][0]) == 5
    answer = ask(widget, "data")
    assert "Median of 5 pixels within 85 m" in answer["payload"]["lines"][0]["sampling"]
    assert (widget.data["p16"] <= widget.data["displacement"]).all()
    assert (widget.data["p84"] >= widget.data["displacement"]).all()


def test_reference_point_date_and_difference_are_subtracted() -> None:
    array = cube()
    points = [place(array, 2, 2, id="a"), place(array, 8, 8, id="b")]
    widget = TimeSeriesInspector(array, points=points)
    widget.reference_point = place(array, 10, 12, radius=0)
    widget.reference_date = "2019-06-10"
    at = int(np.flatnonzero(DATES == "2019-06-10")[0])
    expected = array.values[:, 2, 2] - array.values[:, 10, 12]
    np.testing.assert_allclose(
        settled(widget).data["displacement"].values[0], expected - expected[at], atol=1e-12
    )
    widget.minus = "b"
    double = array.values[:, 2, 2] - array.values[:, 8, 8]
    np.testing.assert_allclose(
        settled(widget).data["displacement"].values[0], double - double[at], atol=1e-12
    )
    widget.points = points[:1]  # what was subtracted is gone
    np.testing.assert_allclose(
        settled(widget).data["displacement"].values[0], expected - expected[at], atol=1e-12
    )


def test_an_excluded_date_changes_the_fit_as_if_it_were_not_there() -> None:
    array = cube()
    array[10] += 0.5
    widget = settled(TimeSeriesInspector(array, points=[place(array, 1, 1)], model=MODEL))
    spoiled = float(widget.table["velocity"][0])
    widget.exclude = [DATES[10].strftime("%Y%m%d")]
    settled(widget)
    without = settled(TimeSeriesInspector(array.drop_isel(date=10), points=[place(array, 1, 1)], model=MODEL))
    assert float(widget.table["velocity"][0]) == pytest.approx(float(without.table["velocity"][0]), rel=1e-12)
    assert float(widget.table["velocity"][0]) != pytest.approx(spoiled, rel=1e-3)
    with pytest.raises(traitlets.TraitError, match="no date 20190106 to exclude"):
        widget.exclude = ["20190106"]


@pytest.mark.mintpy
@pytest.mark.parametrize(
    "model",
    [
        {"poly": 2},
        {"poly": 3},
        MODEL,
        {"poly": 1, "exp": {STEP: [60]}, "log": {"20190401": [30, 200]}, "steps": [STEP]},
    ],
    ids=["quadratic", "cubic", "periodic and step", "exp, log and step"],
)
def test_the_table_equals_mintpys_own_estimate(model: dict[str, Any]) -> None:
    time_func = pytest.importorskip("mintpy.utils.time_func", reason="MintPy is not installed")
    from mintpy.timeseries2velocity import model2hdf5_dataset

    array = cube()
    widget = settled(TimeSeriesInspector(array, points=[place(array, 7, 9)], model=model))
    theirs_model = {
        "polynomial": model["poly"], "periodic": list(model.get("periodic", [])), "stepDate": model.get("steps", []),
        "polyline": [], "exp": model.get("exp", {}), "log": model.get("log", {}),
    }  # fmt: skip
    names = [d.strftime("%Y%m%d") for d in DATES]
    g, m, e2 = time_func.estimate_time_func(theirs_model, names, array.values[:, 7, 9].reshape(-1, 1))
    g = g.astype(float)
    variance = np.diag(np.linalg.inv(g.T @ g))[:, None] * e2.reshape(1, -1) / (g.shape[0] - g.shape[1])
    theirs, _, _ = model2hdf5_dataset(theirs_model, m, np.sqrt(variance))
    row = widget.table.iloc[0]
    compared = set(theirs) & set(row.index)
    assert len(compared) >= 2 * (model["poly"] > 0)
    for key in compared:
        tolerance = 1e-5 if "Phase" in key else 1e-7  # MintPy keeps phases in 32 bits
        np.testing.assert_allclose(
            row[key], np.ravel(theirs[key])[0], rtol=tolerance, atol=1e-10, err_msg=key
        )


@pytest.mark.mintpy
def test_velocity_and_its_deviation_are_those_of_mintpys_file(finished_run: Run) -> None:
    results = open_results(finished_run.work_dir)
    widget = TimeSeriesInspector(results, unit="cm")
    with h5py.File(finished_run.work_dir / "velocity.h5") as file:
        velocity, deviation = file["velocity"][:], file["velocityStd"][:]
    rows, columns = np.nonzero(deviation > 0)
    rng = np.random.default_rng(0)
    chosen = rng.choice(rows.size, 12, replace=False)
    layer = results["velocity"]
    from pyproj import Transformer

    way = Transformer.from_crs(results.crs, 4326, always_xy=True)
    xs, ys = layer.x.values[columns[chosen]], layer.y.values[rows[chosen]]
    widget.points = [
        dict(zip(("lon", "lat"), way.transform(x, y), strict=True)) for x, y in zip(xs, ys, strict=True)
    ]
    table = settled(widget).table
    np.testing.assert_allclose(
        table["velocity"], velocity[rows[chosen], columns[chosen]], rtol=1e-5, atol=1e-7
    )
    np.testing.assert_allclose(
        table["velocityStd"], deviation[rows[chosen], columns[chosen]], rtol=1e-4, atol=1e-7
    )
    # The residual RMS of the dates is MintPy's file, and several series of a point stand side by side
    assert widget.series_names[0] == "timeseries"
    assert widget.bars == "rms"
    widget.series = list(widget.series_names)
    assert len(settled(widget).table) == 12 * len(widget.series_names)
    raw = results["timeseries"].values[:, rows[chosen[0]], columns[chosen[0]]]
    np.testing.assert_allclose(widget.data["displacement"].values[0], raw, atol=1e-9)


@pytest.mark.parametrize("kind", ["array", "results"])
def test_the_code_makes_the_same_numbers(kind: str, request: pytest.FixtureRequest) -> None:
    space: dict[str, Any] = {}
    if kind == "array":
        space["data"] = cube().rename(date="time") * 1000
        space["data"].attrs["units"] = "mm"
        points = [place(cube(), 1, 2, label='it\'s "one"'), place(cube(), 9, 9)]
        widget = TimeSeriesInspector(space["data"], points=points, model={**MODEL, "exp": {STEP: [40]}})
        widget.reference_point = place(cube(), 5, 5, radius=200)
    else:
        results = open_results(request.getfixturevalue("finished_run").work_dir)
        lon, lat = results.reference_point["lon"], results.reference_point["lat"]
        widget = TimeSeriesInspector(
            results, points=[{"lon": lon + 0.004, "lat": lat}, {"lon": lon - 0.003, "lat": lat}]
        )
        widget.series = list(results.timeseries_names)
        widget.reference_date = results.dates[2]
    widget.radius = 150
    widget.exclude = [widget._dates[3]]
    widget.minus = widget.points[1]["id"]
    exec(compile(settled(widget).code, "code", "exec"), space)
    lines = widget.data
    table = widget.table
    assert lines.sizes["line"] == len(widget.points) * len(widget.series)
    labels = {point["label"]: point["id"] for point in widget.points}
    for i in range(lines.sizes["line"]):
        if lines["problem"].values[i]:
            continue
        key = labels[str(lines["point"].values[i])], str(lines["series"].values[i])
        np.testing.assert_allclose(
            space["displacement"][key].values, lines["displacement"].values[i], atol=1e-12
        )
        for name in ("velocity", "velocityStd"):
            assert float(space["fits"][key][name]) == pytest.approx(table[name][i], rel=1e-9, abs=1e-12)


def test_points_are_typed_in_many_ways() -> None:
    widget = TimeSeriesInspector(cube())
    widget.add("-119.7, 34.9, Bowl centre\n34.91N 119.71W  # the other order\n−119.72 34.92")
    assert [(p["lon"], p["lat"]) for p in widget.points] == [
        (-119.7, 34.9),
        (-119.71, 34.91),
        (-119.72, 34.92),
    ]
    assert widget.points[0]["label"] == "Bowl centre"
    assert len({p["color"] for p in widget.points}) == 3
    for text, words in [("", "no point"), ("here", "no two numbers"), ("34.9, -119.7", "longitude first")]:
        assert words in ask(widget, "add", {"text": text})["error"]["message"]
    assert len(widget.points) == 3


def test_points_come_from_csv_files(tmp_path: Path) -> None:
    widget = TimeSeriesInspector(cube(), root=tmp_path)
    file = tmp_path / "points.csv"
    file.write_text("Name;Latitude;Longitude;color\nWell 1;34.9;-119.7;#ff0000\n\nWell 2;34.91;-119.71;\n")
    assert ask(widget, "csv", {"path": "points.csv"})["payload"] == {"added": 2}
    assert (widget.points[0]["label"], widget.points[0]["color"]) == ("Well 1", "#ff0000")
    assert ask(widget, "csv", {"name": "up.csv", "text": "lon,lat\n-119.7,34.9\n"})["ok"]
    assert ask(widget, "csv", {"name": "up.csv", "text": "a,b\n1,2\n"})["error"]["message"].endswith(
        "needs lon and lat."
    )
    assert (
        "Row 2 of up.csv"
        in ask(widget, "csv", {"name": "up.csv", "text": "lon,lat\n1,x\n"})["error"]["message"]
    )
    assert "outside" in ask(widget, "csv", {"path": "../points.csv"})["error"]["message"]
    assert len(widget.points) == 3


def test_steps_come_from_an_ngl_file(tmp_path: Path) -> None:
    file = tmp_path / "steps.txt"
    file.write_text(
        "AHUP  18MAY04  2  300.0  9.0  6.9 us1\nAHUP  20JUL09  2  100.0  14.2  5.6 us2\n"
        "AHUP  20OCT01  1  Antenna_Changed\nCRIM  20AUG01  1  Receiver\n"
    )
    widget = TimeSeriesInspector(cube(), points=[place(cube(), 1, 1)], root=tmp_path)
    assert ask(widget, "steps", {"path": "steps.txt", "station": "ahup"})["payload"] == {"added": 2}
    assert widget.model["steps"] == ["20200709", "20201001"]
    assert widget.events[0] == {"date": "20200709", "label": "AHUP M 5.6, 14 km, 2020-07-09"}
    assert {"step20200709", "step20201001Std"} <= set(settled(widget).table.columns)
    message = ask(widget, "steps", {"path": "steps.txt", "station": "NONE"})["error"]["message"]
    assert "none between 2019-01-05" in message


def problems(widget: TimeSeriesInspector) -> list[str]:
    return [str(p) for p in settled(widget).data["problem"].values]


def test_bad_points_say_what_is_the_matter_and_leave_the_others_alone() -> None:
    array = cube()
    array[:, 0, 0] = np.nan
    array[:, 1, 1] = 0.25
    array[2:, 2, 2] = np.nan
    array[1:, 3, 3] = np.nan
    places = [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (4, 4)]
    widget = TimeSeriesInspector(array, points=[place(array, *p) for p in places])
    widget.points = [*widget.points, {"lon": 0, "lat": 0}]
    found = problems(widget)
    assert "No value in this pixel" in found[0]
    assert found[1:6] == [""] * 5
    assert "outside the frame" in found[6]
    notes = [line["note"] for line in ask(widget, "data")["payload"]["lines"]]
    assert "Constant: the same value" in notes[1]
    assert "As many parameters as dates" in notes[2]
    assert "Too few for a fit: 1 date for 2 parameters" in notes[3]
    assert notes[5] == "Same pixel as Point 5."
    table = widget.table
    assert table["velocity"][1] == pytest.approx(0, abs=1e-9)
    assert np.isnan(table["velocity"][3])
    assert np.isfinite(table["velocityStd"][4])


def test_series_of_one_and_two_dates() -> None:
    array = cube()
    one = TimeSeriesInspector(array[:1], points=[place(array, 1, 1)])
    assert "from 1 date" in ask(settled(one), "data")["payload"]["fit_problem"]
    assert float(one.data["displacement"][0, 0]) == float(array[0, 1, 1])
    two = settled(TimeSeriesInspector(array[:2], points=[place(array, 1, 1)]))
    slope = float(array[1, 1, 1] - array[0, 1, 1]) / (12 / 365.25)
    assert two.table["velocity"][0] == pytest.approx(slope, rel=1e-6)
    assert np.isnan(two.table["velocityStd"][0])


def test_a_point_on_water_is_told_so(finished_run: Run) -> None:
    results = open_results(finished_run.work_dir)
    widget = TimeSeriesInspector(results)
    source = widget._source
    empty = np.argwhere(np.isnan(results.timeseries.isel(date=-1).values))
    if not empty.size or source is None:
        pytest.skip("the small stack has no empty pixel")
    land = results["waterMask"].compute()
    land[tuple(empty[0])] = False
    source.water = land
    from pyproj import Transformer

    way = Transformer.from_crs(results.crs, 4326, always_xy=True)
    row, column = empty[0]
    lon, lat = way.transform(float(land.x[column]), float(land.y[row]))
    widget.points = [{"lon": lon, "lat": lat}]
    assert "on water" in problems(widget)[0]


def test_impossible_models_are_said_where_the_fit_is() -> None:
    widget = TimeSeriesInspector(cube(), points=[place(cube(), 1, 1)], model={"steps": ["20100101"]})
    assert "not between the first and the last date" in ask(settled(widget), "data")["payload"]["fit_problem"]
    with pytest.raises(traitlets.TraitError, match="degree 7"):
        widget.model = {"poly": 7}
    with pytest.raises(traitlets.TraitError, match="no 'polynomial'"):
        widget.model = {"polynomial": 1}


def test_the_csv_file_has_all_numbers_and_says_what_they_are(tmp_path: Path) -> None:
    array = cube()
    widget = TimeSeriesInspector(array, points=[place(array, 1, 2, label='a, "b"\n# c')], model=MODEL)
    widget.exclude = [widget._dates[4]]
    path = settled(widget).to_csv(tmp_path / "series.csv")
    text = path.read_text()
    for words in (
        "positive towards",
        "linear, annual, semi-annual, step 2020-07-09",
        "excluded from the fit: 2019",
    ):
        assert words in text
    body = "\n".join(line for line in text.splitlines() if not line.startswith("# "))
    table = pd.read_csv(io.StringIO(body))
    assert len(table) == 80
    np.testing.assert_allclose(table.iloc[:, 1], array.values[:, 1, 2] * 1000, rtol=1e-5, atol=1e-5)
    assert table["in fit"].sum() == 79
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: a[0], "dimensions"),
        (lambda a: a.drop_vars("spatial_ref"), "reference system"),
        (lambda a: a.to_dataset().assign(other=a, displacement=a[0]), ""),
    ],
)
def test_arrays_that_are_no_series_are_refused_in_words(change: Any, words: str) -> None:
    changed = change(cube())
    if not words:
        assert TimeSeriesInspector(changed).series_names == ("other",)
        return
    with pytest.raises(InsarWidgetsError, match=words):
        TimeSeriesInspector(changed)


def test_ordinary_cubes_are_understood() -> None:
    lonlat = xr.DataArray(
        cube().values[::-1] * 100,
        dims=("time", "lat", "lon"),
        coords={
            "time": [int(d.strftime("%Y%m%d")) for d in DATES[::-1]],
            "lat": np.linspace(35, 34.9, 12),
            "lon": np.linspace(-119.9, -119.7, 15),
        },
        attrs={"units": "cm"},
    )
    widget = settled(TimeSeriesInspector(lonlat, points=[{"lon": -119.9, "lat": 35.0}]))
    np.testing.assert_allclose(widget.data["displacement"].values[0], cube().values[:, 0, 0], atol=1e-12)
    notes = ask(widget, "data")["payload"]["notes"]
    assert any("sorted" in note for note in notes)
    assert any("degrees WGS84" in note for note in notes)
    kelvin = cube().assign_attrs(units="K", long_name="Temperature")
    assert ask(TimeSeriesInspector(kelvin), "data")["payload"]["units"] == "K"


class Other(traitlets.HasTraits):
    """Equal things have equal names."""

    points = traitlets.List()
    date = traitlets.Unicode()
    reference_date = traitlets.Unicode()


def test_equal_traits_are_linked_both_ways_and_cut_at_the_end() -> None:
    other = Other()
    widget = TimeSeriesInspector(other)
    other.points = [{"lon": 1.0, "lat": 2.0}]
    assert widget.points[0]["label"] == "Point 1"
    widget.date = "20200101"
    assert other.date == "20200101"
    widget.close()
    other.date = "20200202"
    assert widget.date == "20200101"


def test_a_map_brings_its_results_points_dates_and_reference(finished_run: Run) -> None:
    from insar_widgets import DisplacementMap

    shown = DisplacementMap(open_results(finished_run.work_dir))
    widget = TimeSeriesInspector(shown)
    assert widget.results is shown.results
    lon, lat = shown.results.reference_point["lon"], shown.results.reference_point["lat"]
    shown.points = [{"lon": lon, "lat": lat, "label": "at the reference"}]
    shown.date = shown.dates[1]
    assert widget.date == shown.dates[1]
    widget.date = shown.dates[2]
    assert shown.date == shown.dates[2]
    np.testing.assert_allclose(settled(widget).data["displacement"].values[0], 0, atol=1e-9)
    assert "zero, as at the reference point" in ask(widget, "data")["payload"]["lines"][0]["note"]
    first = shown.zoom
    assert ask(widget, "zoom", {"id": widget.points[0]["id"]})["ok"]
    assert shown.center == [lat, lon] or tuple(shown.center) == (lat, lon)
    assert shown.zoom >= first
    shown.layer = "timeseries"
    assert widget.series == ["timeseries"]
    assert shown.wait(60)
    widget.close()
    shown.close()


def test_nothing_to_show_is_no_error_and_a_wrong_name_is() -> None:
    widget = TimeSeriesInspector()
    assert ask(widget, "data") == {"id": "1", "ok": True, "payload": None}
    with pytest.raises(InsarWidgetsError, match="no time series"):
        _ = widget.table
    with pytest.raises(traitlets.TraitError, match="no trait 'point'"):
        TimeSeriesInspector(cube(), point=[])
    with pytest.raises(InsarWidgetsError, match="int holds no time series"):
        TimeSeriesInspector(3)


def test_only_the_newest_question_is_answered() -> None:
    array = cube()
    widget = TimeSeriesInspector(array, points=[place(array, 1, 1)])
    for degree in (0, 1, 2, 3, 1):
        widget.model = {"poly": degree}
    assert re.fullmatch("velocity", next(c for c in settled(widget).table.columns if c == "velocity"))
    assert "acceleration" not in widget.table.columns
