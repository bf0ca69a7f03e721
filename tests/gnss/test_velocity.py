from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import xarray as xr

from insar_widgets.errors import GnssError
from insar_widgets.gnss import StationStep, station_velocity

RATES = {"east": 0.021, "north": -0.013, "up": -0.045}


def made(days, noise=0.0, step=0.0, seed=0):
    time = np.datetime64("2018-01-01", "ns") + np.arange(days) * np.timedelta64(1, "D")
    years = np.arange(days) / 365.25
    random = np.random.default_rng(seed)
    after = time > np.datetime64("2019-03-01")
    data = {
        name: ("time", 5e6 + rate * years + step * after + noise * random.standard_normal(days))
        for name, rate in RATES.items()
    }
    return xr.Dataset(data, coords={"time": time}, attrs={"station": "AAAA"})


def test_the_rates_of_each_component_are_found_within_their_uncertainty():
    hits = []
    for seed in range(40):
        found = station_velocity(made(600, noise=0.003, seed=seed))
        hits += [
            abs(getattr(found, name) - rate) < 2 * getattr(found, f"{name}_std")
            for name, rate in RATES.items()
        ]
    assert 0.88 < np.mean(hits) <= 1
    assert found.days == 600 and abs(found.corr_en) < 0.2


def test_only_steps_of_the_station_are_taken_out():
    series = made(900, noise=1e-4, step=0.05)
    mine = StationStep("AAAA", date(2019, 3, 1), "equipment", "antenna")
    other = StationStep("BBBB", date(2019, 3, 1), "equipment", "antenna")
    assert station_velocity(series, steps=[mine]).up == pytest.approx(RATES["up"], abs=3e-4)
    assert abs(station_velocity(series, steps=[other]).up - RATES["up"]) > 0.01


def test_too_few_days_are_refused_by_name():
    with pytest.raises(GnssError, match="AAAA has 5 daily positions"):
        station_velocity(made(600), end="2018-01-05")


def test_steps_that_the_days_cannot_tell_apart_are_refused_by_date():
    series = made(400)
    gap = series.isel(time=[*range(200), *range(220, 400)])
    twice = [StationStep("AAAA", date(2018, 7, day), "equipment", "antenna") for day in (23, 30)]
    with pytest.raises(GnssError, match="AAAA cannot tell the steps of 2018-07-23, 2018-07-30 and its rate"):
        station_velocity(gap, steps=twice)
