"""Places and lines: the right pixels, in true metres, with nothing filled in."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import xarray as xr
from pyproj import Geod, Transformer

from insar_widgets.errors import ResultsError
from insar_widgets.results import open_results, sample_point, sample_transect

from .conftest import EMPTY, REFERENCE, SPIKE, truth
from .test_results import lonlat

GEOD = Geod(ellps="WGS84")


def cube(values: np.ndarray, crs: int = 32614) -> xr.DataArray:
    """An ordinary xarray layer, made without this package: 80 m or 0.001 degrees, pixel centres."""
    step, x0, y0 = (80.0, 480000.0, 2150000.0) if crs == 32614 else (0.001, -99.2, 60.5)
    rows, columns = values.shape[-2:]
    coords = {"y": y0 - (np.arange(rows) + 0.5) * step, "x": x0 + (np.arange(columns) + 0.5) * step}
    dims = ("date", "y", "x")[-values.ndim :]
    if values.ndim == 3:
        coords["date"] = np.datetime64("2020-01-01", "ns") + np.arange(values.shape[0]) * np.timedelta64(
            12, "D"
        )
    return xr.DataArray(values, coords, dims, name="layer", attrs={"units": "m"}).rio.write_crs(crs)


def places(array: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude of every pixel centre."""
    x, y = np.meshgrid(array.x, array.y)
    return Transformer.from_crs(array.rio.crs, 4326, always_xy=True).transform(x, y)


def test_a_point_is_answered_with_its_pixel(work_dir, grid) -> None:
    results = open_results(work_dir)
    lon, lat = lonlat(grid, SPIKE[0] + 0.4, SPIKE[1] - 0.4)
    series = results.series(lon, lat)
    np.testing.assert_array_equal(series.displacement, truth()["series"][:, *SPIKE].astype(float))
    assert (int(series.row), int(series.column)) == SPIKE
    centre = lonlat(grid, *SPIKE)
    assert (float(series.pixel_lon), float(series.pixel_lat)) == pytest.approx(centre)
    assert float(series.distance) == pytest.approx(GEOD.inv(lon, lat, *centre)[2], abs=1e-6)
    assert (series["count"] == 1).all()
    assert series.displacement.attrs["units"] == "m"


def test_another_series_of_the_same_point_can_be_named(work_dir, grid) -> None:
    results = open_results(work_dir)
    raw = results.series(*lonlat(grid, *SPIKE), name="timeseries")
    best = results.series(*lonlat(grid, *SPIKE))
    np.testing.assert_allclose(raw.displacement, best.displacement / 2)
    with pytest.raises(
        ResultsError, match="no time series; choose one of timeseries, timeseries_ramp_demErr"
    ):
        results.series(*lonlat(grid, *SPIKE), name="velocity")


def test_a_pixel_without_a_value_stays_nan(work_dir, grid) -> None:
    series = open_results(work_dir).series(*lonlat(grid, *EMPTY))
    assert series.displacement.isnull().all()
    assert (series["count"] == 0).all()


@pytest.mark.parametrize("off", [(-1, 3), (3, -1), (12, 3), (3, 16)])
def test_a_point_outside_the_frame_is_refused_in_words(work_dir, grid, off) -> None:
    results = open_results(work_dir)
    with pytest.raises(ResultsError, match="lies outside the frame"):
        results.series(*lonlat(grid, *off))


@pytest.mark.parametrize("lon,lat", [(float("nan"), 19.4), (-99.1, 91), (1000, 19.4)])
def test_what_is_no_place_is_refused(work_dir, lon, lat) -> None:
    with pytest.raises(ResultsError, match="not a longitude and latitude"):
        open_results(work_dir).series(lon, lat)


def test_longitudes_may_run_to_360(work_dir, grid) -> None:
    results = open_results(work_dir)
    lon, lat = lonlat(grid, *SPIKE)
    assert int(results.series(lon + 360, lat).column) == SPIKE[1]


