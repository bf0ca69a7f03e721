"""The figure "velocity with GNSS": stations in the colours of the InSAR velocity under them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from pyproj import Transformer

from insar_widgets.errors import GnssError
from insar_widgets.gnss.compare import Comparison
from insar_widgets.results import Results

__all__ = ["export_gnss_figure"]

_MM = 1000.0


def export_gnss_figure(
    results: Results, comparison: Comparison, out: str | Path, *, vmax: float | None = None, dpi: int = 200
) -> Path:
    """Write a picture of the InSAR velocity with the GNSS velocities in line of sight on the same colour scale.

    Parameters
    ----------
    results, comparison
        What was compared, and the comparison.
    out
        File to write; its ending (.png, .svg, .pdf) is the format.
    vmax
        Velocity of the last colour, m/yr, the first one being its negative; 98 % of the values lie within if not given.
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
    ResultsError
        The results have no velocity.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import

    table = comparison.table
    if table.empty:
        raise GnssError("No station was compared, so there is nothing to draw.")
    layer = results["velocity"]
    values = layer.values.astype(float)
    if comparison.reference:
        place: Any = table.loc[comparison.reference]
        row, column = results._scan.grid.pixel(float(place["lon"]), float(place["lat"]))
        if not np.isfinite(values[row, column]):
            raise GnssError(
                f"The pixel of the reference station {comparison.reference} has no InSAR velocity."
            )
        values = values - values[row, column]
    known = np.abs(values[np.isfinite(values)])
    limit = _MM * (vmax or (float(np.percentile(known, 98)) if known.size else 0.0) or 0.01)
    x, y = layer["x"].values, layer["y"].values
    half_x, half_y = (x[1] - x[0]) / 2, (y[1] - y[0]) / 2  # coordinates are those of pixel centres
    across, down = Transformer.from_crs(4326, results.crs, always_xy=True).transform(
        table["lon"].to_numpy(float), table["lat"].to_numpy(float)
    )
    figure = Figure(figsize=(7.5, 6.5), layout="constrained")
    axes = figure.subplots()
    look: dict[str, Any] = {"cmap": "RdBu", "vmin": -limit, "vmax": limit}
    extent = (x[0] - half_x, x[-1] + half_x, y[-1] + half_y, y[0] - half_y)
    image = axes.imshow(_MM * values, extent=extent, interpolation="nearest", aspect="equal", **look)
    axes.scatter(
        across, down, c=_MM * table["gnss_velocity"], marker="^", s=90, edgecolors="black", zorder=3, **look
    )
    for name, a, b in zip(table.index, across, down, strict=True):
        mark = " (reference)" if name == comparison.reference else ""
        axes.annotate(f"{name}{mark}", (a, b), xytext=(6, 4), textcoords="offset points", fontsize=8)
    figure.colorbar(image, ax=axes, label="LOS velocity (mm/yr), positive towards the satellite", shrink=0.8)
    relative = f"station {comparison.reference}" if comparison.reference else "the InSAR reference point"
    frames = ", ".join(sorted(set(table["frame"].astype(str))))
    axes.set_title("LOS velocity, InSAR (ground) and GNSS (triangles)", fontsize=11)
    axes.set_xlabel(f"Relative to {relative}; GNSS in {frames}. Coordinates: {results.crs.name}", fontsize=8)
    target = Path(out)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=target.suffix or ".png")
    os.close(handle)
    try:
        figure.savefig(temporary, dpi=dpi)
        os.replace(temporary, target)  # noqa: PTH105
    finally:
        Path(temporary).unlink(missing_ok=True)
    return target
