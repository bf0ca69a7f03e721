"""The DEM error of the fast engine against MintPy's own estimator, pixel by pixel, and against a known truth."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("mintpy", reason='the engine serves MintPy: pip install "insar-widgets[mintpy]"')

from mintpy.dem_error import estimate_dem_error
from mintpy.utils import time_func

from insar_widgets.runner.engine.topography import SeriesModel, fit_dem_error

pytestmark = pytest.mark.mintpy

TO_PHASE = 4 * np.pi / 0.05546576


def model(dates: int, rng: np.random.Generator, **functions) -> tuple[np.ndarray, np.ndarray, list[str]]:
    days = np.cumsum([0, *rng.choice([6, 12, 24], size=dates - 1)])
    names = [(dt.date(2017, 1, 1) + dt.timedelta(days=int(day))).strftime("%Y%m%d") for day in days]
    steps = [names[i] for i in functions.pop("steps", ())]
    design = time_func.get_design_matrix4time_func(names, {**functions, "stepDate": steps}, seconds=0)
    return design, (days / 365.25).astype(np.float32), names


@st.composite
def problems(draw) -> SeriesModel:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dates, pixels = draw(st.integers(10, 60)), 25
    design, years, _ = model(
        dates,
        rng,
        polynomial=draw(st.integers(1, 3)),
        periodic=draw(st.sampled_from([[], [1.0], [1.0, 0.5]])) if dates > 40 else [],
        steps=draw(st.sampled_from([(), (dates // 2,)])),
    )
    each = draw(st.booleans())
    baseline = rng.normal(0, 80, (dates, 1)) + (rng.normal(0, 3, (dates, pixels)) if each else 0)
    scale = 1 / (rng.uniform(8e5, 9.5e5, pixels) * np.sin(np.radians(rng.uniform(30, 46, pixels))))
    series = np.cumsum(rng.normal(0, 0.005, (dates, pixels)), axis=0)
    series += baseline * scale * rng.normal(0, 30, pixels)
    used = np.ones(dates, bool)
    used[rng.choice(dates, size=draw(st.integers(0, 3)), replace=False)] = False
    return SeriesModel(
        series.astype(np.float32),
        baseline.astype(np.float32),
        scale,
        design,
        years,
        used,
        velocity=draw(st.booleans()),
    )


def theirs(problem: SeriesModel, pixel: int):
    baseline = problem.baseline if problem.baseline.shape[1] == 1 else problem.baseline[:, pixel : pixel + 1]
    return estimate_dem_error(
        ts0=problem.series[:, pixel],
        G0=np.hstack((baseline * problem.scale[pixel], problem.deformation)),
        tbase=problem.years.reshape(-1, 1),
        date_flag=problem.used,
        phase_velocity=problem.velocity,
    )


@settings(max_examples=40, deadline=None)
@given(problems())
def test_series_of_any_model_are_mintpys(problem):
    found = fit_dem_error(problem)
    assert found is not None
    medians = []
    for pixel in range(problem.series.shape[1]):
        dem_error, corrected, residual = theirs(problem, pixel)
        for ours, right in ((found.corrected, corrected), (found.residual, residual)):
            difference = TO_PHASE * np.abs(ours[:, pixel] - right.ravel())
            assert difference.max() < 1e-3
            medians.append(np.median(difference))
        assert found.dem_error[pixel] == pytest.approx(np.asarray(dem_error).item(), abs=1e-3)
    assert np.median(medians) < 1e-5


def test_a_known_dem_error_comes_back():
    rng = np.random.default_rng(3)
    design, years, _ = model(30, rng, polynomial=1)
    truth = rng.normal(0, 20, 50)
    baseline, scale = rng.normal(0, 90, (30, 1)), np.full(50, 1 / 6e5)
    rate = rng.normal(0, 0.03, 50)
    series = baseline * scale * truth + years[:, None] * rate
    found = fit_dem_error(
        SeriesModel(series.astype(np.float32), baseline, scale, design, years, np.ones(30, bool))
    )
    assert found is not None
    np.testing.assert_allclose(found.dem_error, truth, atol=1e-2)
    np.testing.assert_allclose(found.corrected, years[:, None] * rate, atol=1e-6)
    np.testing.assert_allclose(found.residual, 0, atol=1e-6)


@pytest.mark.parametrize(
    "case", ["a step after the last date", "baselines like the deformation", "too few dates"]
)
def test_what_is_ambiguous_is_left_to_mintpy(case):
    rng = np.random.default_rng(4)
    design, years, _ = model(12, rng, polynomial=2)
    baseline, used = rng.normal(0, 90, (12, 1)), np.ones(12, bool)
    if case == "a step after the last date":
        design = np.column_stack([design, np.zeros(12)])
    elif case == "baselines like the deformation":
        baseline = 100 * years[:, None]
    else:
        used[3:] = False
    series = rng.normal(size=(12, 5)).astype(np.float32)
    assert fit_dem_error(SeriesModel(series, baseline, np.full(5, 1 / 6e5), design, years, used)) is None


@pytest.mark.parametrize("dates", [200, 400])
def test_a_long_series_is_not_left_to_mintpy(dates):
    rng = np.random.default_rng(dates)
    years = (np.arange(dates) * 12 / 365.25).astype(np.float32)
    pixels = 20
    problem = SeriesModel(
        series=rng.normal(0, 0.01, (dates, pixels)).astype(np.float32),
        baseline=rng.normal(0, 60, (dates, 1)),
        scale=rng.uniform(1.5e-6, 2e-6, pixels),
        deformation=np.stack([np.ones(dates), years, years**2 / 2], axis=1),
        years=years,
        used=np.ones(dates, np.bool_),
    )
    found = fit_dem_error(problem)
    assert found is not None
    for pixel in range(pixels):
        expected = theirs(problem, pixel)
        for ours, right in zip((found.corrected, found.residual), expected[1:], strict=True):
            assert np.abs(ours[:, pixel] - right.ravel()).max() * TO_PHASE <= 1e-4
