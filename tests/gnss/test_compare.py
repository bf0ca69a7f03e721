"""Stations that are made to move exactly as InSAR says: any wrong sign, reference or epoch shows as a residual."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import xarray as xr

from insar_widgets import compare_gnss, open_results
from insar_widgets.errors import GnssError
from insar_widgets.gnss import Station, StationStep, rank_references

PLACES = {"AAAA": (15, 20), "BBBB": (40, 55), "CCCC": (30, 30)}  # rows and columns


@pytest.fixture(scope="module")
def results(finished_run):
    return open_results(finished_run.work_dir)


def unit(results, row, column):
    """By trigonometry, not by the package: towards the satellite from incidence and azimuth."""
    inc = np.radians(float(results["incidenceAngle"][row, column]))
    az = np.radians(float(results["azimuthAngle"][row, column]))
    return np.array([np.sin(inc) * np.sin(-az), np.sin(inc) * np.cos(az), np.cos(inc)])


def make(results, name, *, common=0.0, extra=None):
    """A station and its series: at each acquisition just what InSAR has, and a day far off between."""
    row, column = PLACES[name]
    layer = results.timeseries
    from pyproj import Transformer

    x, y = float(layer["x"][column]), float(layer["y"][row])
    lon, lat = Transformer.from_crs(layer.rio.crs, 4326, always_xy=True).transform(x, y)
    dates = layer["date"].values.astype("datetime64[D]")
    values = layer[:, row, column].values.astype(float)
    u = unit(results, row, column)
    days, los = [], []
    for day, value in zip(dates, values, strict=True):
        # the two days about it average to it, and the third day must not count
        days += [day + np.timedelta64(n, "D") for n in (-1, 0, 1, 3)]
        los += [value - 0.004, value, value + 0.004, 9.0]
    along = np.array(los)[:, None] * u  # moves along the line of sight only
    data = xr.Dataset(coords={"time": np.array(days).astype("datetime64[ns]")})
    for i, component in enumerate(("east", "north", "up")):
        moved = along[:, i] + common * u[i] * (np.array(days) - dates[0]).astype(int) / 365.25
        data[component] = ("time", moved + (0 if extra is None else extra[i] * (np.array(days) > dates[2])))
        data[f"sigma_{component}"] = ("time", np.full(len(days), 0.001))
    for pair in ("corr_en", "corr_eu", "corr_nu"):
        data[pair] = ("time", np.zeros(len(days)))
    data.attrs = {"station": name, "frame": "IGS20", "notes": ""}
    station = Station(name, lon, lat, 0.0, date(2018, 1, 1), date(2025, 1, 1))
    return station, data


@pytest.fixture(scope="module")
def made(results):
    return {name: make(results, name) for name in PLACES}


def compare(results, made, **options):
    options = {"window_days": 1, "steps": []} | options
    return compare_gnss(
        results, [s for s, _ in made.values()], series={n: d for n, (_, d) in made.items()}, **options
    )


@pytest.mark.parametrize("reference", [None, "BBBB"])
def test_stations_that_move_as_insar_says_leave_no_residual(results, made, reference):
    found = compare(results, made, reference=reference)
    assert set(found.names) == set(PLACES) and not found.rejected
    for name in PLACES:
        series = found.series(name)
        assert np.abs(series["residual"]).max() < 1e-6
        assert series.sizes["date"] == len(results.dates)
        assert (series["gnss_count"] == 3).all()
        zero = series.isel(date=results.dates.index(results.reference_date))
        assert float(zero["gnss"]) == 0 and float(zero["insar"]) == 0
    assert np.abs(found.table["velocity_difference"]).max() < 1e-5
    if reference:
        row, column = PLACES["BBBB"]
        mine = results.timeseries[:, 15, 20].values - results.timeseries[:, row, column].values
        assert np.ptp(found.series("AAAA")["insar"].values - mine) < 1e-6


def test_a_wrong_sign_reference_or_window_would_show(results, made):
    """The wrong variants, made on purpose: each leaves what the test above forbids."""
    turned = {n: (s, d.assign({c: -d[c] for c in ("east", "north", "up")})) for n, (s, d) in made.items()}
    assert np.abs(compare(results, turned).series("AAAA")["residual"]).max() > 1e-3
    moving = {n: make(results, n, common=0.05) for n in PLACES}
    assert np.abs(compare(results, moving).series("AAAA")["residual"]).max() > 1e-3
    assert np.abs(compare(results, made, window_days=3).series("AAAA")["residual"]).max() > 1e-3


def test_a_common_motion_goes_with_a_reference_station(results):
    """The stations' own viewing angles differ a little, and so does the common motion in line of sight."""
    moving = {n: make(results, n, common=0.05) for n in PLACES}
    alone = compare(results, moving)
    assert alone.table["velocity_difference"].to_numpy() == pytest.approx(-0.05, abs=1e-4)
    assert any("own reference frame" in note for note in alone.notes)
    against = compare(results, moving, reference="CCCC")
    assert np.abs(against.table["velocity_difference"]).max() < 1e-5
    assert not against.notes
    assert bool(against.table.loc["CCCC", "is_reference"])


