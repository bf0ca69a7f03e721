from __future__ import annotations

import json
import threading
import time
from itertools import pairwise

import ipyleaflet
import numpy as np
import pytest
import rioxarray  # noqa: F401 - registers the `rio` accessor
import traitlets
import xarray as xr
from pyproj import Geod, Transformer

from insar_widgets import DisplacementMap, TransectInspector, open_results
from insar_widgets.errors import InsarWidgetsError, ResultsError
from insar_widgets.widgets import _transect_compute as compute
from insar_widgets.widgets._transect_line import line_from_file, line_from_text

ROWS, COLUMNS, STEP, LEFT, TOP = 60, 80, 80, 480_000, 2_150_000
GEOD = Geod(ellps="WGS84")
TO_DEGREES = Transformer.from_crs(32614, 4326, always_xy=True)


def lonlat(row: float, column: float) -> list[float]:
    """Centre of a pixel for whole numbers."""
    return list(TO_DEGREES.transform(LEFT + STEP * (column + 0.5), TOP - STEP * (row + 0.5)))


def raster(values, **attrs) -> xr.DataArray:
    coords = {
        "y": TOP - STEP * (np.arange(ROWS) + 0.5),
        "x": LEFT + STEP * (np.arange(COLUMNS) + 0.5),
    }
    dims = ("y", "x")
    if np.ndim(values) == 3:
        dims = ("date", *dims)
        coords["date"] = np.array(["2020-01-01", "2020-02-01", "2020-03-01"], "datetime64[ns]")
    return xr.DataArray(values, dims=dims, coords=coords, attrs=attrs).rio.write_crs(32614)


@pytest.fixture
def columns():
    """Each pixel is the number of its column, with a hole in columns 30 to 39."""
    values = np.tile(np.arange(COLUMNS, dtype=float), (ROWS, 1))
    values[:, 30:40] = np.nan
    return raster(values).rename("columns")


@pytest.fixture
def series():
    rows, cols = np.mgrid[:ROWS, :COLUMNS]
    plane = 0.001 * rows - 0.002 * cols
    return raster(np.stack([plane * 0, plane, 3 * plane]), units="m").rename("displacement")


@pytest.fixture
def make():
    made = []

    def build(*args, **kwargs):
        widget = TransectInspector(*args, **kwargs)
        made.append(widget)
        assert widget.wait(60)
        return widget

    yield build
    for widget in made:
        widget.close()


def east(first: int, last: int, row: int = 20) -> list[list[float]]:
    return [lonlat(row, first), lonlat(row, last)]


def one(widget: TransectInspector) -> xr.Dataset:
    (only,) = widget.data.values()
    return only


def test_a_profile_has_the_values_under_the_line_and_gaps_where_there_are_none(make, columns):
    found = one(make(columns, transect=east(20, 60), step=STEP))
    pixel = np.round(found["distance"].values / found["distance"].values[-1] * 40).astype(int) + 20
    value = found["value"].values
    assert np.array_equal(np.isnan(value), (pixel >= 30) & (pixel < 40))
    known = ~np.isnan(value)
    assert np.abs(value[known] - pixel[known]).max() <= 1


def test_length_and_azimuth_are_those_of_the_ellipsoid(make, columns):
    line = [lonlat(5, 5), lonlat(50, 40), lonlat(10, 70)]
    widget = make(columns, transect=line)
    legs = [GEOD.inv(*a, *b)[2] for a, b in pairwise(line)]
    assert widget.length == pytest.approx(sum(legs), rel=1e-12)
    assert widget.azimuth == pytest.approx(GEOD.inv(*line[0], *line[-1])[0] % 360)
    payload = widget._data().payload
    assert [v["name"] for v in payload["vertices"]] == ["A", "B", "A′"]
    assert [v["distance"] for v in payload["vertices"]] == pytest.approx([0, legs[0], sum(legs)])


def test_a_swath_has_the_percentiles_of_its_pixels(make):
    across = raster(np.tile(np.arange(ROWS, dtype=float)[:, None], (1, COLUMNS))).rename("rows")
    found = one(make(across, transect=east(10, 70, row=30), width=10 * STEP + 2))
    middle = found.isel(distance=slice(5, -5))
    assert np.allclose(middle["median"], 30, atol=0.5)
    inside = np.arange(25, 36)
    assert np.allclose(middle["p16"], np.percentile(inside, 16), atol=0.5)
    assert np.allclose(middle["p84"], np.percentile(inside, 84), atol=0.5)
    assert {float(v) for v in found["sample_value"].values} == {float(v) for v in inside}


