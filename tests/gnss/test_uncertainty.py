"""Whether the stated uncertainties are those of the differences, on stations that move with the simulated ground."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import xarray as xr
from scipy.stats import binom

from insar_widgets import compare_gnss, open_results
from insar_widgets.gnss import Station
from insar_widgets.results import Grid


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
    """Of some 150 stations; the bound leaves a correct interval out once in ten thousand draws."""
    assert share_within(results, 150) >= binom.ppf(1e-4, 142, 0.95) / 142


@pytest.mark.parametrize("wrong", ["sign", "reference"])
def test_what_is_wrong_leaves_it(results, wrong):
    """Wrong epochs show in the residuals, see test_compare: a shift in time changes no velocity."""
    assert share_within(results, 40, wrong) < binom.ppf(1e-4, 38, 0.95) / 38