def test_figures_are_those_of_the_epochs(results, made):
    noise = np.random.default_rng(0).normal(0, 0.004, len(results.dates))
    station, data = made["AAAA"]
    u = unit(results, *PLACES["AAAA"])
    shaken = data.copy(deep=True)
    for i, component in enumerate(("east", "north", "up")):
        shaken[component] = shaken[component] + np.repeat(noise, 4) * u[i]
    found = compare(results, {"AAAA": (station, shaken)}, outliers=None)
    series, row = found.series("AAAA"), found.table.loc["AAAA"]
    zero = list(results.dates).index(results.reference_date)
    residual = -(noise - noise[zero])
    assert series["residual"].values == pytest.approx(residual, abs=1e-6)
    assert row["rmse"] == pytest.approx(np.sqrt((residual**2).mean()), abs=1e-6)
    assert row["bias"] == pytest.approx(residual.mean(), abs=1e-6)
    assert row["correlation"] == pytest.approx(np.corrcoef(series["gnss"], series["insar"])[0, 1])
    years = (series["date"].values - series["date"].values[0]) / np.timedelta64(1, "D") / 365.25
    line, covariance = np.polyfit(years, residual, 1, cov=True)
    assert row["velocity_difference"] == pytest.approx(line[0], rel=1e-4)
    assert row["velocity_difference_std"] >= np.sqrt(covariance[0, 0]) * 0.999


def test_an_earthquake_stays_in_the_series(results):
    day = results.timeseries["date"].values[2].astype("datetime64[D]").astype(object)
    jumped = {"AAAA": make(results, "AAAA", extra=(0.0, 0.0, 0.05))}
    up = unit(results, *PLACES["AAAA"])[2]
    found = compare(results, jumped, steps=[StationStep("AAAA", day, "earthquake", "M 5")])
    residual = found.series("AAAA")["residual"].values
    assert residual[-1] - residual[0] == pytest.approx(-0.05 * up, abs=1e-6)
    assert found.table.loc["AAAA", "steps_removed"] == 0