def test_dates_reference_date_and_reference_point_are_subtracted(make, series):
    place = dict(zip(("lon", "lat"), lonlat(10, 10), strict=True)) | {"radius": 0.0}
    widget = make(
        series, transect=east(20, 60), date="20200301", reference_date="20200201", method="bilinear"
    )
    plain = one(widget)
    # plane of the dates: 3 p - p; p = 0.001 row - 0.002 column
    truth = 2 * (0.001 * 20 - 0.002 * np.linspace(20, 60, plain.sizes["distance"]))
    assert np.allclose(plain["value"], truth, atol=2e-4)
    widget.reference_point = place
    assert widget.wait(60)
    zero = 2 * (0.001 * 10 - 0.002 * 10)
    assert np.allclose(one(widget)["value"], plain["value"] - zero, atol=1e-12)
    assert "2020−" not in widget.csv()
    assert "relative to lon" in widget.csv()


# rioxarray writes it with an operator that affine is about to drop
@pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")
def test_several_layers_dates_and_files_share_one_distance_axis(make, series, columns, tmp_path):
    file = tmp_path / "other.tif"
    columns.rio.to_raster(file)
    widget = make({"displacement": series, "columns": columns}, transect=east(5, 75), elevation=columns)
    assert [p["layer"] for p in widget.profiles] == ["displacement", "columns"]
    widget.add("displacement", "20200201")
    widget.add_file(file)
    assert widget.wait(60)
    found = list(widget.data.values())
    assert len(found) == 4
    assert all(np.array_equal(f["distance"], found[0]["distance"]) for f in found)
    assert np.array_equal(found[3]["value"], found[1]["value"], equal_nan=True)  # the file is the same raster
    assert np.array_equal(widget._found[1].elevation, found[1]["value"], equal_nan=True)
    assert len({p["color"] for p in widget.profiles}) == 4
    widget.remove(widget.profiles[0]["id"])
    assert len(widget.profiles) == 3


def test_the_mask_leaves_gaps(make, series, columns):
    widget = make({"displacement": series, "coherence": columns / 80}, transect=east(5, 75))
    widget.profiles = [{"layer": "displacement"}]
    widget.mask_layer, widget.mask_threshold = "coherence", 0.6
    assert widget.wait(60)
    value = one(widget)["value"].values
    share = np.linspace(5, 75, value.size) / 80
    assert np.isnan(value[share < 0.58]).all()
    assert np.isfinite(value[share > 0.62]).all()


@pytest.mark.parametrize("width", [0.0, 400.0])
def test_the_code_makes_the_same_numbers(make, series, columns, width):
    given = {"displacement": series, "coherence": columns / 80}
    widget = make(
        given, transect=east(5, 75), width=width, method="bilinear", elevation=columns, reference_date="20200201",
        reference_point=dict(zip(("lon", "lat"), lonlat(10, 10), strict=True)),
        mask_layer="coherence", mask_threshold=0.3,
    )  # fmt: skip
    names = {"data": given, "heights": columns}
    exec(widget.code(), names)
    assert names["profiles"].keys() == widget.data.keys()
    for key, ours in widget.data.items():
        for name in ("distance", "value", "median", "p16", "p84", "sample_value"):
            np.testing.assert_allclose(names["profiles"][key][name], ours[name], rtol=0, atol=1e-13)
    np.testing.assert_allclose(names["elevation"], widget._found[1].elevation, rtol=0, atol=1e-12)


