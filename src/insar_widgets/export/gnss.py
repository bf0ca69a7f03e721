"""Stations in the colours of the InSAR velocity under them, and one velocity against the other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from insar_widgets.errors import ExportError, GnssError
from insar_widgets.export._fig_base import (
    ACCENT,
    FAINT,
    INK,
    caption,
    caption_lines,
    new_figure,
    provenance,
    reduced,
    tidy,
)
from insar_widgets.export._fig_map import _HALO, _aspect, _degree_axes, _xy, colour_bar, draw_values
from insar_widgets.export._job import whole_file
from insar_widgets.export._look import look_of
from insar_widgets.export._values import Masked
from insar_widgets.gnss import Comparison
from insar_widgets.results import Grid, Results

__all__ = ["export_gnss_figure"]

_MM = 1000.0
_FORMATS = (".png", ".pdf", ".svg")


def export_gnss_figure(
    results: Results,
    comparison: Comparison,
    out: str | Path,
    *,
    vmax: float | None = None,
    mask: str | None = "maskTempCoh",
    width: float = 180.0,
    dpi: int = 200,
) -> Path:
    """Draw the InSAR velocity with the stations in the same colours, and InSAR against GNSS velocity beside it.

    Parameters
    ----------
    results, comparison
        What was compared, and the comparison.
    out
        File to write; its ending (.png, .pdf, .svg) is the format.
    vmax
        Velocity of the last colour, m/yr, the first one being its negative; as on the map if not given.
    mask
        Layer of the reliable pixels; None, or one that is not there, shows all.
    width
        Of the page, millimetres.
    dpi
        Dots per inch.

    Returns
    -------
    Path
        The file. InSAR is shown relative to the same reference as the stations; reference, frames and sign are
        written below the picture.

    Raises
    ------
    GnssError
        No station was compared, or the reference has no InSAR velocity.
    ExportError
        The format is not possible or the file cannot be written.
    ResultsError
        The results have no velocity.
    """
    target = Path(out)
    if target.suffix.lower() not in _FORMATS:
        raise ExportError(f"{target.name} has to end in {', '.join(_FORMATS)}.")
    table = comparison.table
    if table.empty:
        raise GnssError("No station was compared, so there is nothing to draw.")
    layer = results["velocity"]
    masked = Masked(results, mask) if mask is not None and mask in results.layers else None
    grid = Grid.from_array(layer)
    values, _ = reduced(layer, masked)
    values = values - _reference_value(layer, grid, comparison)
    look = look_of(results, layer).in_units("mm")
    if vmax is not None:
        look = replace(look, low=-abs(vmax), high=abs(vmax))
    parts = provenance(results, layer, masked).split(" · ")
    if comparison.reference:  # which is not where MintPy's velocity is zero
        parts = [part for part in parts if not part.startswith("zero at")]
    told = " ".join([_words(results, comparison), " · ".join(parts)])
    lines = len(caption_lines(told, width))
    left, between, right, top, bottom = 13.0, 36.0, 4.0, 8.0, 12.0 + 2.5 * lines
    scatter = width * 0.3
    across = width - left - between - scatter - right
    tall = min(across * _aspect(grid), 200.0)
    across = tall / _aspect(grid)
    total = max(tall, scatter) + top + bottom
    figure = new_figure(width, total)
    axes = figure.add_axes((left / width, bottom / total, across / width, tall / total))
    draw_values(axes, results, grid, values, look)
    _stations(axes, comparison, grid, look)
    _degree_axes(axes, grid)
    axes.set_title("LOS velocity: InSAR, and GNSS (triangles)", fontsize=9, loc="left", color=INK, pad=5)
    bar = figure.add_axes(((left + across + 3) / width, bottom / total, 3 / width, tall / total))
    colour_bar(figure, bar, look)
    place = (width - right - scatter) / width, bottom / total, scatter / width, scatter / total
    _scatter(figure.add_axes(place), comparison)
    caption(figure, told)
    with whole_file(target) as temporary:
        figure.savefig(temporary, format=target.suffix[1:].lower(), dpi=dpi)
    return target


def _reference_value(layer: Any, grid: Grid, comparison: Comparison) -> float:
    """InSAR velocity at the reference station; 0 where both are relative to the InSAR reference point."""
    if not comparison.reference:
        return 0.0
    place: Any = comparison.table.loc[comparison.reference]
    row, column = grid.pixel(float(place["lon"]), float(place["lat"]))
    value = float(layer[row, column])
    if not np.isfinite(value):
        raise GnssError(f"The pixel of the reference station {comparison.reference} has no InSAR velocity.")
    return value


def _words(results: Results, comparison: Comparison) -> str:
    table = comparison.table
    frames = ", ".join(sorted(set(table["frame"].astype(str))))
    relative = f"station {comparison.reference}" if comparison.reference else "the InSAR reference point"
    own = "" if comparison.reference else " (GNSS: in its own frame)"
    return (
        f"Line of sight, positive towards the satellite, relative to {relative}{own}. "
        f"GNSS: {frames}, {len(table)} stations; Blewitt, Hammond and Kreemer (2018)."
    )


def _stations(axes: Axes, comparison: Comparison, grid: Grid, look: Any) -> None:
    table = comparison.table
    x, y = _xy(grid, table["lon"].to_numpy(float), table["lat"].to_numpy(float))
    colours = look.rgba(table["gnss_velocity"].to_numpy(float)) / 255.0
    axes.scatter(x, y, marker="^", s=110, color="white", linewidths=0, zorder=4)
    axes.scatter(x, y, c=colours, marker="^", s=52, edgecolors="black", linewidths=0.9, zorder=5)
    for name, a, b in zip(table.index, x, y, strict=True):
        mark = " (ref.)" if name == comparison.reference else ""
        axes.annotate(
            f"{name}{mark}",
            (a, b),
            (5, 3),
            textcoords="offset points",
            fontsize=6.5,
            path_effects=_HALO,
            zorder=6,
        )


def _scatter(axes: Axes, comparison: Comparison) -> None:
    table = comparison.table
    used = table.loc[~table["is_reference"].astype(bool)]
    gnss, insar = (_MM * used[f"{kind}_velocity"].to_numpy(float) for kind in ("gnss", "insar"))
    errors = [1.96 * _MM * used[f"{kind}_velocity_std"].to_numpy(float) for kind in ("gnss", "insar")]
    tidy(axes, grid=True)
    if len(used):
        both = np.concatenate([gnss, insar])
        low, high = float(both.min()), float(both.max())
        pad = 0.08 * (high - low) + 1.0
        ends = np.array([low - pad, high + pad])
        axes.plot(ends, ends, color=FAINT, lw=0.8, ls=(0, (4, 3)), label="1 : 1")
        if comparison.regression is not None:
            line = comparison.regression
            axes.plot(ends, line.slope * ends + _MM * line.intercept, color=ACCENT, lw=1.1,
                      label=f"y = {line.slope:.2f} x {_MM * line.intercept:+.1f}\nr = {line.correlation:.2f}, "
                      f"RMSE {_MM * line.rmse:.1f} mm/yr")  # fmt: skip
        axes.errorbar(
            gnss,
            insar,
            yerr=errors[1],
            xerr=errors[0],
            fmt="^",
            ms=4.5,
            color=INK,
            ecolor=FAINT,
            elinewidth=0.7,
        )
        axes.set(xlim=ends, ylim=ends)
        axes.legend(fontsize=6, frameon=False, loc="upper left")
    axes.set_xlabel("GNSS, LOS (mm/year)", fontsize=7.5)
    axes.set_ylabel("InSAR, LOS (mm/year)", fontsize=7.5)
