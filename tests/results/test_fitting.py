"""Time functions: MintPy's model with MintPy's numbers, and sense for every odd series."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from insar_widgets.errors import ResultsError
from insar_widgets.gnss import read_tenv3
from insar_widgets.results import evaluate_fit, fit_time_function

SECONDS = 50000.0
MODELS: dict[str, dict[str, Any]] = {
    "line": {},
    "cubic": {"poly": 3},
    "season": {"periodic": [1.0, 0.5]},
    "other period": {"periodic": [0.7]},
    "steps": {"steps": ["20180607", "20191001"]},
    "step on a date": {"steps": ["20170612"]},
    "exp": {"exp": {"20180607": [60, 200]}},
    "log": {"log": {"20180607": [80]}},
    "onset before the first date": {"log": {"20151231": [100]}, "exp": {"20151001": [30]}},
    "all": {
        "poly": 2, "periodic": [1.0], "steps": ["20180607"], "exp": {"20180607": [60]}, "log": {"20190401": [40]},
    },
    "excluded": {"periodic": [1.0], "exclude": ["20160101", "20161120"]},
}  # fmt: skip


def dates(count: int = 90) -> np.ndarray:
    days = np.datetime64("2016-01-01") + np.cumsum(np.r_[0, np.tile([12, 24, 12], count)])[:count].astype(
        "m8[D]"
    )
    return days.astype("datetime64[ns]")


def series(shape: tuple[int, ...] = (), seed: int = 0, count: int = 90) -> xr.DataArray:
    """Motion with every kind of term in it, and noise."""
    rng = np.random.default_rng(seed)
    times = dates(count)
    t = (times - times[0]).astype("timedelta64[D]").astype(float) / 365.25
    signal = (
        -0.03 * t + 0.008 * np.sin(2 * np.pi * t) + 0.02 * (t > 2.4) + 0.01 * np.log1p(np.maximum(t - 2.4, 0))
    )
    values = signal.reshape(-1, *[1] * len(shape)) * rng.uniform(0.5, 2, shape) + rng.normal(
        0, 0.004, (count, *shape)
    )
    dims = ("date", "y", "x")[: values.ndim]
    return xr.DataArray(values, {"date": times}, dims, attrs={"center_line_utc": SECONDS})


def names(times: np.ndarray) -> list[str]:
    return [str(t).replace("-", "") for t in times.astype("datetime64[D]")]


def mintpy_fit(array: xr.DataArray, spec: dict[str, Any]) -> dict[str, np.ndarray]:
    """MintPy's estimate and the standard deviations as its velocity step makes them, in 64 bits."""
    time_func = pytest.importorskip("mintpy.utils.time_func", reason="MintPy is not installed")
    from mintpy.timeseries2velocity import model2hdf5_dataset

    model = {
        "polynomial": spec.get("poly", 1), "periodic": spec.get("periodic", []), "stepDate": spec.get("steps", []),
        "polyline": [], "exp": spec.get("exp", {}), "log": spec.get("log", {}),
    }  # fmt: skip
    keep = [n not in spec.get("exclude", []) for n in names(array.date.values)]
    data = array.values[keep].reshape(sum(keep), -1)
    used = [n for n, k in zip(names(array.date.values), keep, strict=True) if k]
    g, m, e2 = time_func.estimate_time_func(model, used, data, seconds=SECONDS)
    g = g.astype(float)
    variance = np.diag(np.linalg.inv(g.T @ g))[:, None] * e2.reshape(1, -1) / (g.shape[0] - g.shape[1])
    found = model2hdf5_dataset(model, m, np.sqrt(variance))[0]
    return {k: v.reshape(array.shape[1:]) for k, v in found.items()} | {
        "fitted": (g @ m).reshape(sum(keep), *array.shape[1:])
    }