def test_csv_says_what_it_is_and_has_every_sample(make, series, tmp_path):
    widget = make(series, transect=east(20, 60), date="20200301", width=200, unit="cm")
    text = widget.csv(tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == text
    notes = [line for line in text.splitlines() if line.startswith("#")]
    rows = [line for line in text.splitlines() if not line.startswith("#")]
    assert any("WGS84 ellipsoid, azimuth" in line for line in notes)
    assert any("in cm" in line and "2020-03-01" in line for line in notes)
    assert len(rows) == one(widget).sizes["distance"] + 1
    first = dict(zip(rows[0].split(","), rows[1].split(","), strict=False))
    assert float(first["distance (m)"]) == 0
    assert f"{float(one(widget)['value'][0]) * 100:.4g}" in rows[1] or "value (cm)" in rows[0]
    assert widget.csv(samples=True).count("\n") > one(widget).sizes["sample"]


@pytest.mark.mintpy
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize(("ours", "theirs"), [("nearest", "nearest"), ("bilinear", "linear")])
def test_it_agrees_with_mintpy_on_the_same_file(finished_run, make, ours, theirs):
    ut = pytest.importorskip("mintpy.utils.utils", reason="MintPy is not installed")
    from mintpy.utils import readfile

    file = finished_run.work_dir / "velocity.h5"
    values, meta = readfile.read(str(file), datasetName="velocity")
    results = open_results(finished_run.work_dir)
    grid = results._scan.grid
    (r0, c0), (r1, c1) = (6, 7), (grid.rows - 8, grid.columns - 5)
    line = [[float(v) for v in grid.lonlat(r + 0.5, c + 0.5)] for r, c in ((r0, c0), (r1, c1))]
    reference = ut.transect_lalo(values, meta, line[0][::-1], line[1][::-1], interpolation=theirs)
    count = int(np.hypot(r1 - r0, c1 - c0))
    length = GEOD.inv(*line[0], *line[1])[2]
    widget = make(results, transect=line, method=ours, step=length / (count - 1))
    widget.profiles = [{"layer": "velocity"}]
    assert widget.wait(60)
    found = one(widget)
    assert found.sizes["distance"] == count
    # MintPy leaves out what is zero; X tells which samples are there
    index = np.round((reference["X"] - c0) / (c1 - c0) * (count - 1)).astype(int)
    mine = found["value"].values[index]
    # half-way between two pixels either neighbour is right
    half = np.abs(np.modf(np.stack([reference["X"], reference["Y"]]))[0] - 0.5).min(axis=0) < 0.02
    keep = np.isfinite(mine) & ~(half if ours == "nearest" else False)
    assert keep.sum() > 0.7 * count
    scale = np.nanstd(values)
    np.testing.assert_allclose(
        mine[keep], reference["value"][keep], atol=1e-5 * scale if ours == "nearest" else 0.02 * scale
    )
    # MintPy measures on the grid of UTM, whose scale is off by up to 0.1 %
    np.testing.assert_allclose(
        found["distance"].values[index], np.abs(reference["distance"]), rtol=2e-3, atol=0.1
    )


def test_a_map_is_followed_and_the_pointer_goes_both_ways(finished_run, make):
    shown = DisplacementMap(finished_run.work_dir)
    assert shown.wait(60)
    shown.mask_threshold = 0.0
    west, south, east_, north = shown.results._scan.grid.bounds()
    middle = (south + north) / 2
    shown.transect = [[west + 0.2 * (east_ - west), middle], [east_ - 0.2 * (east_ - west), middle]]
    widget = make(shown)
    assert widget.transect == shown.transect
    found = one(widget)
    index = int(np.flatnonzero(np.isfinite(found["value"]))[5])
    lon, lat = float(found["lon"][index]), float(found["lat"][index])
    value = float(found["value"][index])
    assert value == pytest.approx(shown.value(lon, lat), abs=1e-6)
    widget.cursor = float(found["distance"][index])
    assert shown.hover == {"lon": lon, "lat": lat, "value": value, "unit": "m"}
    (dot,) = [layer for layer in shown.layers if isinstance(layer, ipyleaflet.CircleMarker)]
    assert dot.location == [lat, lon]
    shown.hover = {"lon": lon, "lat": lat + 1e-4, "value": 1.0, "unit": "m"}
    assert widget.cursor == pytest.approx(float(found["distance"][index]), abs=widget._found[1].step)
    shown.hover = None
    assert widget.cursor is None
    assert dot not in shown.layers
    shown.layer = "velocity"
    assert widget.wait(60)
    assert one(widget).attrs["layer"] == "velocity"
    widget.reverse()
    assert shown.transect == [[east_ - 0.2 * (east_ - west), middle], [west + 0.2 * (east_ - west), middle]]
    widget.clear()
    assert shown.transect == []
    assert widget._status == {"state": "empty"}
    names = {}
    shown.transect = [[west + 0.2 * (east_ - west), middle], [east_ - 0.2 * (east_ - west), middle]]
    assert widget.wait(60)
    exec(widget.code(), names)
    np.testing.assert_array_equal(*(p["value"] for p in (*names["profiles"].values(), one(widget))))
    shown.close()


def test_clicks_on_any_map_draw_the_line(make, columns):
    map = ipyleaflet.Map(layers=())
    widget = make(columns, map=map)
    widget._drawing = True
    for lon, lat in east(10, 30):
        map._interaction_callbacks(type="click", coordinates=[lat, lon])
    assert widget.wait(60)
    assert widget.transect == east(10, 30)
    assert [type(layer).__name__ for layer in map.layers] == ["Polyline", "Polyline", "CircleMarker"]
    widget.close()
    assert map.layers == ()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ([[10, 50], [11, 51]], "outside the frame"),
        ([[-99.1, 19.42], [-99.1, 19.42]], "all the same place"),
        ([lonlat(10, 10)[::-1], [19.42, -89.9]], "outside the frame|no longitude"),
    ],
)
def test_lines_that_cannot_be_are_explained(make, columns, line, words):
    if not -90 <= line[0][1] <= 90:
        with pytest.raises(traitlets.TraitError, match=words):
            make(columns, transect=line)
        return
    widget = make(columns, transect=line)
    assert widget._status["state"] == "failed"
    with pytest.raises(ResultsError, match=words):
        widget.csv()


