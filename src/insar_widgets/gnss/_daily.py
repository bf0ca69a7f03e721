"""Daily positions as a line, steps and a yearly term."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from insar_widgets.gnss._noise import Known, coefficient, line_and

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]

STEPS_FROM = 2
"""Column of the first step; before it come the constant and the rate per year."""
_MOST_BINS = 120
_SHORTEST_BIN = 10.0  # days
_SEASONS_FROM = 730  # days; in shorter series a yearly term and a rate cannot be told apart


@dataclass(frozen=True)
class DailyFit:
    """What was fitted to a series.

    Attributes
    ----------
    coefficients : (P,) or (P, K) of the constant, the rate per year, each step, and the yearly term if there is one.
    residuals : (N,) or (N, K) of the days with a value.
    """

    coefficients: Floats
    residuals: Floats
    _binned: tuple[Floats, Floats, Floats]

    def known(self, column: int, series: int | None = None) -> Known:
        """How well a coefficient, of one of K series, is known where the noise may be correlated from day to day."""
        design, values, days = self._binned
        return coefficient(design, values if series is None else values[:, series].copy(), days, column)


def fit_days(days: Days, values: Floats, breaks: list[date]) -> DailyFit | None:
    """Fit a line, steps after these days, and a yearly term in more than two years.

    Parameters
    ----------
    days : (D,) ascending.
    values : (D,), or (D, K) for K series of the same days; a day that lacks a value, NaN, is left out.
    breaks : days of the steps.

    Returns
    -------
    DailyFit
        None where the days cannot tell the steps and the rate apart.
    """
    used = np.isfinite(values).reshape(len(days), -1).all(axis=1)
    design, values = _design(days, breaks)[used], values[used]
    binned = _in_bins(design, values, days[used].astype(float))
    if np.linalg.matrix_rank(binned[0]) < design.shape[1]:
        return None
    coefficients = np.linalg.lstsq(design, values, rcond=None)[0]
    return DailyFit(coefficients, values - design @ coefficients, binned)


def _design(days: Days, breaks: list[date]) -> Floats:
    """Design matrix of daily positions: a line, steps after these days, a yearly term in more than two years."""
    day = days.astype("datetime64[D]").astype(np.float64)
    angle = 2 * np.pi * (day - day[0]) / 365.25
    yearly = (np.cos(angle), np.sin(angle)) if day[-1] - day[0] > _SEASONS_FROM else ()
    return line_and(day, *((day > np.datetime64(step).astype(int)).astype(float) for step in breaks), *yearly)


def _in_bins(design: Floats, values: Floats, days: Floats) -> tuple[Floats, Floats, Floats]:
    """Means of daily values, of their design and of their days: few enough to look at all their correlations."""
    width = max(_SHORTEST_BIN, (days[-1] - days[0]) / _MOST_BINS)
    number = np.unique(np.floor((days - days[0]) / width), return_inverse=True)[1]
    count = np.bincount(number)

    def mean(columns: Floats) -> Floats:
        return np.stack([np.bincount(number, column) / count for column in np.atleast_2d(columns.T)], axis=-1)

    return mean(design), mean(values).reshape(-1, *values.shape[1:]), mean(days)[:, 0]
