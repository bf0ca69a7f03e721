"""A series as a table of numbers, and as the Python that makes these numbers."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from insar_widgets import __version__
from insar_widgets.widgets._series_compute import Found, Wanted, columns_of, residual_of
from insar_widgets.widgets._series_model import model_words
from insar_widgets.widgets._series_source import SeriesSource

__all__ = ["code_for", "csv_text", "dataset_of", "table_of"]


def dataset_of(source: SeriesSource, wanted: Wanted, found: Found) -> xr.Dataset:
    """Everything that is drawn, along ``line`` and ``date``, in the source's units."""
    labels = {point["id"]: point for point in wanted.points}
    lines = found.lines

    def stack(values: list[Any]) -> Any:
        return (
            ("line", "date"),
            np.array(values, float).reshape(len(lines), found.dates.size),
            {"units": source.units},
        )

    empty = np.full(found.dates.size, np.nan)
    residuals = [residual_of(found, line) for line in lines]
    used = found.fit["used"].values if found.fit is not None else np.zeros(found.dates.size, bool)
    return xr.Dataset(
        {
            "displacement": stack([line.values for line in lines]),
            "p16": stack([line.low for line in lines]),
            "p84": stack([line.high for line in lines]),
            "residual": stack([empty if r is None else r for r in residuals]),
            "used": ("date", used),
            "pixels": ("line", [line.pixels for line in lines]),
            "problem": ("line", np.array([line.problem for line in lines], dtype=str)),
        },
        coords={
            "date": found.dates,
            "point": ("line", np.array([labels[line.point]["label"] for line in lines], dtype=str)),
            "series": ("line", np.array([line.series for line in lines], dtype=str)),
            "lon": ("line", np.array([labels[line.point]["lon"] for line in lines], float)),
            "lat": ("line", np.array([labels[line.point]["lat"] for line in lines], float)),
        },
        attrs={"source": source.where, "model": json.dumps(dict(wanted.model))},
    )


def table_of(wanted: Wanted, found: Found) -> pd.DataFrame:
    """A row for each line: the parameters under MintPy's names with their standard deviations, and the RMS."""
    labels = {point["id"]: point for point in wanted.points}
    columns = [key for key, _, _ in columns_of(found.fit)] if found.fit is not None else []
    whole = found.whole
    rows = []
    for line in found.lines:
        row: dict[str, Any] = {"point": labels[line.point]["label"], "series": line.series}
        if found.fit is not None and not line.problem:
            at = found.fit.isel(line=whole.index(line))
            for key in columns:
                row |= {key: float(at[key]), f"{key}Std": float(at[f"{key}Std"])}
            row |= {"rms": float(at["rms"]), "dates": int(at["count"])}
        rows.append(row)
    return pd.DataFrame(rows)


def csv_text(source: SeriesSource, wanted: Wanted, found: Found, unit: str, factor: float) -> str:
    """Comments with everything one must know, then a row a date and columns for each line."""
    labels = {point["id"]: point for point in wanted.points}
    out = io.StringIO()

    def note(key: str, value: Any) -> None:
        out.write(f"# {key}: {' '.join(str(value).splitlines())}\n")

    note("made by", f"insar_widgets {__version__}, TimeSeriesInspector")
    note("source", source.where)
    note(
        "quantity",
        f"{source.quantity} in {unit}" + (", positive towards the satellite" if source.units == "m" else ""),
    )
    place = wanted.reference_point or source.reference_point
    if place:
        radius = float(place.get("radius") or 0)
        note("reference point", f"lon {place['lon']:.6f}, lat {place['lat']:.6f}, radius {radius:g} m")
    note("reference date", wanted.reference_date or source.reference_date or "as in the source")
    if wanted.minus:
        note(
            "minus", f"series of {labels[wanted.minus]['label']}" if wanted.minus in labels else wanted.minus
        )
    note("model", model_words(wanted.model))
    note("excluded from the fit", ", ".join(wanted.exclude) or "none")
    for remark in (*source.notes, found.fit_problem):
        if remark:
            note("note", remark)
    fitted = {id(line): i for i, line in enumerate(found.whole)}
    columns: list[tuple[str, Any]] = []
    for line in found.lines:
        name = f"{labels[line.point]['label']} | {source.labels.get(line.series, line.series)}"
        name = " ".join(name.split())
        point = labels[line.point]
        note(name, f"lon {point['lon']:.6f}, lat {point['lat']:.6f}. {line.problem or line.sampling}")
        if line.problem:
            continue
        if found.fit is not None:
            for key, _, units in columns_of(found.fit):
                scale = 1.0 if units.startswith("rad") else factor
                shown = units.replace("m", unit, 1) if units.startswith("m") else units
                value, std = (
                    float(found.fit[k].values[fitted[id(line)]]) * scale for k in (key, f"{key}Std")
                )
                note(f"{name} {key}", f"{value:.8g} +- {std:.3g} {shown}")
        columns.append((f"{name} ({unit})", line.values * factor))
        if wanted.radius:
            columns += [
                (f"{name} p16 ({unit})", line.low * factor),
                (f"{name} p84 ({unit})", line.high * factor),
            ]
        residual = residual_of(found, line)
        if residual is not None:
            columns.append((f"{name} residual ({unit})", residual * factor))
    if source.rms is not None:
        rms = source.rms.reindex(date=found.dates).values
        columns.append((f"residual RMS of the date ({unit})", rms * factor))
    used = found.fit["used"].values if found.fit is not None else np.zeros(found.dates.size, bool)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["date", *(name for name, _ in columns), "in fit"])
    for i, date in enumerate(found.dates.astype("datetime64[D]")):
        values = ["" if np.isnan(v[i]) else f"{v[i]:.6g}" for _, v in columns]
        writer.writerow([str(date), *values, int(used[i])])
    return out.getvalue()