def test_a_step_of_equipment_is_taken_out_to_within_its_uncertainty(results, made):
    """Daily positions over three years: a line, a yearly term, noise, and one jump up."""
    rng = np.random.default_rng(8)
    first = np.datetime64("2018-01-01")
    days = first + np.arange(1100) * np.timedelta64(1, "D")
    years = np.arange(1100) / 365.25
    day = date(2019, 2, 20)
    data = xr.Dataset(coords={"time": days.astype("datetime64[ns]")})
    for component, rate in (("east", 0.01), ("north", -0.02), ("up", 0.005)):
        moved = rate * years + 0.003 * np.sin(2 * np.pi * years) + rng.normal(0, 0.001, days.size)
        data[component] = ("time", moved + 0.05 * (component == "up") * (days > np.datetime64(day)))
        data[f"sigma_{component}"] = ("time", np.full(days.size, 0.001))
    for pair in ("corr_en", "corr_eu", "corr_nu"):
        data[pair] = ("time", np.zeros(days.size))
    data.attrs = {"station": "AAAA", "frame": "IGS20", "notes": ""}
    found = compare(
        results, {"AAAA": (made["AAAA"][0], data)}, steps=[StationStep("AAAA", day, "equipment", "antenna")]
    )
    e, n, u = unit(results, *PLACES["AAAA"])
    series = found.series("AAAA")
    size, deviation = (
        float(part.split(" mm")[0]) for part in series.attrs["steps_removed"].split(" ", 1)[1].split("±")
    )
    assert deviation < 1
    assert size == pytest.approx(50 * u, abs=3 * deviation + 0.1)
    truth = (0.01 * e - 0.02 * n + 0.005 * u) * years + 0.003 * (e + n + u) * np.sin(2 * np.pi * years)
    left = series["gnss_daily"].values - truth
    after, before = left[days > np.datetime64(day)], left[days < np.datetime64(day)]
    assert after.mean() - before.mean() == pytest.approx(0, abs=3e-3 * deviation + 2e-4)
    assert np.isnan(left[days == np.datetime64(day)]).all()


def test_gaps_stay_gaps_and_the_nearest_day_is_another_rule(results, made):
    station, data = made["AAAA"]
    days = data["time"].values.astype("datetime64[D]")
    dates = results.timeseries["date"].values.astype("datetime64[D]")
    gappy = data.isel(time=np.abs((days - dates[3]).astype(int)) > 2)
    series = compare(results, {"AAAA": (station, gappy)}).series("AAAA")
    assert np.isnan(series["gnss"].values[3]) and np.isfinite(series["gnss"].values[[0, 1, 2, 4, 5]]).all()
    nearest = compare(results, made, method="nearest").series("AAAA")
    assert (nearest["gnss_count"] == 1).all() and np.abs(nearest["residual"]).max() < 1e-6


def test_what_cannot_be_compared_is_named(results, made):
    station, data = made["AAAA"]
    short = data.isel(time=slice(0, 4))
    unusable = Station(
        "ZZZZ", 0, 0, 0, date(2018, 1, 1), date(2019, 1, 1), usable=False, reason="outside the frame"
    )
    found = compare_gnss(
        results,
        [station, made["BBBB"][0], unusable],
        series={"AAAA": short, "BBBB": made["BBBB"][1]},
        steps=[],
    )
    assert found.names == ("BBBB",)
    assert found.rejected["ZZZZ"] == "outside the frame"
    assert "fewer than 3 acquisitions" in found.rejected["AAAA"]
    with pytest.raises(GnssError, match="AAAA was not compared: fewer"):
        found.series("AAAA")
    with pytest.raises(GnssError, match="ZZZZ cannot be the reference station: outside the frame"):
        compare_gnss(results, [station, unusable], series={"AAAA": data}, reference="ZZZZ", steps=[])
    with pytest.raises(GnssError, match="window"):
        compare(results, made, window_days=-1)


def test_the_quietest_station_is_the_best_reference(results, made):
    rng = np.random.default_rng(2)
    noisy = {}
    for (name, (station, data)), noise in zip(made.items(), (0.004, 0.0005, 0.008), strict=True):
        flat = data.assign(
            {c: ("time", rng.normal(0, noise, data.sizes["time"])) for c in ("east", "north", "up")}
        )
        noisy[name] = (station, flat)
    ranked = rank_references(compare(results, noisy), results)
    assert ranked[0].name == "BBBB"
    assert "acquisitions" in ranked[0].why