def test_lat_before_lon_is_recognised(make):
    grid = {"y": 20 - 0.01 * np.arange(50), "x": 50 + 0.01 * np.arange(60)}
    array = xr.DataArray(np.ones((50, 60)), coords=grid, dims=("y", "x")).rio.write_crs(4326)
    widget = make(array, transect=[[19.8, 50.1], [19.9, 50.3]])
    assert "turn the numbers round" in widget._status["message"]


def test_a_line_across_the_antimeridian_is_no_longer_than_it_is(make):
    grid = {"y": -10 - 0.01 * np.arange(50), "x": 179.7 + 0.01 * np.arange(60)}
    array = xr.DataArray(np.tile(np.arange(60.0), (50, 1)), coords=grid, dims=("y", "x")).rio.write_crs(4326)
    widget = make(array, transect=[[179.75, -10.2], [-179.85, -10.2]])
    assert widget.length == pytest.approx(GEOD.inv(179.75, -10.2, 180.15, -10.2)[2])
    assert np.allclose(one(widget)["value"], np.linspace(5, 45, one(widget).sizes["distance"]), atol=1)


def test_a_profile_that_cannot_be_does_not_stop_the_others(make, series, columns):
    far = columns.assign_coords(x=columns["x"] + 200_000)
    widget = make({"near": columns, "far": far, "s": series}, transect=east(10, 50))
    assert list(widget.data) == ["t1", "t3"]
    problems = [p["problem"] for p in widget._data().payload["profiles"]]
    assert "outside the frame" in problems[1]
    assert problems[0] == problems[2] == ""
    assert "outside the frame" in widget.csv()


def test_a_repeated_vertex_is_left_out_and_said(make, columns):
    a, b = east(10, 50)
    widget = make(columns, transect=[a, a, b, b])
    assert widget._found[1].names == ("A", "A′")
    assert "repeat" in widget._found[1].notes[0]


def test_a_long_line_is_sampled_no_finer_than_can_be_seen_and_says_so(make):
    grid = {"y": 40 - 0.01 * np.arange(3000), "x": 0.01 * np.arange(4000)}
    array = xr.DataArray(np.zeros((3000, 4000), "float32"), coords=grid, dims=("y", "x")).rio.write_crs(4326)
    begin = time.monotonic()
    widget = make(array, transect=[[0.5, 39.5], [39.5, 10.5]])
    assert time.monotonic() - begin < 30
    assert one(widget).sizes["distance"] <= 5001
    assert widget._found[1].notes == []  # 4900 km at 1 km is what 5000 samples show
    widget.transect = [[0.5, 39.5], [39.5, 10.5], [0.5, 10.5]]
    assert widget.wait(60)
    assert "sampled every" in widget._found[1].notes[0]


def test_a_newer_request_gives_up_the_older_one(make, columns, monkeypatch):
    widget = make(columns)
    entered, real = threading.Event(), compute.compute
    given_up = []

    def slow(layers, wanted, elevation=None, cancelled=None):
        if wanted.width == 111:
            entered.set()
            given_up.append(cancelled.wait(30))
        return real(layers, wanted, elevation, cancelled)

    monkeypatch.setattr("insar_widgets.widgets.transect_inspector.compute", slow)
    widget.width = 111
    widget.transect = east(10, 50)
    assert entered.wait(30)
    widget.width = 0
    assert widget.wait(60)
    assert given_up == [True]
    assert widget._found[0].width == 0