def code_for(source: SeriesSource, wanted: Wanted, dates: list[str]) -> str:
    """Plain Python that makes `displacement` and `fits`, the numbers of the widget in metres."""
    names = [name for name in wanted.series if name in source.arrays] or [source.first]
    imports = ["import numpy as np", "import rioxarray", "import xarray as xr", ""]
    needed = "open_results" if source.code.startswith("results") else ""
    if needed:
        imports.append("from insar_widgets import open_results")
    imports.append("from insar_widgets.results import fit_time_function, sample_point")
    points = {p["id"]: (p["label"], p["lon"], p["lat"]) for p in wanted.points}
    lines = [*imports, ""]
    if not needed:
        lines.append("# data: the array or dataset that the widget was given")
    lines += [source.code, f"points = {points!r}  # id: label, lon, lat", f"names = {names!r}", ""]
    lines += [
        "def series(name, lon, lat, radius):",
        '    """Displacement over time (m), median of the pixels within the radius (m)."""',
        "    sample = sample_point(cube(name), lon, lat, radius)",
        '    return sample["displacement"], sample.attrs.get("center_line_utc", 0.0)',
        "",
        "displacement, fits = {}, {}",
        "for name in names:",
        "    for key, (label, lon, lat) in points.items():",
        f"        values, seconds = series(name, lon, lat, {wanted.radius!r})",
    ]
    if wanted.reference_point:
        place = wanted.reference_point
        at = f"{place['lon']!r}, {place['lat']!r}, {float(place.get('radius') or 0)!r}"
        lines.append(f"        values = values - series(name, {at})[0]  # reference point")
    if wanted.reference_date:
        day = wanted.reference_date
        iso = f"{day[:4]}-{day[4:6]}-{day[6:8]}"
        lines.append(f'        values = values - values.sel(date="{iso}").squeeze()  # reference date')
    lines.append('        displacement[key, name] = values.assign_attrs(center_line_utc=seconds, units="m")')
    if wanted.minus:
        lines += [
            "",
            f"other = {{name: displacement[{wanted.minus!r}, name] for name in names}}",
            "for key, name in displacement:",
            "    attrs = displacement[key, name].attrs",
            "    displacement[key, name] = (displacement[key, name] - other[name]).assign_attrs(attrs)",
        ]
    model = ", ".join(f"{key}={value!r}" for key, value in wanted.model.items())
    exclude = [day for day in wanted.exclude if day in dates]
    lines += [
        "",
        f"# {model_words(wanted.model)}",
        "for place, values in displacement.items():",
        "    if values.notnull().any():",
        f"        fits[place] = fit_time_function(values, {model}, exclude={exclude!r})",
    ]
    if wanted.model.get("poly", 1) >= 1:
        lines += [
            "        velocity, deviation = (float(fits[place][n]) for n in ('velocity', 'velocityStd'))",
            '        print(place, velocity, "+-", deviation, "m/year")',
        ]
    return "\n".join(lines) + "\n"
