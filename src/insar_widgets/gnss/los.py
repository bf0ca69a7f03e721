"""From east, north and up to the radar's line of sight."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

__all__ = ["los_vector", "project_to_los"]

Floats = npt.NDArray[np.float64]


def los_vector(incidence: npt.ArrayLike, azimuth: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """East, north and up of the unit vector from the ground to the sensor.

    Parameters
    ----------
    incidence
        Angle from the vertical in degrees, MintPy's ``incidenceAngle``.
    azimuth
        Azimuth of the line of sight from ground to sensor, from north and anti-clockwise positive, in degrees:
        MintPy's ``azimuthAngle``.

    Notes
    -----
    Fattahi and Amelung (2016), doi:10.1002/2016JB013266, with MintPy's angles.
    """
    theta, alpha = np.radians(np.asarray(incidence, float)), np.radians(np.asarray(azimuth, float))
    return -np.sin(theta) * np.sin(alpha), np.sin(theta) * np.cos(alpha), np.cos(theta)


def project_to_los(series: xr.Dataset, incidence: float, azimuth: float) -> xr.Dataset:
    """Project a position series to line of sight.

    Parameters
    ----------
    series
        As `read_tenv3` gives it.
    incidence, azimuth
        Degrees, of the pixel that holds the station; see `los_vector`.

    Returns
    -------
    xr.Dataset
        ``los`` (m, positive towards the satellite, zero at the first day) and ``sigma_los`` (m): the standard
        deviation with the correlations of the three components, u' C u.
    """
    e, n, u = (float(part) for part in los_vector(incidence, azimuth))
    # relative to the first day: positions have millions of metres, displacements millimetres
    moved = {name: series[name] - series[name][0] for name in ("east", "north", "up")}
    los = e * moved["east"] + n * moved["north"] + u * moved["up"]
    se, sn, su = e * series["sigma_east"], n * series["sigma_north"], u * series["sigma_up"]
    variance = se**2 + sn**2 + su**2
    variance = variance + 2 * (
        se * sn * series["corr_en"] + se * su * series["corr_eu"] + sn * su * series["corr_nu"]
    )
    projected = xr.Dataset(
        {
            "los": los.assign_attrs(
                units="m", long_name="GNSS displacement in line of sight, towards the satellite"
            ),
            "sigma_los": (variance.clip(min=0) ** 0.5).assign_attrs(
                units="m", long_name="its standard deviation"
            ),
        }
    )
    projected.attrs = dict(series.attrs) | {"incidence": float(incidence), "azimuth": float(azimuth)}
    return projected
