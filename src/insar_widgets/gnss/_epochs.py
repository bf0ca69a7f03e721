"""Daily GNSS positions brought to the dates of the acquisitions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from insar_widgets.errors import GnssError
from insar_widgets.gnss._daily import STEPS_FROM, fit_days

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
class Step:
    """A step that was taken out of a series: its size, standard deviation and half of its 95 % interval, m."""

    date: date
    size: float
    deviation: float
    half_width: float


@dataclass(frozen=True)
class Mended:
    """A series without its steps of equipment.

    Attributes
    ----------
    los : (D,) m; NaN on the day of a step.
    sizes : of each step that was taken out.
    """

    los: Floats
    sizes: tuple[Step, ...] = ()


def without_steps(projected: xr.Dataset, equipment: list[date], others: list[date]) -> Mended:
    """Take the steps of equipment out of a line-of-sight series.

    They are estimated together with a line, a yearly term where the series is longer than two years, and the other
    steps (earthquakes), which stay. Their uncertainty allows for noise that is correlated from day to day. Raises
    GnssError where the days cannot tell the steps apart.
    """
    days = projected["time"].values.astype("datetime64[D]")
    los = projected["los"].values.astype(float)
    inside = [d for d in equipment if days[0] < np.datetime64(d) <= days[-1]]
    if not inside:
        return Mended(los)
    quakes = [d for d in others if days[0] < np.datetime64(d) <= days[-1] and d not in inside]
    breaks = sorted({*inside, *quakes})
    fit = fit_days(days, los, breaks)
    if fit is None:
        raise GnssError(f"its days cannot tell {named(breaks)} and the rate apart")
    sizes, mended = [], los.copy()
    for step in inside:
        column = STEPS_FROM + breaks.index(step)
        known = fit.known(column)
        size = float(fit.coefficients[column])
        mended[days > np.datetime64(step)] -= size
        mended[days == np.datetime64(step)] = np.nan  # partly before, partly after
        sizes.append(Step(step, size, known.deviation, known.half_width))
    return Mended(mended, tuple(sizes))


def named(breaks: list[date]) -> str:
    """Steps in words."""
    return f"the steps of {', '.join(f'{day:%Y-%m-%d}' for day in breaks)}"
