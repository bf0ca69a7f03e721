"""Daily GNSS positions brought to the dates of the acquisitions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from insar_widgets.results import fit_time_function

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]
Method = Literal["mean", "nearest"]


@dataclass(frozen=True)
class AtEpochs:
    """Values at the acquisitions; NaN and 0 where no day is near enough."""

    value: Floats
    deviation: Floats
    count: npt.NDArray[np.int64]


def at_epochs(
    days: Days, values: Floats, sigma: Floats, dates: Days, *, window: int, method: Method
) -> AtEpochs:
    """Mean of the days within `window` days of each date, or the nearest of them.

    Parameters
    ----------
    days : (D,) ascending days of the solutions.
    values, sigma : (D,) m.
    dates : (N,) dates of the acquisitions.
    window : largest distance in days, both sides.
    method : how the days are brought together; of two equally near days the earlier one is taken.

    Notes
    -----
    The standard deviation of a mean takes the days' errors as independent.
    """
    day, target = days.astype("datetime64[D]").astype(int), dates.astype("datetime64[D]").astype(int)
    finite = np.isfinite(values)
    day, values, sigma = day[finite], values[finite], sigma[finite]
    first, last = (
        np.searchsorted(day, target - window, "left"),
        np.searchsorted(day, target + window, "right"),
    )
    value, deviation = np.full(len(target), np.nan), np.full(len(target), np.nan)
    count = np.zeros(len(target), np.int64)
    for i, near in enumerate(map(slice, first, last)):
        if near.start == near.stop:
            continue
        if method == "nearest":
            best = near.start + int(np.argmin(np.abs(day[near] - target[i])))
            near = slice(best, best + 1)  # noqa: PLW2901
        count[i] = near.stop - near.start
        value[i] = values[near].mean()
        deviation[i] = np.sqrt((sigma[near] ** 2).sum()) / count[i]
    return AtEpochs(value, deviation, count)


@dataclass(frozen=True)
class Mended:
    """A series without its steps of equipment.

    Attributes
    ----------
    los : (D,) m; NaN on the day of a step.
    sizes : of each step that was taken out: its date, its size and standard deviation (m).
    """

    los: Floats
    sizes: tuple[tuple[date, float, float], ...] = ()


def without_steps(projected: xr.Dataset, equipment: list[date], others: list[date]) -> Mended:
    """Take the steps of equipment out of a line-of-sight series.

    They are estimated together with a line, a yearly term where the series is longer than two years, and the other
    steps (earthquakes), which stay. Their standard deviation allows for noise that is correlated from day to day.
    """
    days = projected["time"].values.astype("datetime64[D]")
    los = projected["los"].values.astype(float)
    inside = [d for d in equipment if days[0] < np.datetime64(d) <= days[-1]]
    if not inside:
        return Mended(los)
    quakes = [d for d in others if days[0] < np.datetime64(d) <= days[-1] and d not in inside]
    long = (days[-1] - days[0]).astype(int) > 730
    series = xr.DataArray(los, coords={"date": projected["time"].values}, dims="date")
    names = [d.strftime("%Y%m%d") for d in sorted({*inside, *quakes})]
    fit = fit_time_function(series, poly=1, periodic=[1.0] if long else [], steps=names)
    wider = correlation_factor(fit["residual"].values)
    sizes, mended = [], los.copy()
    for day in inside:
        name = f"step{day:%Y%m%d}"
        size, deviation = float(fit[name]), float(fit[f"{name}Std"]) * wider
        mended[days > np.datetime64(day)] -= size
        mended[days == np.datetime64(day)] = np.nan  # partly before, partly after
        sizes.append((day, size, deviation))
    return Mended(mended, tuple(sizes))


def correlation_factor(residual: Floats) -> float:
    """How much larger a standard deviation is for noise with the residuals' lag-1 correlation than for white noise.

    sqrt((1 + r) / (1 - r)) of first-order autoregressive noise; r is not taken below 0 nor above 0.95.
    """
    known = residual[np.isfinite(residual)]
    if known.size < 4 or not known.any():
        return 1.0
    centred = known - known.mean()
    r = float((centred[1:] * centred[:-1]).sum() / (centred**2).sum()) if centred.any() else 0.0
    r = min(max(r, 0.0), 0.95)
    return float(np.sqrt((1 + r) / (1 - r)))
