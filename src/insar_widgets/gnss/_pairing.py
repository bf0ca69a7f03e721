"""One station's two series brought together, and the figures that follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insar_widgets.gnss._epochs import AtEpochs, Mended
from insar_widgets.gnss._noise import Known, coefficient, line_and
from insar_widgets.gnss.stations import Station

Days = npt.NDArray[np.datetime64]
Floats = npt.NDArray[np.float64]
LEAST_EPOCHS = 3

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
        "steps_removed": "; ".join(
            f"{s.date:%Y-%m-%d} {s.size * 1e3:+.1f} ± {s.deviation * 1e3:.1f} mm" for s in track.mended.sizes
        ),
    }  # fmt: skip
    return both


def row(track: Track, both: xr.Dataset, base: Track | None) -> dict[str, Any]:
    common = both.isel(date=np.isfinite(both["residual"].values))
    gnss_rate, insar_rate, rate = (_velocity(common[key]) for key in ("gnss", "insar", "residual"))
    parts = [track] if base is None else [] if base is track else [track, base]
    steps = [_of_steps(part, common) for part in parts]
    deviation, half_width = (
        float(np.hypot(own, np.linalg.norm([step[i] for step in steps])))
        for i, own in enumerate((rate.deviation, rate.half_width))
    )
    residual = common["residual"].values
    gnss, insar = common["gnss"].values, common["insar"].values
    varied = np.ptp(gnss) > 0 and np.ptp(insar) > 0
    return {
        "station": track.station.name,
        "lon": track.station.lon,
        "lat": track.station.lat,
        "frame": both.attrs["frame"],
        "epochs": int(common.sizes["date"]),
        "gnss_velocity": gnss_rate.value,
        "gnss_velocity_std": gnss_rate.deviation,
        "insar_velocity": insar_rate.value,
        "insar_velocity_std": insar_rate.deviation,
        "velocity_difference": rate.value,
        "velocity_difference_std": deviation,
        "velocity_difference_95": half_width,
        "correlation": float(np.corrcoef(gnss, insar)[0, 1]) if varied else float("nan"),
        "rmse": float(np.sqrt((residual**2).mean())),
        "bias": float(residual.mean()),
        "scatter": float(residual.std()),
        "pixels": int(track.insar.attrs.get("pixels", 1)),
        "steps_removed": len(track.mended.sizes),
        "outliers": track.outliers,
        "is_reference": base is track,
    }


def _velocity(values: xr.DataArray) -> Known:
    """Rate of a line, m/yr."""
    days = _days(values)
    return coefficient(line_and(days), values.values.astype(float), days, 1)


def _of_steps(track: Track, common: xr.Dataset) -> tuple[float, float]:
    """What the removed steps add to the standard deviation and to half of the 95 % interval of the rate, m/yr."""
    days = _days(common)
    effects = []
    for step in track.mended.sizes:
        after = (common["date"].values > np.datetime64(step.date)).astype(float)
        rate = np.linalg.lstsq(line_and(days), after, rcond=None)[0][1]
        effects.append((float(rate) * step.deviation, float(rate) * step.half_width))
    if not effects:
        return 0.0, 0.0
    deviation, half_width = np.linalg.norm(effects, axis=0)
    return float(deviation), float(half_width)


def _days(values: xr.DataArray | xr.Dataset) -> Floats:
    return values["date"].values.astype("datetime64[D]").astype(np.float64)
