"""The velocity of a station in east, north and up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from insar_widgets.errors import GnssError
from insar_widgets.gnss._daily import fit_days
from insar_widgets.gnss._epochs import named
from insar_widgets.gnss.steps import StationStep

__all__ = ["StationVelocity", "station_velocity"]

_COMPONENTS = ("east", "north", "up")
_LEAST_DAYS = 10


@dataclass(frozen=True)
class StationVelocity:
    """How a station moves in its own reference frame.

    Attributes
    ----------
    east, north, up : m/yr.
    east_std, north_std, up_std : standard deviations, m/yr.
    corr_en : correlation of the errors of east and north, for an error ellipse.
    days : daily positions used.
    """

    east: float
    north: float
    up: float
    east_std: float
    north_std: float
    up_std: float
    corr_en: float
    days: int


def station_velocity(
    series: xr.Dataset,
    start: str | np.datetime64 | None = None,
    end: str | np.datetime64 | None = None,
    steps: Iterable[StationStep] = (),
) -> StationVelocity:
    """Fit a rate to each component of a position series.

    Parameters
    ----------
    series
        As `read_tenv3` gives it.
    start, end
        First and last day used, YYYY-MM-DD; all days if not given.
    steps
        Steps, of which those of this station within the time span are estimated together with the rate.

    Raises
    ------
    GnssError
        There are too few days.

    Notes
    -----
    A yearly term is estimated as well where the series is longer than two years. The standard deviations allow for
    noise that is correlated from day to day, see `compare_gnss`.
    """
    chosen = series.sel(time=slice(start, end))
    name = series.attrs.get("station", "")
    count = chosen.sizes["time"]
    if count < _LEAST_DAYS:
        raise GnssError(
            f"{name or 'The station'} has {count} daily positions in this time span; a velocity needs {_LEAST_DAYS}."
        )
    time = chosen["time"].values.astype("datetime64[D]")
    breaks = sorted(
        {s.date for s in steps if s.station == name and time[0] < np.datetime64(s.date) <= time[-1]}
    )
    # relative to the first day: positions have millions of metres, displacements millimetres
    moved = np.stack([chosen[c].values - chosen[c].values[0] for c in _COMPONENTS], axis=1)
    fit = fit_days(time, moved, breaks)
    if fit is None:
        raise GnssError(
            f"The days of {name or 'the station'} cannot tell {named(breaks)} and its rate apart."
        )
    east, north, up = (float(rate) for rate in fit.coefficients[1])
    east_std, north_std, up_std = (fit.known(1, series).deviation for series in range(len(_COMPONENTS)))
    spread = float(np.std(fit.residuals[:, 0]) * np.std(fit.residuals[:, 1]))
    together = float(np.mean(fit.residuals[:, 0] * fit.residuals[:, 1])) / spread if spread > 0 else 0.0
    return StationVelocity(
        east, north, up, east_std, north_std, up_std, float(np.clip(together, -1, 1)), int(count)
    )
