"""Whether the stated uncertainties are those of the differences, on stations that move with the simulated ground."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from scipy.stats import binom

from insar_widgets import Run, Template, compare_gnss, open_results, simulate_stack
from insar_widgets.gnss import Station, read_steps, read_tenv3
from insar_widgets.gnss._noise import coefficient, line_and
from insar_widgets.results import Grid
from insar_widgets.simulate.scene import fractal


@pytest.fixture(scope="module")
def results(finished_run):
    return open_results(finished_run.work_dir)


def station(results, row, column, name, rng, *, wrong):
    """Moves as the InSAR pixel does but for white noise of both, and for what is made wrong."""
    layer = results.timeseries
    lon, lat = (float(v) for v in Grid.from_array(layer).lonlat(row + 0.5, column + 0.5))
    inc, az = (np.radians(float(results[k][row, column])) for k in ("incidenceAngle", "azimuthAngle"))
    unit = np.array([-np.sin(inc) * np.sin(az), np.sin(inc) * np.cos(az), np.cos(inc)])
    dates = layer["date"].values.astype("datetime64[D]").astype(int)
    days = np.arange(dates[0] - 5, dates[-1] + 6)
    los = np.interp(days, dates, layer[:, row, column].values.astype(float))
    los = (-los if wrong == "sign" else los) + np.interp(days, dates, rng.normal(0, 0.001, dates.size))
    los = los + (0.2 if wrong == "reference" else 0.0) * (days - days[0]) / 365.25
    data = xr.Dataset(coords={"time": days.astype("datetime64[D]").astype("datetime64[ns]")})
    for i, component in enumerate(("east", "north", "up")):
        data[component] = ("time", los * unit[i])
        data[f"sigma_{component}"] = ("time", np.full(days.size, 0.001))
    for pair in ("corr_en", "corr_eu", "corr_nu"):
        data[pair] = ("time", np.zeros(days.size))
    data.attrs = {"station": name, "frame": "IGS20", "notes": ""}
    return Station(name, lon, lat, 0.0, date(2018, 1, 1), date(2025, 1, 1)), data


def share_within(results, count, wrong=""):
    rng = np.random.default_rng(11)
    good = np.argwhere(
        np.isfinite(results.timeseries.values).all(axis=0) & results["maskTempCoh"].values.astype(bool)
    )
    chosen = good[rng.choice(len(good), count, replace=False)]
    made = [station(results, r, c, f"S{n:03d}", rng, wrong=wrong) for n, (r, c) in enumerate(chosen)]
    found = compare_gnss(
        results, [s for s, _ in made], series={s.name: d for s, d in made}, steps=[], window_days=0
    )
    table = found.table
    within = np.abs(table["velocity_difference"]) <= table["velocity_difference_95"]
    assert within.size >= 0.95 * count  # a few pixels at the frame's edge lack the viewing geometry
    return float(within.mean())


def test_95_percent_of_the_differences_lie_within_their_stated_uncertainty(results):
    """Of some 90 stations; the bound leaves a correct interval out once in ten thousand draws."""
    assert share_within(results, 90) >= binom.ppf(1e-4, 85, 0.95) / 85


@pytest.mark.parametrize("wrong", ["sign", "reference"])
def test_what_is_wrong_leaves_it(results, wrong):
    """Wrong epochs show in the residuals, see test_compare: a shift in time changes no velocity."""
    assert share_within(results, 40, wrong) < binom.ppf(1e-4, 38, 0.95) / 38


@pytest.fixture(scope="module")
def truth(small_stack):
    """What was put into the simulated stack."""
    with xr.open_dataset(Path(small_stack.products[0].path).parent / "truth.nc") as data:
        return data.load()


def true_station(truth, at, lonlat, name, rng):
    """Daily positions on the simulated ground itself: bowl, earthquake and season of that place, and noise."""
    place = truth.sel(x=at[0], y=at[1], method="nearest")
    days = np.arange(-10, 131)
    years = days / 365.25
    phase = truth.attrs["annual_phase"]
    season = np.cos(2 * np.pi * years + phase) - np.cos(phase)
    first = np.datetime64(date.fromisoformat(str(truth["date"].values[0])))
    data = xr.Dataset(coords={"time": (first + days).astype("datetime64[ns]")})
    for component, scale in (("east", 1), ("north", 1), ("up", 3)):
        moved = float(place[f"velocity_{component}"]) * years
        moved += float(place[f"step_{component}"]) * (years >= truth.attrs["step_time_years"])
        moved += (component == "up") * float(place["annual_up"]) * season
        data[component] = ("time", moved + rng.normal(0, 0.0008 * scale, days.size))
        data[f"sigma_{component}"] = ("time", np.full(days.size, 0.0008 * scale))
    for pair in ("corr_en", "corr_eu", "corr_nu"):
        data[pair] = ("time", np.zeros(days.size))
    data.attrs = {"station": name, "frame": "IGS20", "notes": ""}
    return Station(name, *lonlat, 0.0, date(2018, 1, 1), date(2025, 1, 1)), data


def test_so_they_do_on_the_simulated_ground(finished_run, truth, tmp_path):
    """Stations on the ground of the simulation, against its line of sight under twelve atmospheres.

    An atmosphere is smooth in space, so that stations of one draw err together: few of each are taken. What stays the
    same from date to date (errors of unwrapping and of the DEM, layered delays) is not part of a stated uncertainty.
    """
    folder = tmp_path / "run"
    shutil.copytree(finished_run.work_dir, folder, ignore=shutil.ignore_patterns("pic", "prepared"))
    rng = np.random.default_rng(21)
    layer = open_results(folder).timeseries
    known = np.isfinite(layer.values).all(axis=0)
    moved = truth["displacement_los"].sel(x=layer["x"], y=layer["y"], method="nearest").values
    places = np.argwhere(known)
    grid = Grid.from_array(layer)
    within = []
    for draw in range(12):
        delays = np.stack([0.003 * fractal(moved.shape[1:], 8 / 3, rng) for _ in moved])
        series = moved + delays - (moved + delays)[:1]
        with h5py.File(folder / Path(layer.attrs["source"]).name, "r+") as file:
            file["timeseries"][...] = np.where(known, series, np.nan)
        made = []
        for n, (row, column) in enumerate(places[rng.choice(len(places), 9, replace=False)]):
            lonlat = [float(v) for v in grid.lonlat(row + 0.5, column + 0.5)]
            x, y = float(layer["x"][column]), float(layer["y"][row])
            made.append(true_station(truth, (x, y), lonlat, f"T{n}", rng))
        found = compare_gnss(
            open_results(folder), [s for s, _ in made], series={s.name: d for s, d in made}, steps=[],
            reference="T0" if draw % 2 else None,
        ).table  # fmt: skip
        found = found[~found["is_reference"].astype(bool)]
        within += list(found["velocity_difference"].abs() <= found["velocity_difference_95"])
    assert len(within) > 90
    assert np.mean(within) >= binom.ppf(1e-3, 60, 0.95) / 60  # as if some sixty were independent


NOISES = {  # over the days between two dates: covariance
    "white": lambda lag: (lag == 0) * 1.0,
    "correlated and white": lambda lag: 0.5 * np.exp(-lag / 25) + 0.5 * (lag == 0),
    "correlated": lambda lag: np.exp(-lag / 25),
}


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("count", [8, 20, 30])
def test_the_interval_of_a_rate_holds_it_whatever_the_noise(noise, count):
    """The bound of the widths: an interval that held the rate by being endless would say nothing."""
    rng = np.random.default_rng(3)
    days = np.arange(count) * 24.0
    design = line_and(days)
    covariance = NOISES[noise](np.abs(days[:, None] - days))
    to_rate = np.linalg.pinv(design)[1]
    exact = 1.96 * np.sqrt(to_rate @ covariance @ to_rate)
    draws = np.linalg.cholesky(covariance) @ rng.normal(size=(count, 300))
    found = [coefficient(design, design @ [0.1, 0.02] + 0.01 * draw, days, 1) for draw in draws.T]
    within = np.mean([abs(known.value - 0.02) <= known.half_width for known in found])
    assert within >= binom.ppf(1e-3, 300, 0.94) / 300
    assert np.median([known.half_width for known in found]) < 2 * 0.01 * exact


@pytest.mark.soak
@pytest.mark.parametrize("dates", [10, 20, 30])
def test_so_they_do_after_the_whole_workflow(dates, tmp_path):
    """Simulated stacks and stations, MintPy's whole workflow with its defaults, every station as reference in turn.

    What unwrapping, the estimate of the DEM error and MintPy's inversion leave in the series is part of it. The six
    stations of a stack have five independent differences.
    """
    within = []
    for seed in range(1, 9):
        folder = tmp_path / str(seed)
        stack = simulate_stack(folder / "hyp3", shape=(80, 100), dates=dates, seed=seed)
        prepared = stack.prepare(folder / "prepared")
        run = Run(folder / "run", Template.for_stack(prepared, name="s"))
        assert run.start(to="velocity").wait(timeout=900) == "completed", run.failure
        results = open_results(folder / "run")
        series = {file.stem: read_tenv3(file) for file in (folder / "hyp3" / "ngl").glob("SIM*.tenv3")}
        stations = [
            Station(name, data.attrs["lon"], data.attrs["lat"], 0.0, date(2018, 1, 1), date(2025, 1, 1))
            for name, data in series.items()
        ]
        steps = read_steps(folder / "hyp3" / "ngl" / "steps.txt")
        for reference in series:
            table = compare_gnss(results, stations, reference=reference, series=series, steps=steps).table
            table = table[~table["is_reference"].astype(bool)]
            within += list(table["velocity_difference"].abs() <= table["velocity_difference_95"])
    print(f"{dates} dates: {np.mean(within):.1%} of {len(within)} differences")
    assert np.mean(within) >= binom.ppf(1e-3, 40, 0.95) / 40
