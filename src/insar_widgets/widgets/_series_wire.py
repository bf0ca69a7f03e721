"""What goes to the browser: one buffer of 64-bit floats, and JSON that says what is where."""

from __future__ import annotations

from typing import Any

import numpy as np

from insar_widgets.widgets._series_compute import Found, Wanted, columns_of
from insar_widgets.widgets._series_source import SeriesSource

__all__ = ["pack"]


def pack(source: SeriesSource, wanted: Wanted, found: Found) -> tuple[dict[str, Any], bytes]:
    """Payload and buffer; the buffer holds dates, RMS and curve times (ms UTC), then each line's arrays.

    A line has ``values, low, high, residual`` along the dates and ``fitted, deviation`` along the curve times; a line
    with a problem has none.
    """
    dates = found.dates.astype("datetime64[ms]").astype(float)
    rms = np.full(dates.size, np.nan)
    if source.rms is not None:
        same = np.array_equal(source.rms["date"].values, found.dates)
        rms = np.asarray((source.rms if same else source.rms.reindex(date=found.dates)).values, float)
    curve = found.curve
    times = curve.times.astype("datetime64[ms]").astype(float) if curve is not None else np.zeros(0)
    parts = [dates, rms, times]
    columns = columns_of(found.fit) if found.fit is not None else []
    whole = {id(line): i for i, line in enumerate(found.whole)}
    names = [*(n for key, _, _ in columns for n in (key, f"{key}Std")), "rms", "sigma", "count", "residual"]
    fits = {name: found.fit.variables[name].values for name in names} if found.fit is not None else {}
    lines = []
    for line in found.lines:
        entry: dict[str, Any] = {
            "point": line.point,
            "series": line.series,
            "label": source.labels.get(line.series, line.series),
            "sampling": line.sampling,
            "problem": line.problem,
            "pixels": line.pixels,
            "note": found.pixel_notes.get(line.point, ""),
        }
        lines.append(entry)
        if line.problem:
            continue
        at = whole[id(line)]
        residual = fits["residual"][:, at] if fits else np.full(dates.size, np.nan)
        parts += [line.values, line.low, line.high, residual]
        parts += [curve.fitted[:, at], curve.deviation[:, at]] if curve is not None else []
        entry["note"] = " ".join(filter(None, [entry["note"], _remark(line.values, found, at)]))
        if found.fit is not None:
            entry |= {
                "values": [[_number(fits[k][at]) for k in (key, f"{key}Std")] for key, _, _ in columns],
                "rms": _number(fits["rms"][at]),
                "sigma": _number(fits["sigma"][at]),
                "count": int(fits["count"][at]),
            }
    payload = {
        "dates": dates.size,
        "curve": times.size,
        "has_rms": source.rms is not None,
        "columns": [{"key": key, "title": title, "units": units} for key, title, units in columns],
        "lines": lines,
        "used": found.fit.variables["used"].values.astype(int).tolist() if found.fit is not None else [],
        "fit_problem": found.fit_problem,
        "units": source.units,
        "quantity": source.quantity,
        "source": source.where,
        "notes": list(source.notes),
        "names": [{"name": name, "label": label} for name, label in source.labels.items()],
        "reference_date": wanted.reference_date or source.reference_date,
        "reference_point": dict(wanted.reference_point or source.reference_point or {}) or None,
        "radius": wanted.radius,
    }
    return payload, np.concatenate(parts).tobytes()


def _remark(values: Any, found: Found, at: int) -> str:
    """What is special about a series that can be drawn."""
    known = values[np.isfinite(values)]
    remarks = []
    if known.size > 1 and np.ptp(known) == 0:
        zero = "zero, as at the reference point" if known[0] == 0 else "the same value"
        remarks.append(f"Constant: {zero} at every date.")
    if known.size < values.size:
        remarks.append(f"{known.size} of {values.size} dates have a value.")
    if found.fit is not None and not np.isfinite(found.fit.variables["rms"].values[at]):
        size = found.fit.sizes["parameter"]
        dates = "date" if known.size == 1 else "dates"
        remarks.append(f"Too few for a fit: {known.size} {dates} for {size} parameters, take fewer terms.")
    elif found.fit is not None and not np.isfinite(found.fit.variables["sigma"].values[at]):
        remarks.append("As many parameters as dates: no standard deviation.")
    return " ".join(remarks)


def _number(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