@pytest.mark.parametrize("crs", [32614, 4326])
@pytest.mark.parametrize("radius", [100, 250, 1000])
def test_a_radius_takes_the_centres_within_true_metres(crs, radius) -> None:
    """At 60 degrees north a pixel of 0.001 degrees is 111 m high and 56 m wide."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=(4, 40, 50))
    values[1, 18:20] = np.nan
    array = cube(values, crs)
    lons, lats = places(array)
    lon, lat = lons[20, 25] + 2e-4, lats[20, 25] - 1e-4
    _, _, distance = GEOD.inv(np.full(lons.shape, lon), np.full(lons.shape, lat), lons, lats)
    expected = values[:, distance <= radius]
    sample = sample_point(array, lon, lat, radius)
    np.testing.assert_array_equal(sample["count"], np.isfinite(expected).sum(axis=1))
    for name, quantile in (("displacement", 50), ("p16", 16), ("p84", 84)):
        np.testing.assert_allclose(sample[name], np.nanpercentile(expected, quantile, axis=1))


def test_a_radius_smaller_than_the_way_to_any_centre_takes_the_pixel_and_says_so() -> None:
    array = cube(np.arange(30.0).reshape(1, 5, 6))
    lons, lats = places(array)
    sample = sample_point(array, lons[2, 3] + 3e-4, lats[2, 3], 5)
    assert float(sample.displacement[0]) == 15
    assert "no pixel centre is within 5 m" in sample.attrs["sampling"]


def test_a_negative_radius_is_refused(work_dir, grid) -> None:
    with pytest.raises(ResultsError, match="radius of -1"):
        open_results(work_dir).series(*lonlat(grid, *SPIKE), radius=-1)


def test_an_array_without_a_coordinate_reference_system_is_refused() -> None:
    with pytest.raises(ResultsError, match="write_crs"):
        sample_point(xr.DataArray(np.ones((3, 3)), dims=("y", "x")), 0, 0)


def test_the_residual_rms_of_each_date_comes_with_the_series(work_dir, grid) -> None:
    text = "# Root Mean Square\n# Date\t\tRMS (m)\n20200101\t0.001\n20200125\t0.003\n"
    (work_dir / "rms_timeseriesResidual_ramp.txt").write_text(text)
    rms = open_results(work_dir).series(*lonlat(grid, *REFERENCE))["rms"]
    np.testing.assert_array_equal(rms, [0.001, np.nan, 0.003, np.nan, np.nan])


@pytest.mark.parametrize("crs", [32614, 4326])
def test_distances_along_a_transect_are_those_of_the_ellipsoid(crs) -> None:
    array = cube(np.zeros((60, 80)), crs)
    lons, lats = places(array)
    line = [[lons[5, 5], lats[5, 5]], [lons[50, 40], lats[50, 40]], [lons[10, 75], lats[10, 75]]]
    profile = sample_transect(array, line, step=50)
    legs = [GEOD.inv(*a, *b)[2] for a, b in itertools.pairwise(line)]
    assert profile.attrs["vertex_distance"] == pytest.approx([0, legs[0], sum(legs)])
    assert float(profile.distance[-1]) == pytest.approx(sum(legs))
    np.testing.assert_allclose(np.diff(profile.distance)[:-1], 50)
    first = profile.sel(distance=slice(0, legs[0]))
    _, _, measured = GEOD.inv(*(np.full(first.lon.size, v) for v in line[0]), first.lon, first.lat)
    np.testing.assert_allclose(measured, first.distance, atol=1e-4)


def test_a_transect_along_a_row_gives_the_row() -> None:
    values = np.random.default_rng(2).normal(size=(9, 30))
    array = cube(values)
    lons, lats = places(array)
    line = [[lons[4, 2], lats[4, 2]], [lons[4, 27], lats[4, 27]]]
    profile = sample_transect(array, line, step=GEOD.inv(*line[0], *line[1])[2] / 25)
    np.testing.assert_array_equal(profile.value, values[4, 2:28])
    np.testing.assert_array_equal(profile["median"], values[4, 2:28])
    assert (profile["count"] == 1).all()


def test_bilinear_is_exact_on_a_plane_and_nan_beside_a_gap() -> None:
    rows, columns = np.mgrid[:40, :50]
    plane = 3.0 * rows - 2.0 * columns
    array = cube(plane)
    lons, lats = places(array)
    line = [[lons[5, 5], lats[5, 5]], [lons[33, 44], lats[33, 44]]]
    profile = sample_transect(array, line, method="bilinear", step=37)
    x, y = Transformer.from_crs(4326, 32614, always_xy=True).transform(profile.lon, profile.lat)
    expected = 3 * (2150000 - 40 - y) / 80 - 2 * (x - 480040) / 80
    np.testing.assert_allclose(profile.value, expected, atol=1e-6)
    plane[20, 20:30] = np.nan
    holed = sample_transect(cube(plane), line, method="bilinear", step=37)
    row, column = (2150000 - y) / 80 - 0.5, (x - 480000) / 80 - 0.5
    touched = (np.abs(row - 20) < 1) & (column > 19) & (column < 30)
    np.testing.assert_array_equal(holed.value.isnull(), touched)


@pytest.mark.parametrize("crs", [32614, 4326])
def test_a_swath_holds_each_pixel_beside_the_line_once(crs) -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(60, 80))
    values[30:34, 35:41] = np.nan
    array = cube(values, crs)
    lons, lats = places(array)
    line = [[lons[10, 8], lats[10, 8]], [lons[48, 70], lats[48, 70]]]
    width, step = 600.0, 400.0
    profile = sample_transect(array, line, width=width, step=step)
    # Along and across from distance and azimuth at the start: good to a centimetre over these few kilometres.
    azimuth, _, length = GEOD.inv(*line[0], *line[1])
    to_pixel, _, distance = GEOD.inv(
        np.full(lons.shape, line[0][0]), np.full(lons.shape, line[0][1]), lons, lats
    )
    along = distance * np.cos(np.radians(to_pixel - azimuth))
    across = distance * np.sin(np.radians(to_pixel - azimuth))
    told = 0
    for i in range(1, profile.sizes["distance"] - 2):
        ahead = np.abs(along - profile.distance.values[i])
        own = (np.abs(across) <= width / 2) & (ahead <= step / 2)
        nearly = (np.abs(across) <= width / 2 + 0.1) & (ahead <= step / 2 + 0.1)
        expected = values[own][np.isfinite(values[own])]
        if (own != nearly).any():
            continue
        told += 1
        assert int(profile["count"][i]) == expected.size
        assert float(profile["median"][i]) == pytest.approx(np.median(expected))
        assert float(profile["p84"][i]) == pytest.approx(np.percentile(expected, 84))
    beside = (np.abs(across) <= width / 2) & (along >= 0) & (along <= length)
    assert told > 8
    assert abs(profile.sizes["sample"] - beside.sum()) <= 1
    assert np.abs(profile.sample_offset).max() <= width / 2
    right = profile.sample_offset.values > 0
    assert 0.3 < right.mean() < 0.7


def test_offset_is_positive_to_the_right() -> None:
    values = np.zeros((21, 21))
    values[15, 10] = 1
    array = cube(values)
    lons, lats = places(array)
    eastward = [[lons[10, 2], lats[10, 2]], [lons[10, 18], lats[10, 18]]]
    profile = sample_transect(array, eastward, width=1000)
    assert float(profile.sample_offset[profile.sample_value == 1].item()) == pytest.approx(400, rel=0.01)


def test_where_the_line_leaves_the_frame_there_is_a_gap(work_dir, grid) -> None:
    results = open_results(work_dir)
    profile = results.transect([lonlat(grid, 5, -6), lonlat(grid, 5, 21)], width=200)
    assert np.isnan(profile.value[:5]).all()
    assert np.isnan(profile.value[-5:]).all()
    assert (profile["count"][:5] == 0).all()
    np.testing.assert_array_equal(np.unique(profile.elevation[8:-8]), np.arange(5 * 16 + 2, 5 * 16 + 14)[
        np.isin(np.arange(82, 94), profile.elevation[8:-8])
    ])  # fmt: skip


def test_a_series_gives_a_profile_for_each_date(work_dir, grid) -> None:
    results = open_results(work_dir)
    line = [lonlat(grid, SPIKE[0], 1), lonlat(grid, SPIKE[0], 14)]
    every = results.transect(line, layer="timeseries_ramp_demErr")
    one = results.transect(line, layer="timeseries_ramp_demErr", date="20200206")
    assert every.value.dims == ("date", "distance")
    np.testing.assert_array_equal(every.value[3], one.value)
    assert float(one.value.min()) == pytest.approx(float(truth()["series"][3].min()))
    with pytest.raises(ResultsError, match="has no date 20200207; choose one of 20200101"):
        results.transect(line, layer="timeseries", date="20200207")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ([[-99.1, 19.4]], "at least two"),
        ([[-99.1, 19.4], [-99.1, 19.4]], "all the same place"),
        ([[10, 50], [11, 51]], "outside the frame"),
        ([[-99.1, 19.4], [-99.1, 191]], "lon first"),
        ("nonsense", "pairs in degrees"),
    ],
)
def test_lines_that_cannot_be_are_refused_in_words(work_dir, line, words) -> None:
    with pytest.raises(ResultsError, match=words):
        open_results(work_dir).transect(line)


@pytest.mark.mintpy
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("crs", [32614, 4326])
def test_a_transect_agrees_with_mintpy(crs) -> None:
    ut = pytest.importorskip("mintpy.utils.utils", reason="MintPy is not installed")
    rows, columns = np.mgrid[:60, :80]
    values = np.sin(rows / 9) * np.cos(columns / 11)
    array = cube(values, crs)
    lons, lats = places(array)
    step, corner = (80.0, (480000.0, 2150000.0)) if crs == 32614 else (0.001, (-99.2, 60.5))
    meta = {
        "LENGTH": "60", "WIDTH": "80", "X_FIRST": str(corner[0]), "Y_FIRST": str(corner[1]), "X_STEP": str(step),
        "Y_STEP": str(-step), "FILE_TYPE": "velocity", **({"UTM_ZONE": "14N"} if crs == 32614 else {}),
    }  # fmt: skip
    start, end = (10, 8), (48, 70)
    line = [[lons[start], lats[start]], [lons[end], lats[end]]]
    theirs = ut.transect_lalo(values, meta, line[0][::-1], line[1][::-1], interpolation="linear")
    length = GEOD.inv(*line[0], *line[1])[2]
    ours = sample_transect(array, line, method="bilinear", step=length / (len(theirs["value"]) - 1))
    assert ours.sizes["distance"] == len(theirs["value"])
    np.testing.assert_allclose(ours.value, theirs["value"], atol=2e-3)