def test_what_is_nothing_to_sample_is_refused_in_words(columns):
    with pytest.raises(InsarWidgetsError, match="not of a int"):
        TransectInspector(3)
    with pytest.raises(InsarWidgetsError, match="coordinate reference system"):
        TransectInspector(columns.drop_vars("spatial_ref"))
    with pytest.raises(InsarWidgetsError, match="isel"):
        TransectInspector(columns.expand_dims(band=[1, 2]))
    with pytest.raises(traitlets.TraitError, match="no trait"):
        TransectInspector(columns, lines=[])
    with pytest.raises(traitlets.TraitError, match="no layer 'b'"):
        TransectInspector(columns, profiles=[{"layer": "b"}])


def test_a_cube_with_ordinary_names_and_units_works(make):
    cube = xr.DataArray(
        np.arange(2 * 50 * 60, dtype=float).reshape(50, 60, 2), dims=("lat", "lon", "time"), name="ground motion",
        coords={"lat": 20 - 0.01 * np.arange(50), "lon": 50 + 0.01 * np.arange(60),
                "time": np.array(["2021-01-01", "2021-06-01"], "datetime64[ns]")}, attrs={"units": "mm"},
    )  # fmt: skip
    widget = make(cube, transect=[[50.1, 19.9], [50.4, 19.7]])
    row, column = 10, 10
    assert float(one(widget)["value"][0]) == pytest.approx(float(cube[row, column, 1]) / 1000)
    names = {"data": cube}
    exec(widget.code(), names)
    np.testing.assert_array_equal(names["profiles"]["t1"]["value"], one(widget)["value"])
    assert widget._data().payload["profiles"][0]["unit"] == "mm"
    assert "WGS84" in widget._data().payload["profiles"][0]["notes"][0]


def test_lines_are_read_from_gmt_geojson_and_text(tmp_path):
    gmt = tmp_path / "line.gmt"
    gmt.write_text("# @VGMT1.0\n> first\n-99.1 19.4\n-99.0\t19.5 12.0\n> second\n1 2\n3 4\n")
    found = line_from_file(gmt)
    assert found.vertices == [[-99.1, 19.4], [-99.0, 19.5]]
    assert "2 segments" in found.notes[0]
    geometry = {"type": "LineString", "coordinates": [[179.9, 1, 5], [-179.9, 2, 5]]}
    feature = {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": {}, "geometry": geometry}],
    }
    file = tmp_path / "line.geojson"
    file.write_text(json.dumps(feature))
    assert line_from_file(file).vertices == [[179.9, 1.0], [-179.9, 2.0]]
    assert line_from_text("19.4, −99.1; 19.5, −99.0", lat_first=True).vertices == [
        [-99.1, 19.4],
        [-99.0, 19.5],
    ]
    assert line_from_text("19.4°N 99.1°W\n99.0W 19.5N").vertices == [[-99.1, 19.4], [-99.0, 19.5]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no vertex"),
        ("1 2", "one vertex"),
        ("1 2\nhere 4", "Line 2 of the text has no two numbers"),
        ("19.4 -99.1\n19.5 -99", "If the order is lat, lon, say so"),
        ('{"type": "Point", "coordinates": [1, 2]}', "no LineString"),
        ('{"type": "LineString"', "cannot be read"),
        ('{"type": "LineString", "coordinates": [[1, 2], "x"]}', "Vertex 2"),
        ('{"type":"LineString","coordinates":[[1,2],[3,4]],"crs":{"name":"EPSG:32614"}}', "not in degrees"),
    ],
)
def test_lines_that_cannot_be_read_are_explained(text, words):
    with pytest.raises(InsarWidgetsError, match=words):
        line_from_text(text)


def test_files_that_are_no_raster_are_explained(make, columns, tmp_path):
    widget = make(columns)
    (tmp_path / "broken.tif").write_text("no raster")
    for name, words in (("none.tif", "is not there"), ("broken.tif", "cannot be read as a raster")):
        with pytest.raises(ResultsError, match=words):
            widget.add_file(tmp_path / name)
    columns.to_dataset(name="height").to_netcdf(tmp_path / "dem.nc")
    assert widget.add_file(tmp_path / "dem.nc") == ["dem: height"]
