"""One station's two series brought together, and the figures that follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import stats

from insar_widgets.gnss._epochs import AtEpochs, Mended, correlation_factor
from insar_widgets.gnss.stations import Station
from insar_widgets.results import fit_time_function

Days = npt.NDArray[np.datetime64]
LEAST_EPOCHS = 3
_CONFIDENCE = 0.95

COLUMNS = (
    "station", "lon", "lat", "frame", "epochs", "gnss_velocity", "gnss_velocity_std", "insar_velocity",
    "insar_velocity_std", "velocity_difference", "velocity_difference_std", "velocity_difference_95", "correlation",
    "rmse", "bias", "scatter", "pixels", "steps_removed", "outliers", "is_reference",
)  # fmt: skip


@dataclass
class Track:
    """What is known of one station on the way to its row."""

    station: Station
    projected: xr.Dataset
    mended: Mended
    insar: xr.Dataset
    epochs: AtEpochs
    outliers: int


def pair(track: Track, base: Track | None, dates: Days, zero: str | None) -> xr.Dataset | None:
    """GNSS and InSAR of a station, relative to the reference and zero at the same date, `zero` (YYYYMMDD) if it can be.

    None where fewer than `LEAST_EPOCHS` acquisitions have both.
    """
    gnss, deviation = track.epochs.value.copy(), track.epochs.deviation.copy()
    insar = track.insar["displacement"].values.astype(float)
    low, high = (track.insar[p].values - insar for p in ("p16", "p84"))
    days = track.projected["time"].values
    daily, sigma = track.mended.los.copy(), track.projected["sigma_los"].values.copy()
    if base is not None:
        gnss -= base.epochs.value
        deviation = np.hypot(deviation, base.epochs.deviation) if base is not track else deviation * 0
        insar = insar - base.insar["displacement"].values
        _, here, there = np.intersect1d(days, base.projected["time"].values, return_indices=True)
        days, daily = days[here], daily[here] - base.mended.los[there]
        other = base.projected["sigma_los"].values[there]
        sigma = np.hypot(sigma[here], other) if base is not track else sigma[here] * 0
    common = np.isfinite(gnss) & np.isfinite(insar)
    if common.sum() < LEAST_EPOCHS:
        return None
    names = np.array([str(day).replace("-", "") for day in dates])
    at_zero = np.flatnonzero(common & (names == zero))
    first = int(at_zero[0]) if at_zero.size else int(np.flatnonzero(common)[0])
    shift = gnss[first]
    gnss, daily, insar = gnss - shift, daily - shift, insar - insar[first]
    metres = {"units": "m"}
    both = xr.Dataset(
        {
            "gnss": ("date", gnss, metres | {"long_name": "GNSS displacement in line of sight"}),
            "gnss_std": ("date", deviation, metres | {"long_name": "its standard deviation"}),
            "gnss_count": (
                "date",
                track.epochs.count,
                {"units": "1", "long_name": "days at the acquisition"},
            ),
            "insar": ("date", insar, metres | {"long_name": "InSAR displacement in line of sight"}),
            "insar_p16": ("date", insar + low, metres | {"long_name": "16th percentile of the pixels"}),
            "insar_p84": ("date", insar + high, metres | {"long_name": "84th percentile of the pixels"}),
            "residual": ("date", insar - gnss, metres | {"long_name": "InSAR minus GNSS"}),
            "gnss_daily": (
                "time",
                daily,
                metres | {"long_name": "GNSS displacement in line of sight, daily"},
            ),
            "sigma_daily": ("time", sigma, metres | {"long_name": "its standard deviation"}),
        },
        coords={"date": dates.astype("datetime64[ns]"), "time": days.astype("datetime64[ns]")},
    )
    about = track.projected.attrs
    both.attrs = {
        "station": track.station.name, "lon": track.station.lon, "lat": track.station.lat, "frame": about["frame"],
        "incidence": about["incidence"], "azimuth": about["azimuth"],
        "zero_date": str(names[first]), "reference": base.station.name if base else "",
        "sampling": track.insar.attrs.get("sampling", ""), "layer": track.insar.attrs.get("layer", ""),
        "steps_removed": "; ".join(f"{d:%Y-%m-%d} {s * 1e3:+.1f} ± {e * 1e3:.1f} mm" for d, s, e in track.mended.sizes),
    }  # fmt: skip
    return both


def row(track: Track, both: xr.Dataset, base: Track | None) -> dict[str, Any]:
    common = both.isel(date=np.isfinite(both["residual"].values))
    velocities = {key: _velocity(common[key]) for key in ("gnss", "insar", "residual")}
    slope, deviation, freedom = velocities["residual"]
    parts = [track] if base is None else [] if base is track else [track, base]
    deviation = float(np.hypot(deviation, np.sqrt(sum(_step_variance(p, common) for p in parts))))
    residual = common["residual"].values
    gnss, insar = common["gnss"].values, common["insar"].values
    varied = np.ptp(gnss) > 0 and np.ptp(insar) > 0
    return {
        "station": track.station.name,
        "lon": track.station.lon,
        "lat": track.station.lat,
        "frame": both.attrs["frame"],
        "epochs": int(common.sizes["date"]),
        "gnss_velocity": velocities["gnss"][0],
        "gnss_velocity_std": velocities["gnss"][1],
        "insar_velocity": velocities["insar"][0],
        "insar_velocity_std": velocities["insar"][1],
        "velocity_difference": slope,
        "velocity_difference_std": deviation,
        "velocity_difference_95": deviation * float(stats.t.ppf((1 + _CONFIDENCE) / 2, freedom))
        if freedom
        else np.nan,
        "correlation": float(np.corrcoef(gnss, insar)[0, 1]) if varied else float("nan"),
        "rmse": float(np.sqrt((residual**2).mean())),
        "bias": float(residual.mean()),
        "scatter": float(residual.std()),
        "pixels": int(track.insar.attrs.get("pixels", 1)),
        "steps_removed": len(track.mended.sizes),
        "outliers": track.outliers,
        "is_reference": base is track,
    }


def _velocity(values: xr.DataArray) -> tuple[float, float, int]:
    """Rate of a line (m/yr), its standard deviation with correlated residuals, and the degrees of freedom."""
    fit = fit_time_function(values, poly=1)
    wider = correlation_factor(fit["residual"].values)
    return float(fit["velocity"]), float(fit["velocityStd"]) * wider, int(values.size) - 2


def _step_variance(track: Track, common: xr.Dataset) -> float:
    """Variance of the rate (m/yr)^2 that comes from the removed steps: the rate of a step of one standard deviation."""
    total = 0.0
    for day, _, deviation in track.mended.sizes:
        after = common["date"].values > np.datetime64(day)
        if after.any() and not after.all():
            unit = xr.DataArray(after.astype(float), coords={"date": common["date"]}, dims="date")
            total += (float(fit_time_function(unit, poly=1)["velocity"]) * deviation) ** 2
    return total