@pytest.mark.mintpy
@pytest.mark.parametrize("shape", [(), (3, 4)], ids=["series", "cube"])
@pytest.mark.parametrize("name", MODELS)
def test_parameters_and_their_deviations_are_those_of_mintpy(name: str, shape: tuple[int, ...]) -> None:
    array = series(shape)
    theirs = mintpy_fit(array, MODELS[name])
    ours = fit_time_function(array, **MODELS[name])
    used = ours["used"].values
    np.testing.assert_allclose(ours["fitted"].values[used], theirs.pop("fitted"), rtol=0, atol=1e-10)
    for parameter, values in theirs.items():
        # MintPy keeps phases in 32 bits.
        tolerance = 1e-5 if parameter.endswith("Phase") else 1e-7
        np.testing.assert_allclose(
            ours[parameter].values, values, rtol=tolerance, atol=1e-10, err_msg=parameter
        )


@pytest.mark.mintpy
def test_the_design_matrix_is_that_of_mintpy_to_the_last_bit() -> None:
    time_func = pytest.importorskip("mintpy.utils.time_func", reason="MintPy is not installed")
    from insar_widgets.results import _design, fitting

    times = dates()
    spec = {"poly": 3, "periodic": [1, 0.5, 0.7], "steps": ["20180607"], "exp": {"20180607": [60]}}
    terms = _design.make_terms(**spec, log={"20151231": [80]}, first=times[0], last=times[-1])
    years = _design.decimal_years(times, SECONDS)
    ours = fitting._design(terms, years, years[0])
    model = {
        "polynomial": 3, "periodic": [1, 0.5, 0.7], "stepDate": ["20180607"], "exp": {"20180607": [60]},
        "log": {"20151231": [80]},
    }  # fmt: skip
    theirs = time_func.get_design_matrix4time_func(names(times), model, seconds=SECONDS)
    np.testing.assert_allclose(ours, theirs, rtol=2e-7, atol=1e-9)


YEAR = 365.25
ONSET = "20180607"
# Model and, term by term, the true parameters under MintPy's names
TRUTHS: dict[str, tuple[dict[str, Any], dict[str, float]]] = {
    "polynomial": ({"poly": 3}, {"velocity": -0.04, "acceleration": 0.02, "poly3": -0.01}),
    "periodic": (
        {"periodic": [1.0, 0.5]},
        {"velocity": -0.04, "annualAmplitude": 0.01, "annualPhase": 0.5, "semiAnnualAmplitude": 0.006,
         "semiAnnualPhase": -1.0},
    ),
    "step": ({"steps": [ONSET]}, {"velocity": -0.04, f"step{ONSET}": 0.03}),
    "exp": ({"exp": {ONSET: [60]}}, {"velocity": -0.04, f"exp{ONSET}Tau60D": 0.05}),
    "log": ({"log": {ONSET: [80]}}, {"velocity": -0.04, f"log{ONSET}Tau80D": 0.02}),
    "all": (
        {"poly": 2, "periodic": [1.0], "steps": [ONSET], "exp": {ONSET: [60]}, "log": {"20170301": [40]}},
        {"velocity": -0.04, "acceleration": 0.01, "annualAmplitude": 0.01, "annualPhase": 0.5,
         f"step{ONSET}": 0.03, f"exp{ONSET}Tau60D": 0.05, "log20170301Tau40D": 0.02},
    ),
}  # fmt: skip


def motion_of(truth: dict[str, float], times: np.ndarray) -> np.ndarray:
    """What moves with these parameters, from their definitions and not from our code."""

    def days_since(day: np.datetime64) -> np.ndarray:
        return (times - day.astype("M8[ns]")).astype("m8[s]").astype(float) / 86400

    t = days_since(times[0]) / YEAR
    motion = (
        truth["velocity"] * t + truth.get("acceleration", 0) * t**2 / 2 + truth.get("poly3", 0) * t**3 / 6
    )
    for stem, period in (("annual", 1.0), ("semiAnnual", 0.5)):
        wave = np.sin(2 * np.pi * t / period + truth.get(f"{stem}Phase", 0))
        motion += truth.get(f"{stem}Amplitude", 0) * wave
    for name, value in truth.items():
        kind, day = name[:3], name.removeprefix("step").removeprefix("exp").removeprefix("log")[:8]
        if not day.isdigit():
            continue
        since = np.maximum(days_since(np.datetime64(f"{day[:4]}-{day[4:6]}-{day[6:]}")), 0)
        tau = float(name.partition("Tau")[2].removesuffix("D") or 1)
        shape = {"ste": since > 0, "exp": 1 - np.exp(-since / tau), "log": np.log1p(since / tau)}[kind]
        motion = motion + value * shape
    return motion


