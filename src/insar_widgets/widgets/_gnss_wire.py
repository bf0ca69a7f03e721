"""What goes to the browser of GNSS stations, their motion and their comparison with InSAR."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from insar_widgets.gnss import Candidate, Comparison, Station, StationStep, StationVelocity
from insar_widgets.results import Results
from insar_widgets.widgets._gnss_work import Compared

__all__ = ["arrows", "comparison_payload", "motion", "number", "series_payload", "station_wire", "table_rows"]

_ROW = (
    "gnss_velocity", "gnss_velocity_std", "insar_velocity", "insar_velocity_std", "velocity_difference",
    "velocity_difference_95", "correlation", "rmse", "bias", "scatter",
)  # fmt: skip


def number(value: Any) -> float | None:
    """A number that JSON can hold."""
    return float(value) if value is not None and math.isfinite(float(value)) else None


def station_wire(station: Station) -> dict[str, Any]:
    """Everything that the popup of a station shows."""
    return {
        "name": station.name, "lon": station.lon, "lat": station.lat, "height": number(station.height),
        "xyz": list(station.xyz) if station.xyz else None, "begin": station.begin.isoformat(),
        "end": station.end.isoformat(), "modified": station.modified.isoformat() if station.modified else "",
        "solutions": station.solutions, "original": station.original_name, "usable": station.usable,
        "reason": station.reason, "own": station.file is not None,
    }  # fmt: skip


def motion(comparison: Comparison | None) -> dict[str, Any]:
    """LOS velocity (m/yr) and displacement (m) at each acquisition of the compared stations."""
    if comparison is None or not comparison.names:
        return {"dates": [], "stations": {}, "reference": "", "rejected": {}}
    dates: list[str] = []
    stations: dict[str, Any] = {}
    for name in comparison.names:
        series = comparison.series(name)
        if not dates:
            dates = [str(d)[:10].replace("-", "") for d in series["date"].values]
        line = comparison.table.loc[name]
        stations[name] = {
            "velocity": number(line["gnss_velocity"]),
            "std": number(line["gnss_velocity_std"]),
            "insar": number(line["insar_velocity"]),
            "displacement": [number(v) for v in series["gnss"].values],
        }
    return {
        "dates": dates, "stations": stations, "reference": comparison.reference or "", "rejected": comparison.rejected,
    }  # fmt: skip


def arrows(velocities: Mapping[str, StationVelocity], reference: str | None) -> dict[str, Any]:
    """Velocities in east, north and up, m/yr, less those of the reference station."""
    base = velocities.get(reference or "")
    found = {}
    for name, own in velocities.items():
        east, north, up = own.east, own.north, own.up
        var_e, var_n, var_u = own.east_std**2, own.north_std**2, own.up_std**2
        both = own.corr_en * own.east_std * own.north_std
        if base is not None:
            east, north, up = east - base.east, north - base.north, up - base.up
            other = 0.0 if base is own else 1.0  # the reference does not move, and that is certain
            var_e, var_n = other * (var_e + base.east_std**2), other * (var_n + base.north_std**2)
            var_u = other * (var_u + base.up_std**2)
            both = other * (both + base.corr_en * base.east_std * base.north_std)
        spread = math.sqrt(var_e * var_n)
        found[name] = {
            "e": east, "n": north, "u": up, "se": math.sqrt(var_e), "sn": math.sqrt(var_n), "su": math.sqrt(var_u),
            "c": both / spread if spread > 0 else 0.0,
        }  # fmt: skip
    return found


def table_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """The table of a comparison, m and m/yr."""
    rows = []
    for name, line in comparison.table.iterrows():
        rows.append(
            {"name": str(name), "frame": str(line["frame"]), "epochs": int(line["epochs"]),
             "pixels": int(line["pixels"]), "steps": int(line["steps_removed"]), "outliers": int(line["outliers"]),
             "reference": bool(line["is_reference"])} | {key: number(line[key]) for key in _ROW}
        )  # fmt: skip
    return rows


def series_payload(series: xr.Dataset, steps: Iterable[StationStep]) -> tuple[dict[str, Any], bytes]:
    """A station's two series: what is said of them, and a buffer of 64-bit floats (times in ms UTC, metres).

    Along the dates: date, gnss, gnss_std, insar, insar_p16, insar_p84, residual; along the days: time, gnss_daily,
    sigma_daily.
    """
    parts = [series["date"].values.astype("datetime64[ms]").astype(float)]
    names = ("gnss", "gnss_std", "insar", "insar_p16", "insar_p84", "residual")
    parts += [series[name].values.astype(float) for name in names]
    parts.append(series["time"].values.astype("datetime64[ms]").astype(float))
    parts += [series[name].values.astype(float) for name in ("gnss_daily", "sigma_daily")]
    days = series["time"].values
    marks = [
        {"date": f"{step.date:%Y%m%d}", "kind": step.kind, "label": step.reason}
        for step in steps
        if step.station == series.attrs["station"]
        and len(days)
        and days[0] <= np.datetime64(step.date) <= days[-1]
    ]
    about = {
        key: series.attrs[key]
        for key in ("station", "frame", "incidence", "azimuth", "zero_date", "reference", "sampling", "layer")
    }
    payload = about | {
        "dates": series.sizes["date"],
        "days": series.sizes["time"],
        "steps": marks,
        "removed": series.attrs["steps_removed"],
        "counts": [int(n) for n in series["gnss_count"].values],
    }
    return payload, np.concatenate(parts).tobytes()


def comparison_payload(
    found: Compared, candidates: tuple[Candidate, ...], results: Results
) -> dict[str, Any]:
    """What the inspector shows of a comparison besides the series."""
    comparison = found.comparison
    regression = comparison.regression
    best = next((one for one in candidates if one.name in comparison.names), None)
    return {
        "rows": table_rows(comparison),
        "rejected": comparison.rejected,
        "reference": comparison.reference or "",
        "regression": vars(regression) if regression else None,
        "notes": list(comparison.notes),
        "suggested": {"name": best.name, "why": best.why} if best else None,
        "age": found.gathered.age_days,
        "layer": Path(str(results.timeseries.attrs.get("source", "") or results.timeseries.name)).name,
        "window": found.settings.window_days,
        "radius": found.settings.radius,
        "method": found.settings.method,
    }
