"""Series at points and profiles along a line."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.ndimage import uniform_filter

from insar_widgets.errors import ResultsError
from insar_widgets.export._fig_base import (
    FAINT,
    INK,
    MARKERS,
    SERIES,
    Picture,
    Wish,
    caption,
    date_axis,
    date_number,
    new_figure,
    provenance,
    reduced,
    tidy,
)
from insar_widgets.export._values import SIGN, Masked, factor
from insar_widgets.results import Grid, Results, fit_time_function, sample_point, sample_transect

_MINUS = str.maketrans("-", "−")


def draw_series(results: Results, array: xr.DataArray, wish: Wish) -> list[Picture]:
    """Displacement over time at the points, each with a straight line and its velocity."""
    scale = factor(wish.units)
    figure = new_figure(wish.width, max(72.0, wish.width * 0.5), layout="constrained")
    axes = figure.subplots()
    for i, place in enumerate(wish.points):
        colour = str(place.get("color") or SERIES[i % len(SERIES)])
        label = str(place.get("label") or f"point {i + 1}")
        try:
            sample = sample_point(
                array, float(place["lon"]), float(place["lat"]), float(place.get("radius") or 0)
            )
            fit = fit_time_function(sample)
            velocity, spread = (float(fit[n]) * scale for n in ("velocity", "velocityStd"))
        except ResultsError as error:
            wish.notes.append(f"{label} is not on the chart: {error}")
            continue
        days = date_number(sample["date"].values)
        values = sample["displacement"].values * scale
        if not np.isfinite(values).any():
            wish.notes.append(f"{label} has no value at any date.")
            continue
        if int(sample.attrs["pixels"]) > 1:
            low, high = (sample[name].values * scale for name in ("p16", "p84"))
            axes.fill_between(days, low, high, color=colour, alpha=0.15, lw=0)
        rate = f"{velocity:+.1f} ± {spread:.1f} {wish.units}/yr".translate(_MINUS)
        axes.plot(days, values, MARKERS[i % len(MARKERS)], ms=4, color=colour, mec="white", mew=0.4,
                  label=f"{label}: {rate}")  # fmt: skip
        axes.plot(days, fit["fitted"].values * scale, "-", color=colour, lw=1.1)
    axes.axhline(0, color=FAINT, lw=0.6)
    date_axis(axes)
    axes.set_ylabel(f"LOS displacement ({wish.units})", fontsize=8)
    axes.set_title("Displacement over time", fontsize=9, loc="left", color=INK)
    tidy(axes, grid=True)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=7, frameon=False, loc="best")
    caption(
        figure, f"{SIGN}; ± is one standard deviation of a straight line · {provenance(results, array, None)}"
    )
    return [Picture("series", "Displacement over time", figure)]


def draw_transect(results: Results, array: xr.DataArray, wish: Wish) -> list[Picture]:
    """Profile of a layer along the line with its swath, over the heights."""
    scale = factor(wish.units)
    heights = results["height"] if "height" in results.layers else None
    profile = sample_transect(array, [list(v) for v in wish.transect], width=wish.swath, elevation=heights)
    distance = profile["distance"].values / 1000
    has_heights = bool(np.isfinite(profile["elevation"]).any())
    figure = new_figure(
        wish.width, max(80.0, wish.width * (0.5 if has_heights else 0.4)), layout="constrained"
    )
    parts = figure.subplots(2 if has_heights else 1, sharex=True, height_ratios=[3, 1] if has_heights else [1],
                            squeeze=False)[:, 0]  # fmt: skip
    axes = parts[0]
    if wish.swath > 0:
        axes.fill_between(distance, profile["p16"] * scale, profile["p84"] * scale, color=SERIES[0], alpha=0.2, lw=0,
                          label=f"16th to 84th percentile across {wish.swath:g} m")  # fmt: skip
        axes.plot(distance, profile["median"] * scale, color=SERIES[0], lw=1.2, label="median of the swath")
        axes.legend(fontsize=7, frameon=False)
    else:
        axes.plot(distance, profile["value"] * scale, ".-", ms=2.5, color=SERIES[0], lw=0.9)
    axes.axhline(0, color=FAINT, lw=0.6)
    rate = "/year" if array.attrs.get("units") == "m/year" else ""
    axes.set_ylabel(f"LOS {'velocity' if rate else 'displacement'} ({wish.units}{rate})", fontsize=8)
    axes.set_title("Transect from A to B", fontsize=9, loc="left", color=INK)
    tidy(axes, grid=True)
    if has_heights:
        parts[1].fill_between(distance, profile["elevation"], float(np.nanmin(profile["elevation"])), color="#cfc8bd",
                              lw=0)  # fmt: skip
        parts[1].set_ylabel("height (m)", fontsize=8)
        tidy(parts[1])
    parts[-1].set_xlabel("distance (km)", fontsize=8)
    parts[-1].set_xlim(0, distance[-1])
    ends = " to ".join(f"{lat:.4f}, {lon:.4f}" for lon, lat in (wish.transect[0], wish.transect[-1]))
    caption(figure, f"{ends} (latitude, longitude) · {provenance(results, array, None)}")
    return [Picture("transect", "Transect from A to B", figure)]


def strongest(results: Results, array: xr.DataArray) -> tuple[float, float]:
    """Longitude and latitude of the reliable pixel that moves most, the mean of its neighbours counting."""
    mask = "maskTempCoh" if "maskTempCoh" in results.layers else None
    values, k = reduced(array, Masked(results, mask), 200)
    valid = np.isfinite(values)
    total = uniform_filter(np.where(valid, values, 0.0), 3, mode="constant")
    share = uniform_filter(valid.astype(float), 3, mode="constant")
    smooth = np.where(valid, np.abs(total) / np.maximum(share, 1e-6), -1.0)
    row, column = np.unravel_index(int(np.argmax(smooth)), smooth.shape)
    grid = Grid.from_array(array)
    part = np.abs(array.isel(y=slice(row * k, row * k + k), x=slice(column * k, column * k + k)).values)
    inner = np.unravel_index(int(np.argmax(np.nan_to_num(part, nan=-1.0))), part.shape)
    lon, lat = grid.lonlat(row * k + inner[0] + 0.5, column * k + inner[1] + 0.5)
    return float(lon), float(lat)