@pytest.mark.parametrize("kind", TRUTHS)
def test_the_truth_is_within_three_deviations(kind: str) -> None:
    spec, truth = TRUTHS[kind]
    times = dates()
    noise = np.random.default_rng(7).normal(0, 0.003, (times.size, 40, 40))
    array = xr.DataArray(motion_of(truth, times)[:, None, None] + noise, {"date": times}, ("date", "y", "x"))
    fit = fit_time_function(array, **spec, curves=False)
    within = np.ones((40, 40), bool)
    for name, value in truth.items():
        off = fit[name].values - value
        if name.endswith("Phase"):
            off = (off + np.pi) % (2 * np.pi) - np.pi
        within &= np.abs(off) <= 3 * fit[f"{name}Std"].values
        # and the deviations are neither too large nor too small
        assert 0.9 < float(off.std() / fit[f"{name}Std"].mean()) < 1.1, name
    assert within.mean() >= 0.95  # of the pixels, in all parameters at once
    assert "fitted" not in fit


@pytest.mark.mintpy
@pytest.mark.parametrize("component", ["east", "north", "up"])
def test_parameters_of_a_real_series_are_those_of_mintpy(component: str, shared_data: Any) -> None:
    file = shared_data / "ngl_series" / "AHUP.tenv3"
    if not file.is_file():
        pytest.skip(f"{file} is not there")
    station = read_tenv3(file).sel(time=slice("2012-01-01", "2022-01-01")).isel(time=slice(None, None, 6))
    values = station[component] - station[component][0]
    array = values.rename(time="date").drop_vars(set(values.coords) - {"time"}, errors="ignore")
    array.attrs = {"center_line_utc": SECONDS}
    # Kilauea: the eruption and the earthquake of May 2018, and what relaxed after them
    spec = {
        "poly": 1, "periodic": [1.0, 0.5], "steps": ["20180504", "20201221"], "exp": {"20180504": [40]},
        "log": {"20201221": [60]},
    }  # fmt: skip
    theirs = mintpy_fit(array, spec)
    ours = fit_time_function(array, **spec)
    np.testing.assert_allclose(ours["fitted"].values, theirs.pop("fitted"), rtol=0, atol=1e-9)
    assert abs(float(ours["step20180504"])) > 5 * float(ours["step20180504Std"])
    assert len(theirs) == 16
    for parameter, numbers in theirs.items():
        tolerance = 1e-5 if parameter.endswith("Phase") else 1e-6
        np.testing.assert_allclose(
            ours[parameter].values, numbers, rtol=tolerance, atol=1e-9, err_msg=parameter
        )


def test_gaps_of_one_pixel_do_not_touch_another() -> None:
    array = series((2, 3))
    whole = fit_time_function(array)
    holed = array.copy()
    holed.values[5:9, 0, 0] = np.nan
    holed.values[:, 1, 2] = np.nan
    holed.values[1:, 1, 1] = np.nan
    fit = fit_time_function(holed)
    for name in ("velocity", "velocityStd"):
        np.testing.assert_allclose(fit[name].values[0, 1:], whole[name].values[0, 1:], rtol=1e-12)
        assert np.isnan(fit[name].values[1, 1:]).all()
    np.testing.assert_array_equal(fit["count"], [[86, 90, 90], [90, 1, 0]])
    alone = fit_time_function(holed[:, 0, 0].dropna("date"))
    assert float(fit["velocity"][0, 0]) == pytest.approx(float(alone["velocity"]), rel=1e-12)
    assert float(fit["velocityStd"][0, 0]) == pytest.approx(float(alone["velocityStd"]), rel=1e-12)


def test_two_dates_give_a_line_without_a_deviation() -> None:
    array = series(count=2)
    fit = fit_time_function(array)
    years = 12 / 365.25
    assert float(fit["velocity"]) == pytest.approx((array.values[1] - array.values[0]) / years, rel=1e-6)
    assert np.isnan(float(fit["velocityStd"]))
    assert float(fit["rms"]) == pytest.approx(0, abs=1e-12)


def test_one_date_has_no_velocity_but_a_mean() -> None:
    array = series(count=1)
    with pytest.raises(ResultsError, match=r"2 parameters .* from 1 date; take fewer terms"):
        fit_time_function(array)
    assert float(fit_time_function(array, poly=0)["intercept"]) == pytest.approx(float(array[0]))


def test_a_constant_series_does_not_move() -> None:
    fit = fit_time_function(xr.full_like(series(), 0.25), periodic=1)
    assert float(fit["velocity"]) == pytest.approx(0, abs=1e-9)
    assert float(fit["intercept"]) == pytest.approx(0.25)
    assert float(fit["velocityStd"]) == pytest.approx(0, abs=1e-9)
    zero = fit_time_function(xr.zeros_like(series()), periodic=1)
    assert float(zero["annualAmplitude"]) == 0


def test_a_series_of_nan_gives_nan() -> None:
    fit = fit_time_function(xr.full_like(series(), np.nan))
    assert np.isnan(float(fit["velocity"]))
    assert int(fit["count"]) == 0


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"steps": ["20150101"]}, "step 20150101 is not between"),
        ({"steps": ["2018-13-45"]}, "is not a date; write YYYYMMDD"),
        ({"steps": ["20180607", "20180607"]}, "step20180607 twice"),
        ({"steps": ["20180607", "20180608"]}, "cannot tell step2018060"),
        ({"exp": {"20301231": [60]}}, "not before the last date"),
        ({"exp": {"20180607": [0]}}, "days above 0"),
        ({"log": {"20180607": []}}, "no characteristic time"),
        ({"periodic": [0]}, "period of 0.0 years"),
        ({"poly": -1}, "degree -1"),
        ({"exclude": ["20160102"]}, "no date 20160102 to exclude"),
    ],
)
def test_what_cannot_be_fitted_is_said_in_words(spec: dict[str, Any], words: str) -> None:
    with pytest.raises(ResultsError, match=words):
        fit_time_function(series(), **spec)


def test_unsorted_dates_are_refused() -> None:
    with pytest.raises(ResultsError, match="sortby"):
        fit_time_function(series()[::-1])


def test_an_excluded_date_has_a_residual_but_no_say() -> None:
    array = series()
    spoiled = array.copy()
    spoiled.values[10] += 1
    fit = fit_time_function(spoiled, exclude=[names(array.date.values)[10]])
    clean = fit_time_function(array, exclude=[array.date.values[10]])
    assert float(fit["velocity"]) == float(clean["velocity"])
    assert float(fit["residual"][10]) == pytest.approx(1, abs=0.05)
    assert not bool(fit["used"][10])
    assert float(fit["rms"]) == pytest.approx(float(np.sqrt((fit["residual"][fit["used"]] ** 2).mean())))


def test_onsets_may_be_lists_as_on_mintpys_command_line() -> None:
    listed = fit_time_function(series(), exp=[["20180607", "60", "200"]])
    mapped = fit_time_function(series(), exp={"20180607": [60, 200]})
    xr.testing.assert_identical(listed.drop_attrs(), mapped.drop_attrs())


def test_the_curve_between_the_dates_passes_through_the_fit(tmp_path: Any) -> None:
    array = series((2, 2))
    fit = fit_time_function(array, **MODELS["all"])
    fit.to_netcdf(tmp_path / "fit.nc")
    with xr.open_dataset(tmp_path / "fit.nc") as stored:
        curve = evaluate_fit(stored, array.date.values)
    np.testing.assert_allclose(curve["fitted"], fit["fitted"], atol=1e-9)
    # At the dates, the mean variance of the curve is sigma^2 P / N.
    parameters = fit.sizes["parameter"]
    mean = (curve["fittedStd"] ** 2).mean("date")
    np.testing.assert_allclose(mean, fit["sigma"] ** 2 * parameters / array.sizes["date"], rtol=1e-4)
    daily = evaluate_fit(fit, ["20180101", "2018-01-02"])
    assert daily.sizes["date"] == 2
